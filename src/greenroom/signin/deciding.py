"""May this request pass? By address, by a machine's token, by the cookie of somebody who signed in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from greenroom.domain.access import AccessPolicy, Person, address_allowed, may_enter
from greenroom.signin.asked import Asked
from greenroom.signin.cookies import PASS, Signer, cookie
from greenroom.signin.memory import digest
from greenroom.signin.settings import OWN_TOKEN, Known

TOKEN_PREFIX = "grt_"  # noqa: S105 - how a token begins


def policy_of(known: Known, asked: Asked) -> AccessPolicy | None:
    """The policy of the environment asked for; None when the edge and the configuration do not agree on it."""
    if known.door.environment(asked.host) != asked.environment:
        return None
    return known.door.policies.get(asked.environment)


def who(known: Known, policy: AccessPolicy, asked: Asked, now: float) -> str | None:
    """Who asks, in one word for the app; empty where anybody may, None when nobody may pass so."""
    if not policy.private:
        return ""
    if asked.token:
        machine = _machine(known, asked, now)
        if machine is not None:
            return machine
    if address_allowed(policy, asked.address):
        return f"address:{asked.address}"
    # Environments are one site to a browser: a page of one must not act at another in its visitor's name.
    found = None if asked.foreign else read_pass(known, asked)
    if found is None or not _still_there(known, found) or not may_enter(policy, known.door.sign_in, found):
        return None
    return found.name


def _machine(known: Known, asked: Asked, now: float) -> str | None:
    own = known.secrets.get(OWN_TOKEN, "")
    if own and hmac.compare_digest(asked.token.encode(), own.encode()):
        return "token:_greenroom"
    prefix, _, rest = asked.token.partition("_")
    id, _, _ = rest.partition("_")
    found = known.token(id) if prefix + "_" == TOKEN_PREFIX and id else None
    if found is None or found.get("environment") != asked.environment:
        return None
    same = hmac.compare_digest(digest(asked.token), str(found.get("hash")))
    fresh = not found.get("expires") or float(found["expires"]) > now
    return f"token:{found.get('name')}" if same and fresh else None


def write_pass(known: Known, host: str, environment: str, person: Mapping[str, Any]) -> str:
    """The cookie's value for somebody who may enter the environment at that host."""
    return Signer(known.key, "pass").sign({**person, "host": host, "environment": environment})


def read_pass(known: Known, asked: Asked) -> Person | None:
    """Who the request's cookie names, if it was given for this very host and environment."""
    found = Signer(known.key, "pass").read(cookie(asked.cookies, PASS), known.door.sign_in.session)
    if found is None or found.get("host") != asked.host or found.get("environment") != asked.environment:
        return None
    return person_of(known, found)


def person_of(known: Known, data: Mapping[str, Any]) -> Person | None:
    """The person in a signed object; None when their password was changed since."""
    person = Person(str(data["name"]), str(data["via"]), tuple(data["groups"]), str(data["email"]))
    return person if data.get("mark") == mark(known, person) else None


def person_data(known: Known, person: Person) -> dict[str, Any]:
    """A person as they are signed into cookies: of their groups only those that some policy names."""
    named = set(known.door.sign_in.groups).union(*(p.groups for p in known.door.policies.values()))
    return {
        "name": person.name,
        "via": person.via,
        "groups": sorted(named & set(person.groups)),
        "email": person.email,
        "mark": mark(known, person),
    }


def mark(known: Known, person: Person) -> str:
    """Changes with the password, and so ends what was signed in with the old one; with the issuer, likewise."""
    if person.via == "oidc":
        return digest(known.door.sign_in.issuer)[:12]
    return digest(known.password(person.name) or "")[:12]


def _still_there(known: Known, person: Person) -> bool:
    if person.via == "password":
        return known.password(person.name) is not None
    return bool(known.door.sign_in.issuer)
