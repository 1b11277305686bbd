"""Secrets as text: names, sources and versions, never a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greenroom.domain.secrets import Given
from greenroom.services.secrets import Checked


def as_json(found: Sequence[Given]) -> list[dict[str, Any]]:
    """For ``--json``."""
    return [{"name": g.name, "source": g.source, "version": g.version} for g in found]


def as_text(found: Sequence[Given]) -> str:
    """A line each."""
    if not found:
        return "no secret was given: greenroom secrets set NAME"
    width = max(len(g.name) for g in found)
    return "\n".join(f"{g.name:<{width}}  {g.version}  {g.source}" for g in found)


def checked(found: Checked) -> str:
    """What is there, and what is to do."""
    lines = [as_text(found.given)]
    lines += [f"missing: {name}; greenroom secrets set {name}" for name in found.missing]
    lines += [f"in plain sight: {name} stands in greenroom.toml" for name in found.plain]
    if found.running is False:
        lines.append("the live slot runs with an older configuration; greenroom restart")
    return "\n".join(lines)
