"""Put the chart into a team's repository."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.domain.charting import Export, compare, digest
from greenroom.domain.errors import refused
from greenroom.ports.charting import ChartFolder


def export(chart: Mapping[str, str], folder: ChartFolder, force: bool) -> Export:
    """Write the chart's files; what was written before and left alone is brought up to date.

    Raises (exit 3) with a diff when somebody has changed a file, unless ``force``; then nothing is written.
    """
    todo = compare(chart, folder.files(), folder.exported())
    if todo.changed and not force:
        count = len(todo.changed)
        raise refused(
            "chart-changed",
            f"{count} {'file was' if count == 1 else 'files were'} changed since the chart was exported",
            "keep the change and leave the chart as it is, or overwrite it: --force",
            "\n".join(todo.changed.values()),
        )
    folder.apply(todo.write, todo.remove, {name: digest(text) for name, text in chart.items()})
    return todo
