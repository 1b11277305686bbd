"""Who may see an environment: public to all, or private behind the sign-in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.environment import Access

SESSION_SECONDS = 12 * 3600.0
"""How long a sign-in lasts, unless the project's file says otherwise."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Who may see one environment.

    ``users``: names made by ``greenroom access user add`` (none named: all of them). ``groups`` and ``emails`` are what
    the identity provider says of a person; ``@example.org`` among the emails stands for the whole domain.
    ``allow_ips``: addresses and networks that need no sign-in.
    """

    access: Access = Access.PUBLIC
    users: tuple[str, ...] = ()
    allow_ips: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    @property
    def private(self) -> bool:
        """Is a sign-in needed?"""
        return self.access is not Access.PUBLIC

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AccessPolicy:
        """Read what ``asdict`` wrote. Raises ValueError or TypeError for what is no policy."""
        lists = {name: _texts(data.get(name, ())) for name in ("users", "allow_ips", "groups", "emails")}
        return cls(Access(data["access"]), **lists)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in of a project. ``host`` empty: ``sign-in.`` before production's host.

    ``issuer`` (empty: names and passwords only), ``client_id``: the OpenID Connect provider and what it calls this
    project. ``groups`` and ``emails`` may see every private environment whose own policy names neither.
    ``session`` in seconds. ``ca_file``: certificates to trust at the issuer besides the usual ones.
    """

    host: str = ""
    issuer: str = ""
    client_id: str = ""
    groups: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    session: float = SESSION_SECONDS
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in. ``via`` is ``password`` or ``oidc``; ``email`` only when the provider has verified it."""

    name: str
    via: str
    groups: tuple[str, ...] = ()
    email: str = ""


@dataclass(frozen=True, slots=True)
class Doorkeeping:
    """Everything that the sign-in service must know, as it stands in its file.

    ``hosts``: environment by host name. ``sign_in.host`` is filled in; ``port`` is the edge's. ``s3`` is the object
    store's URL, ``region`` its region, ``buckets`` the bucket of each environment.
    """

    project: str
    port: int
    sign_in: SignIn
    hosts: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, AccessPolicy] = field(default_factory=dict)
    s3: str = ""
    region: str = "us-east-1"
    buckets: Mapping[str, str] = field(default_factory=dict)

    def environment(self, host: str) -> str | None:
        """The environment of a host name."""
        return self.hosts.get(host)

    def url(self, host: str) -> str:
        """The URL of a host, without a slash at its end."""
        return f"https://{host}" if self.port == 443 else f"https://{host}:{self.port}"

    def to_json(self) -> dict[str, Any]:
        """For the file."""
        sign_in = asdict(self.sign_in)
        oidc = {k: sign_in[k] for k in ("issuer", "client_id", "ca_file", "groups", "emails")}
        return {
            "project": self.project,
            "port": self.port,
            "sign_in_host": self.sign_in.host,
            "session": self.sign_in.session,
            "hosts": dict(self.hosts),
            "environments": {name: asdict(policy) for name, policy in self.policies.items()},
            "oidc": oidc if self.sign_in.issuer else None,
            "s3": self.s3,
            "region": self.region,
            "buckets": dict(self.buckets),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Doorkeeping:
        """Read what ``to_json`` wrote. Raises KeyError, ValueError or TypeError for what is no such thing."""
        oidc = data["oidc"] or {}
        sign_in = SignIn(
            host=str(data["sign_in_host"]),
            issuer=str(oidc.get("issuer", "")),
            client_id=str(oidc.get("client_id", "")),
            groups=_texts(oidc.get("groups", ())),
            emails=_texts(oidc.get("emails", ())),
            session=float(data["session"]),
            ca_file=str(oidc.get("ca_file", "")),
        )
        return cls(
            project=str(data["project"]),
            port=int(data["port"]),
            sign_in=sign_in,
            hosts={str(k): str(v) for k, v in data["hosts"].items()},
            policies={str(k): AccessPolicy.from_json(v) for k, v in data["environments"].items()},
            s3=str(data["s3"]),
            region=str(data["region"]),
            buckets={str(k): str(v) for k, v in data["buckets"].items()},
        )


def may_enter(policy: AccessPolicy, sign_in: SignIn, person: Person) -> bool:
    """May this person see the environment?

    A person of the provider needs a group or a verified email that is named: an issuer such as gitlab.com vouches for
    everybody, so no list means nobody.
    """
    if person.via == "password":
        return not policy.users or person.name in policy.users
    own = bool(policy.groups or policy.emails)
    groups = policy.groups if own else sign_in.groups
    emails = policy.emails if own else sign_in.emails
    return bool(set(groups) & set(person.groups)) or _email_named(person.email, emails)


def _email_named(email: str, named: Iterable[str]) -> bool:
    mine = email.lower()
    domain = "@" + mine.rpartition("@")[2]
    return bool(mine) and any(mine == one or domain == one for one in (n.lower() for n in named))


def address_allowed(policy: AccessPolicy, address: str) -> bool:
    """Is the address one that needs no sign-in? What is no address is not."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network(text) for text in policy.allow_ips)


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network (or single address) that the text names. Raises ValueError."""
    return ipaddress.ip_network(text, strict=False)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise TypeError("not a list of texts")
    return tuple(values)
