"""What environments there are, and what has become of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.record import Record, State
from greenroom.domain.refs import slug
from greenroom.services.environments.estate import Estate


@dataclass(frozen=True, slots=True)
class Line:
    """One environment at a glance. Times in seconds since the epoch; ``live`` None: nothing serves now.

    ``woken_by``: what brings it back when it sleeps, a ``request`` or a ``command``.
    """

    record: Record
    state: str
    url: str
    live: str | None
    expires_at: float | None
    woken_by: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        r = self.record
        return {
            "name": r.name,
            "state": self.state,
            "tier": str(r.tier),
            "branch": r.owner or None,
            "rule": r.rule,
            "url": self.url,
            "live": self.live,
            "commit": r.commit,
            "env": r.env,
            "created_at": r.created_at,
            "deployed_at": r.deployed_at,
            "expires_at": self.expires_at,
            "woken_by": self.woken_by,
        }


def line(estate: Estate, record: Record) -> Line:
    """One environment, looked at now."""
    traffic = estate.at(record).doors.traffic
    seen = traffic.observe(record.name)
    there = record.state is State.READY
    state = "asleep" if there and seen.asleep else str(record.state)
    expires = record.expires_at(estate.environment(record).ttl) if record.owner else None
    woken_by = "request" if traffic.woken_by_requests else "command"
    return Line(record, state, estate.url(estate.environment(record)), seen.live, expires, woken_by)


def listing(estate: Estate) -> tuple[Line, ...]:
    """Every environment that has a record: the project's own first, then those of branches."""
    records = sorted(estate.records.all(), key=lambda r: (bool(r.owner), slug(r.name)))
    return tuple(line(estate, record) for record in records)


def extend(estate: Estate, name: str, seconds: float, wait: float = 0.0) -> Line:
    """Let an environment live that much longer, counted from now."""
    with estate.at(estate.known(name)).lease.hold("env extend", wait):
        known = estate.known(name)
        until = max(estate.clock.now() + seconds, known.extended_to or 0.0)
        return line(estate, estate.change(name, extended_to=until))


def settings(estate: Estate, name: str, change: Mapping[str, str | None], wait: float = 0.0) -> Line:
    """Set plain settings of one environment, or with None take them back; slots that are launched from now on get them."""
    with estate.at(estate.known(name)).lease.hold("env set", wait):
        kept = {**estate.known(name).env, **change}
        env = {key: value for key, value in kept.items() if value is not None}
        return line(estate, estate.change(name, env=env))
