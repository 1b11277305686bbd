"""Develop: Flask's debugger and reload, on the database and bucket of the branch's own environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from greenroom.domain.environment import Environment, Strategy, Tier
from greenroom.domain.errors import GreenroomError
from greenroom.domain.events import note
from greenroom.domain.record import State, new_record
from greenroom.domain.rules import Rule
from greenroom.domain.secret import Secret
from greenroom.ports import Values
from greenroom.ports.developing import Workbench
from greenroom.services.environments.estate import Estate
from greenroom.services.performing import timed
from greenroom.services.preparing import ready
from greenroom.services.target import Target

LOCAL = "local"
"""The environment for branches that have none of their own: nobody develops on the data of production."""


def place_of(estate: Estate, branch: str) -> tuple[Rule, Environment]:
    """The environment whose data a branch is developed with."""
    found = estate.resolve(branch)
    rule = found.rule
    if rule is not None and rule.per_branch:
        return rule, rule.environment(found.name)
    place = Environment(LOCAL, Tier.DEVELOPMENT, f"{LOCAL}.localhost", strategy=Strategy.SIMPLE)
    return Rule(place), place


def develop(estate: Estate, bench: Workbench, port: int, argv: Sequence[str], wait: float = 0.0) -> int:
    """Make sure of database and bucket, migrate, serve; returns the server's exit code."""
    branch = bench.branch()
    rule, place = place_of(estate, branch)
    target = estate.target(place)
    estate.emit(note(f"{branch or 'no branch'} is developed with the data of {place.name}"))
    with target.lease.hold("dev", wait):
        if estate.records.get(place.name) is None:
            made = new_record(rule, place.name, branch if rule.per_branch else "", estate.clock.now())
            estate.records.put(replace(made, state=State.READY))
        ready(target)
        timed(target, "python", "make the Python environment", bench.prepare)
        values = _for_development(target, port)
        _migrate(target, bench, values)
    return bench.serve(values, port, argv)


def develop_in_containers(bench: Workbench, values: Values, port: int, argv: Sequence[str]) -> int:
    """The same on a database and an object store that somebody else runs."""
    bench.prepare()
    merged = {**values, **_plain(port)}
    if code := bench.migrate(merged):
        raise _unmigrated(code, "docker compose up -d")
    return bench.serve(merged, port, argv)


def _for_development(target: Target, port: int) -> Values:
    return {**target.values(), **_plain(port)}


def _plain(port: int) -> Mapping[str, Secret]:
    plain = {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BEHIND_PROXY": "",
        "LOG_FORMAT": "",
        "FLASK_DEBUG": "1",
    }
    return {key: Secret(value) for key, value in plain.items()}


def _migrate(target: Target, bench: Workbench, values: Values) -> None:
    def run() -> None:
        if code := bench.migrate(values):
            raise _unmigrated(code, f"greenroom env destroy {target.environment} starts afresh")

    timed(target, "migrate", "bring the schema to this folder's heads", run)


def _unmigrated(code: int, hint: str) -> GreenroomError:
    return GreenroomError("migration-failed", f"the migration failed (exit {code})", hint)
