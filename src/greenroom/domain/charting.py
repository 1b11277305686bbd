"""The chart in a team's repository: what an export writes, and what it must not overwrite."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

Files = Mapping[str, str]
"""Path below the chart's folder, with ``/`` -> text."""


@dataclass(frozen=True, slots=True)
class Export:
    """``write``: new texts; ``remove``: files that the chart no longer has; ``changed``: a diff for each file that
    somebody else has changed, from theirs to the chart's."""

    write: Files = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    changed: Files = field(default_factory=dict)


def digest(text: str) -> str:
    """The sum by which an exported file is known again."""
    return hashlib.sha256(text.encode()).hexdigest()


def compare(chart: Files, there: Files, exported: Mapping[str, str]) -> Export:
    """What an export has to do. ``exported``: path -> digest of what the last export wrote.

    A file is somebody's own when it is neither what the chart says nor what the last export wrote.
    """
    untouched = {name for name, text in there.items() if exported.get(name) == digest(text)}
    differs = [name for name, text in chart.items() if there.get(name) != text]
    return Export(
        write={name: chart[name] for name in differs},
        remove=tuple(sorted(untouched - set(chart))),
        changed={
            name: _diff(name, there[name], chart[name])
            for name in sorted(differs)
            if name in there and name not in untouched
        },
    )


def _diff(name: str, theirs: str, ours: str) -> str:
    lines = difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), f"yours/{name}", f"greenroom/{name}", lineterm=""
    )
    return "\n".join(lines)
