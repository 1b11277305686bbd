"""What moving between clusters needs: each cluster by its context of the kubeconfig, and folders."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.moving.export import Export
from greenroom.domain.moving.taking import Choice
from greenroom.domain.objects import Id
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.export_folder import ExportFolder
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.names import PROJECT, Names
from greenroom.drivers.kubernetes.objects import ClusterObjects
from greenroom.services.moving.comparing import Side
from greenroom.services.moving.exporting import Wanted, export
from greenroom.wiring.project import Wiring


def cluster(wiring: Wiring, context: str | None) -> ClusterObjects:
    """The cluster of a context; None: the project's own."""

    def named() -> str | None:
        return context or wiring.project.cluster.context

    return ClusterObjects(Api(lambda: cluster_of(os.environ, named()), wiring.clock, wiring.say))


def wanted(wiring: Wiring, there: ClusterObjects, named: tuple[str, ...], everything: bool) -> Wanted:
    """Which namespaces are meant. The project is only looked at where none is named."""
    if named:
        return Wanted(named, all=everything)
    names = Names(wiring.project.name)
    fixed = {names.control, *(names.namespace(r.name) for r in wiring.project.rules if not r.per_branch)}
    mine = {
        n["metadata"]["name"]
        for n in there.namespaces()
        if n["metadata"]["name"] in fixed or (n["metadata"].get("labels") or {}).get(PROJECT) == names.project
    }
    return Wanted((), mine, everything)


def take(wiring: Wiring, there: ClusterObjects, which: Wanted, choice: Choice) -> Export:
    """An export of a cluster, in memory."""
    return export(there, wiring.clock, which, choice)


def files(folder: Path) -> ExportFolder:
    """An export on disk."""
    return ExportFolder(folder)


def sides(
    wiring: Wiring,
    folders: Sequence[Path],
    contexts: Sequence[str],
    named: tuple[str, ...],
    everything: bool,
    into: dict[str, str],
) -> tuple[Side, Side]:
    """The two to compare: folders, then contexts; the project's own cluster where only one is named. Of a cluster that stands against
    a folder, the namespaces of the folder, as they are called there. Raises (exit 2) when not one or two are named."""
    if not 1 <= len(folders) + len(contexts) <= 2:
        hint = "greenroom cluster compare FOLDER --context NAME"
        raise GreenroomError("usage", "name one or two to compare", hint, Exit.USAGE)
    kept = [ExportFolder(folder).read() for folder in folders]
    found: list[Side] = [partial(_kept, only(export, named)) for export in kept]
    if kept and not named and not everything:
        named = kept[0].index.namespaces
    for context in [*contexts, None][: 2 - len(found)]:
        there = cluster(wiring, context)
        called = tuple(into.get(n, n) for n in named) if found else named
        which = replace(wanted(wiring, there, called, everything), lenient=True)
        found.append(partial(take, wiring, there, which))
    return found[0], found[1]


def only(kept: Export, named: Collection[str]) -> Export:
    """What an export holds of these namespaces; of all, where none is named."""
    mine = [o for o in kept.objects if not named or (Id.of(o).namespace or Id.of(o).name) in named]
    secrets = [s for s in kept.index.secrets if not named or s.what.partition("/")[0] in named]
    return Export(mine, replace(kept.index, secrets=secrets))


def _kept(export: Export, _choice: Choice) -> Export:
    return export
