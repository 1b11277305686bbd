"""Environments as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from greenroom.domain.rules import Resolution
from greenroom.services.environments.listing import Line
from greenroom.services.environments.making import Made
from greenroom.services.environments.removing import Receipt
from greenroom.services.environments.sweeping import Sweep


def resolution(found: Resolution) -> str:
    """Which rule matched, and why the others did not."""
    width = max((len(c.rule) for c in found.considered), default=0)
    lines = [f"{'->' if c.matched else '  '} {c.rule:<{width}}  {c.because}" for c in found.considered]
    if found.rule is None:
        return "\n".join([*lines, f"{found.ref} belongs to no environment"])
    if found.instead_of:
        why = f"belongs to {found.owned_by}" if found.owned_by else "is reserved"
        lines.append(f"{found.instead_of} {why}")
    return "\n".join([*lines, f"{found.ref} belongs to {found.name}"])


def resolution_json(found: Resolution) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "branch": found.ref,
        "environment": found.name or None,
        "rule": found.rule.name if found.rule else None,
        "instead_of": found.instead_of,
        "owned_by": found.owned_by,
        "considered": [
            {"rule": c.rule, "matched": c.matched, "because": c.because} for c in found.considered
        ],
    }


def made(done: Made) -> str:
    """Where it is."""
    verb = "made" if done.new else "brought up to date"
    return f"{done.record.name} was {verb} in {done.seconds:.1f} s: {done.url}"


def made_dotenv(done: Made) -> str:
    """For later jobs of a pipeline, and for the address that GitLab shows."""
    return f"GREENROOM_URL={done.url}\nGREENROOM_ENVIRONMENT={done.record.name}\n"


def listed(lines: Sequence[Line], now: float) -> str:
    """A table, one environment a line."""
    if not lines:
        return "there is no environment yet: greenroom up, or greenroom env create BRANCH"
    rows = [("ENVIRONMENT", "STATE", "BRANCH", "LIVE", "EXPIRES", "URL")]
    rows += [
        (x.record.name, x.state, x.record.owner or "-", x.live or "-", _left(x.expires_at, now), x.url)
        for x in lines
    ]
    return _table(rows)


def shown(line: Line, now: float) -> str:
    """One environment, a fact a line."""
    r = line.record
    facts = [
        ("environment", r.name),
        ("state", line.state + (f"; {waking(line)}" if line.state == "asleep" else "")),
        ("tier", str(r.tier)),
        ("branch", r.owner or "of the project's file"),
        ("url", line.url),
        ("live", line.live or "nothing"),
        ("commit", r.commit or "-"),
        ("created", _moment(r.created_at)),
        ("deployed", _moment(r.deployed_at)),
        ("expires", _left(line.expires_at, now)),
        *((f"set {key}", value) for key, value in sorted(r.env.items())),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in facts)


def waking(line: Line) -> str:
    """What wakes it."""
    by_request = line.woken_by == "request"
    return "the first request wakes it" if by_request else f"greenroom env wake {line.record.name} wakes it"


def receipt(done: Receipt) -> str:
    """What was there and is not any more."""
    rows = [f"  {name:<10} {detail}" for name, detail in done.was.items()]
    freed = f"{done.freed / 1e6:.1f} MB"
    stays = [f"its data stays where it lies: {line}" for line in done.stays]
    return "\n".join(
        [f"{done.environment} is gone, and with it {freed}; there was:", *(rows or ["  nothing"]), *stays]
    )


def swept(done: Sweep) -> str:
    """The plan with a reason for each, and what became of it."""
    lines = [
        _table([("", "ENVIRONMENT", "BRANCH", "WHY"), *_fates(done)]) if done.verdicts else "no environment"
    ]
    lines += [f"without a record: {name}: {what}" for name, what in done.orphans.items()]
    if done.orphans and not done.applied_orphans:
        lines.append("to remove what has no record: greenroom sweep --orphans")
    lines += [f"left by an earlier tool: {x.kind} {x.name}: {x.why}; {x.cure}" for x in done.leftovers]
    if done.unread:
        lines.append(f"nothing goes: {done.unread}")
    lines += [f"not removed: {told}" for told in done.failed]
    if done.receipts:
        lines.append(f"{len(done.receipts)} removed: {', '.join(r.environment for r in done.receipts)}")
    if done.pending:
        first = "this was the first sweep of the project, so " if done.first else ""
        lines.append(f"{first}nothing was removed; to remove: greenroom sweep --apply")
    return "\n".join(lines)


def _fates(done: Sweep) -> Iterable[tuple[str, ...]]:
    return (("go" if v.goes else "keep", v.name, v.owner or "-", v.reason) for v in done.verdicts)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _moment(at: float | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _left(until: float | None, now: float) -> str:
    if until is None:
        return "-"
    hours = (until - now) / 3600
    return "over" if hours <= 0 else f"in {hours / 24:.0f} d" if hours >= 48 else f"in {hours:.1f} h"
