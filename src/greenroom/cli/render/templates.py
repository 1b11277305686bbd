"""Templates for people, as text."""

from __future__ import annotations

from greenroom.ports import Template
from greenroom.services.templates import Refreshed


def refreshed(done: Refreshed) -> str:
    """What was made, and how many rows were changed in each table."""
    made = done.template
    rows = [f"  {table:28} {count} row(s) changed" for table, count in sorted(done.changed.items())]
    size = f"{made.bytes / 1e6:.0f} MB"
    return "\n".join([f"template {made.name} of {made.source}: {size}, {done.seconds:.1f} s", *rows])


def listed(found: tuple[Template, ...], now: float) -> str:
    """One line each."""
    if not found:
        return "no template yet: greenroom template refresh NAME"
    return "\n".join(_line(template, now) for template in found)


def _line(template: Template, now: float) -> str:
    if not template.whole:
        return f"{template.name:24}  a refresh was interrupted; the next one cleans up"
    heads = ", ".join(sorted(template.heads)) or "no revision"
    hours = (now - (template.at or now)) / 3600
    age = f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} hours"
    return (
        f"{template.name:24}  of {template.source:16}  {template.bytes / 1e6:8.0f} MB  {age:>10} old  {heads}"
    )
