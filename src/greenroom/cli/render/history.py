"""The ledger's entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from greenroom.cli.render.answers import when
from greenroom.ports import Entry


def as_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """For ``--json``."""
    return [asdict(e) for e in entries]


def as_text(entries: Sequence[Entry]) -> str:
    """One line an entry: the fields that people ask for first."""
    shown = (
        "release",
        "slot",
        "code",
        "message",
        "summary",
        "requests",
        "lost",
        "reason",
        "argv",
        "what",
        "name",
    )
    lines = []
    for e in entries:
        facts = "  ".join(f"{k}={e.data[k]}" for k in shown if e.data.get(k) is not None)
        lines.append(f"{e.seq:5}  {when(e.at)}  {e.kind:16}  {facts}")
    return "\n".join(lines) or "nothing has happened yet"
