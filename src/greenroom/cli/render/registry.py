"""What lies in a registry, as text."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.cli.render.images import megabytes
from greenroom.domain.registry.planning import Fate
from greenroom.domain.registry.reporting import Report, RepositoryReport
from greenroom.services.registry.collecting import Collected
from greenroom.services.registry.pruning import Pruned


def reported(found: Report) -> str:
    """Every repository: who takes how much, each tag with what holds it."""
    total, lines = found.total, []
    for one in found.repositories:
        lines += [*_repository(one), ""]
    growth = ""
    if found.before:
        more = total.size - found.before.size
        hours = (total.at - found.before.at) / 3600
        growth = f", {'+' if more >= 0 else '-'}{megabytes(abs(more))} in {hours:.1f} h"
    lines.append(f"the project's own: {total.tags} tags, {megabytes(total.size)}{growth}")
    lines += [f"in use and not there: {digest} ({why})" for digest, why in found.missing.items()]
    lines += [f"other repositories cannot be listed: {found.unlisted}"] if found.unlisted else []
    return "\n".join(lines)


def _repository(one: RepositoryReport) -> Iterator[str]:
    whose = "" if one.ours else ", not this project's: only reported"
    yield f"{one.name}: {len(one.rows)} tags, {megabytes(one.size)}{whose}"
    for group in one.groups:
        name = f"{group.kind} {group.name}".strip()
        room = f"{megabytes(group.size)}, {megabytes(group.shared)} of it shared with others"
        yield f"  {name}: {group.tags} tags, {room}"
    for row in one.rows:
        sizes = f"{megabytes(row.size):>10} {megabytes(row.unique):>10} alone"
        yield f"  {sizes}  {row.tag}" + (f": {row.fate}, {row.reason}" if row.fate else "")
    for name, why in one.broken.items():
        yield f"  broken: {name}: {why}"
    if one.untagged:
        yield f"  {len(one.untagged)} manifest(s) have no tag of their own and are needed by others"


def pruned(done: Pruned) -> str:
    """Every tag with its fate; what was done."""
    lines = []
    for one in done.plans:
        lines.append(f"{one.repository}:")
        lines += [f"  {item.fate:6} {item.tag}: {item.reason}" for item in one.items]
    late = sum(item.fate is Fate.LATER for one in done.plans for item in one.items)
    if not done.applied:
        due = sum(len(one.going) for one in done.plans)
        return "\n".join([*lines, f"{due} tag(s) would go now, {late} later; nothing was removed"])
    lines += [f"{name} was left: the registry has changed meanwhile" for name in done.skipped]
    told = f"{len(done.removed)} tag(s) removed" + (
        f", {late} are due and go in the next run" if late else ""
    )
    return "\n".join([*lines, f"{told}; bytes are freed by: greenroom registry gc"])


def collected(done: Collected) -> str:
    """What got a tag, and the bytes."""
    if done.by_itself:
        return f"nothing to do: {done.by_itself}"
    lines = [f"{name} {'has a tag now' if done.applied else 'would get a tag'}" for name in done.held]
    if not done.applied:
        there = "" if done.before is None else f"; {megabytes(done.before)} on disk"
        return "\n".join([*lines, f"nothing was collected{there}"])
    if done.freed is None:
        return "\n".join([*lines, "collected; [registry] storage would let it be measured"])
    sizes = f"{megabytes(done.before or 0)} before, {megabytes(done.after or 0)} now"
    return "\n".join([*lines, f"{megabytes(done.freed)} freed: {sizes}; the registry runs again"])
