"""What an export of the chart did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greenroom.domain.charting import Export


def exported_json(done: Export) -> dict[str, Any]:
    """For ``--json``."""
    return {"written": sorted(done.write), "removed": list(done.remove), "overwritten": sorted(done.changed)}


def exported_text(done: Export, folder: Path) -> str:
    """For people: what changed, or that nothing did."""
    lines = [
        f"  {'overwritten' if name in done.changed else 'written'}  {name}" for name in sorted(done.write)
    ]
    lines += [f"  removed  {name}" for name in done.remove]
    if not lines:
        return f"the chart in {folder} is up to date"
    return "\n".join([*lines, f"the chart is in {folder}; next: helm lint {folder}"])
