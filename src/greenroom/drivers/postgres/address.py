"""The address of a server that environments share: as a service file of libpq, and as what an app is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from greenroom.domain.databases import ADMIN_URL
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret

SERVICE = "greenroom"
"""The name in the service file."""

_SCHEME = re.compile(r"postgres(ql)?(\+\w+)?")
_PARAMETER = re.compile(r"[a-z_]+")
_LINE = re.compile(r"[\x00-\x1f\x7f]|^\s|\s$")
"""What a line of a service file cannot hold: libpq cuts blanks at the end, and has no quotes."""

FOR_APPS = (
    "sslmode",
    "sslrootcert",
    "channel_binding",
    "gssencmode",
    "target_session_attrs",
    "connect_timeout",
)
"""Parameters of the administrator's address that an app's has too."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``parameters`` as libpq calls them: host, port, user, password, dbname and whatever else was said."""

    parameters: Mapping[str, str]

    @property
    def where(self) -> str:
        """The server, for people."""
        host, port = self.parameters["host"], self.parameters.get("port", "5432")
        return host if port == "5432" else f"{host}:{port}"

    def service(self) -> str:
        """The service file. It has the password: it is for a private file alone."""
        found = {"connect_timeout": "10", "application_name": "greenroom", **self.parameters}
        return f"[{SERVICE}]\n" + "".join(f"{key}={value}\n" for key, value in found.items())

    def url(self, role: str, password: Secret, database: str) -> Secret:
        """The address of a database on that server, as a role of it."""
        who = f"{quote(role, safe='')}:{quote(password.reveal(), safe='')}"
        asked = {k: v for k, v in self.parameters.items() if k in FOR_APPS}
        host, port = self.parameters["host"], self.parameters.get("port", "")
        if "/" in host or "," in host:
            asked = {"host": host, **({"port": port} if port else {}), **asked}
            host = port = ""
        end = f":{port}" if port else ""
        more = "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items())
        named = f"[{host}]" if ":" in host else host
        return Secret(
            f"postgresql://{who}@{named}{end}/{quote(database, safe='')}{'?' + more if more else ''}"
        )


def server_address(url: Secret) -> ServerAddress:
    """Read the administrator's address. Raises (exit 2), without showing any of it, for what is none."""
    try:
        parts = urlsplit(url.reveal())
    except ValueError:
        raise _no_address("it is not a URL") from None
    if _SCHEME.fullmatch(parts.scheme) is None:
        raise _no_address("it does not begin with postgresql://")
    found = {"dbname": "postgres", **dict(_parameters(parts.netloc, parts.path))}
    found |= dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in ("host", "user"):
        if not found.get(name):
            raise _no_address(f"it names no {name}")
    bad = [k for k, v in found.items() if _PARAMETER.fullmatch(k) is None or _LINE.search(v)]
    if bad or "service" in found:
        raise _no_address("a part of it has a line break, or a blank at its end")
    return ServerAddress(found)


def _parameters(netloc: str, path: str) -> Iterator[tuple[str, str]]:
    """Empty ones are left out."""
    who, _, where = netloc.rpartition("@")
    user, _, password = who.partition(":")
    hosts, ports = zip(*map(_host, where.split(",")), strict=True)
    told = {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(hosts),
        "port": ",".join(ports) if any(ports) else "",
        "dbname": unquote(path.lstrip("/")),
    }
    yield from ((key, value) for key, value in told.items() if value)


def _host(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?", text)
    if found is None:
        raise _no_address("its host is none")
    return unquote(found[1] or found[2] or ""), found[3] or ""


def _no_address(why: str) -> GreenroomError:
    return GreenroomError(
        "no-admin-address",
        f"the secret {ADMIN_URL} is no address of a PostgreSQL server: {why}",
        f"greenroom secrets set --for all {ADMIN_URL}, such as postgresql://admin:...@db.example.org/postgres",
        Exit.USAGE,
    )
