"""Exports, imports and comparisons of clusters, as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from greenroom.domain.moving.comparing import Comparison
from greenroom.domain.moving.export import Index, Told, Volume
from greenroom.services.moving.importing import Imported

LISTED = 12
"""So many of a kind are shown; all of them are in the index, and with --json."""

LONGEST = 60
"""Characters of a value that differs."""


def exported(index: Index, folder: Path) -> str:
    """What was written, and what a person must do."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in index.counts.items())
    lines = [
        f"from Kubernetes {index.version}, {', '.join(index.namespaces)}: {sum(index.counts.values())} objects in {folder}",
        f"  {kinds}",
        *_part("in another version of their API now", index.converted),
        *_part("to know", index.notes),
        *_part("left out", index.left_out),
        *_rows("secrets, to be made by hand", [f"{s.what}: {', '.join(s.keys)}" for s in index.secrets]),
        *_rows("data to copy by hand", [_volume(v) for v in index.volumes]),
        *_rows("needed first", [f"{kind}: {', '.join(names)}" for kind, names in index.needs.items()]),
        *_rows("Pod Security that admits the pods", [f"{n}: {level}" for n, level in index.levels.items()]),
    ]
    return "\n".join(lines)


def imported(made: Imported, dry_run: bool) -> str:
    """What was applied, lacks, was refused."""
    verb = "would be applied" if dry_run else "applied"
    lines = [
        f"{len(made.applied)} object(s) {verb}",
        *_part("missing on the cluster", made.absent),
        *_part("refused", made.refused),
        *_part("to know", made.notes),
    ]
    return "\n".join(lines)


def compared(found: Comparison) -> str:
    """Equal, or what differs."""
    if found.equal:
        return f"{found.same} object(s) are the same on both sides"
    fields = [f"{d.what}: {d.field}: {_short(d.here)} here, {_short(d.there)} there" for d in found.differing]
    lines = [
        f"they differ; {found.same} object(s) are the same",
        *_rows("only here", found.only_here),
        *_rows("only there", found.only_there),
        *_rows("differing", fields),
    ]
    return "\n".join(lines)


def compared_json(found: Comparison) -> dict[str, Any]:
    """For ``--json``."""
    return {"equal": found.equal, **asdict(found)}


def _part(title: str, told: Iterable[Told]) -> list[str]:
    return _rows(title, [f"{t.what}: {t.why}" for t in told])


def _rows(title: str, rows: Iterable[str]) -> list[str]:
    all_rows = list(rows)
    more = [f"  and {len(all_rows) - LISTED} more"] if len(all_rows) > LISTED else []
    return [f"{title}:", *(f"  {row}" for row in all_rows[:LISTED]), *more] if all_rows else []


def _volume(volume: Volume) -> str:
    where = f"{volume.kind or 'not bound'} {volume.node} {volume.path}".strip()
    facts = [volume.size, volume.storage_class or "no class", volume.reclaim or "no volume", where]
    return f"{volume.namespace}/{volume.claim}: {', '.join(facts)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
