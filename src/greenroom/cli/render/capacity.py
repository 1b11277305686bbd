"""What a load needs, as text."""

from __future__ import annotations

from greenroom.domain.capacity import Shape
from greenroom.services.capacity import Capacity


def as_text(found: Capacity) -> str:
    """The question, a table, what is to be expected, what speaks against it, and the lines to change."""
    lines = [_question(found), "", *_table(found), "", *_expected(found), ""]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join([*lines, "", *(found.lines or ["greenroom.toml is enough as it is"])])


def _question(found: Capacity) -> str:
    goal, work = found.goal, found.work
    p99 = "" if goal.p99_ms is None else f", p99 at most {goal.p99_ms:g} ms"
    return (
        f"{goal.rate:g} requests/s and {100 * goal.margin:g} % on top{p99};"
        f" by proof {found.run}, which measured {work.rate:.0f}/s for {work.seconds:.0f} s:"
        f" {work.cpu_ms:.1f} ms of CPU and {work.busy_ms:.1f} ms of a thread a page"
    )


def _table(found: Capacity) -> list[str]:
    def column(shape: Shape, connections: int | None) -> list[str]:
        told = [shape.pods] if found.many_pods else []
        told += [shape.processes, shape.threads]
        return [*map(str, told), "-" if connections is None else str(connections)]

    labels = ["pods"] if found.many_pods else []
    of = " of each" if found.many_pods else ""
    labels += [f"processes{of}", "threads of each process", "connections of each process"]
    before, after = found.connections
    columns = column(found.now, before), column(found.least, None), column(found.to_set, after)
    width = max(map(len, labels))
    rows = zip(labels, *columns, strict=True)
    head = f"{'':{width}}  {'now':>8}  {'needed':>8}  {'to set':>8}"
    return [head, *(f"{label:{width}}  {a:>8}  {b:>8}  {c:>8}" for label, a, b, c in rows)]


def _expected(found: Capacity) -> list[str]:
    at, verdict = found.at_goal, "enough" if found.budget.ok else "NOT ENOUGH"
    busy = f"{at.cpu:.0%} of CPU and {at.threads:.0%} of threads busy"
    p99 = f"p99 at most {at.p99_ms:.0f} ms (measured: {found.work.p99_ms:.0f} ms)"
    return [
        f"at {found.goal.rate:g}/s: {busy}, {p99}",
        f"database, while a release switches: {verdict}; {found.budget.text}",
    ]
