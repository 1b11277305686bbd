"""Rules over several keys, checked on the raw tables so that they are reported together with all other mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from greenroom.config.environments import environments
from greenroom.config.mistakes import Mistake, shown
from greenroom.config.on_cluster import on_cluster
from greenroom.domain.project import DatabaseLimits

Raw = dict[str, Any]


def kind_of(name: str, role: Raw) -> str:
    """The role's kind: what it says, else what its name and keys tell."""
    if isinstance(role.get("kind"), str):
        return str(role["kind"])
    if name == "web":
        return "web"
    return "cron" if "schedule" in role else "worker"


def across(raw: Raw) -> Iterator[Mistake]:
    """All mistakes that take more than one key to see."""
    roles = {name: role for name, role in _table(raw, "roles").items() if isinstance(role, dict)}
    yield from _web(roles)
    for name, role in roles.items():
        for text in _role(kind_of(name, role), role):
            yield Mistake(("roles", name, *text[:1]), text[1])
    yield from _limits(_table(raw, "database"))
    yield from _provider(_table(raw, "signin"))
    yield from environments(raw)
    yield from on_cluster(raw, [n for n, role in roles.items() if kind_of(n, role) != "web"])


def _web(roles: dict[str, Raw]) -> Iterator[Mistake]:
    web = [name for name, role in roles.items() if kind_of(name, role) == "web"]
    for name in web[1:]:
        yield Mistake(
            ("roles", name),
            f"{shown(name)} is a second web role beside {shown(web[0])}; there is exactly one",
        )
    if "web" in roles and kind_of("web", roles["web"]) in ("worker", "cron"):
        yield Mistake(("roles", "web", "kind"), 'the role named "web" must be the web role')


def _role(kind: str, role: Raw) -> Iterator[tuple[str, str]]:
    if kind == "cron" and "schedule" not in role:
        yield "schedule", 'missing key "schedule": a cron role needs one, such as "0 4 * * *"'
    if kind in ("web", "worker") and "schedule" in role:
        yield "schedule", f'"schedule" belongs to cron roles, this one is a {kind} role'
    if kind in ("cron", "worker") and "command" not in role:
        yield "command", f'missing key "command": a {kind} role needs one'
    if kind == "web" and "command" in role:
        yield "command", '"command" belongs to worker and cron roles; Greenroom serves the web role itself'
    if kind in ("cron", "worker") and "threads" in role:
        yield "threads", f'"threads" belongs to the web role, this one is a {kind} role'
    yield from _copies(kind, role)


def _copies(kind: str, role: Raw) -> Iterator[tuple[str, str]]:
    singleton = role.get("singleton") is True
    several = isinstance(role.get("processes"), int) and role["processes"] > 1
    if kind == "web" and singleton:
        yield "singleton", '"singleton" cannot be for the web role: two run during a release'
    if kind == "worker" and singleton and several:
        yield "processes", f'"processes" must be 1 for a singleton, not {shown(role["processes"])}'
    if kind == "cron" and several:
        yield "processes", f'"processes" must be 1 for a cron role, not {shown(role["processes"])}'


def _limits(database: Raw) -> Iterator[Mistake]:
    default = DatabaseLimits()
    most = database.get("max_connections", default.max_connections)
    reserve = database.get("reserve", default.reserve)
    if isinstance(most, int) and isinstance(reserve, int) and reserve >= most:
        key = "reserve" if "reserve" in database else "max_connections"
        yield Mistake(("database", key), '"reserve" must be smaller than "max_connections"')


def _provider(sign_in: Raw) -> Iterator[Mistake]:
    for key, other in (("issuer", "client_id"), ("client_id", "issuer")):
        if key in sign_in and other not in sign_in:
            yield Mistake(("signin", key), f'missing key "{other}": it belongs to "{key}"')


def _table(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}
