"""Keeping the project's registry: from a project to its repositories, and to everybody who uses what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from greenroom.domain.environment import PRODUCTION, Environment, TargetKind, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.registry.mentions import mentioned, pattern
from greenroom.domain.registry.planning import InUse
from greenroom.drivers.forge import GitForge
from greenroom.drivers.oci.collector import OciCollector
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.holding import ImageHolds
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.remembering import RegistryMemory
from greenroom.drivers.oci.shelf import OciShelf
from greenroom.services.environments.sweeping import PROJECT
from greenroom.services.registry.keeper import Keeper, Source
from greenroom.services.retention import may_run
from greenroom.wiring.images import images_of
from greenroom.wiring.project import Wiring

FILE = "registry.json"
"""Below the state folder."""


COLLECTOR_LOG = "registry-collector.log"


def _shelf(wiring: Wiring, reference: Reference) -> OciShelf:
    return OciShelf(_registry(wiring, reference), reference.path)


def _registry(wiring: Wiring, reference: Reference) -> Registry:
    plain = wiring.project.image.plain_http(reference.registry)
    return Registry(reference, Logins(os.environ), plain)


def _places(wiring: Wiring) -> tuple[Reference, ...]:
    """The project's own repositories. Raises (exit 2) where the project's file names no registry."""
    repository = wiring.project.image.repository
    if repository is None:
        raise GreenroomError(
            "no-repository",
            "the project has no registry",
            'say where images belong, in greenroom.toml: [image] repository = "registry.example.org/company/shop"',
            Exit.USAGE,
        )
    return tuple(Reference.parse(f"{repository}/{name}") for name in wiring.project.registry.repositories)


def deletes(wiring: Wiring) -> bool:
    """Does the project's registry let anybody delete?"""
    return _registry(wiring, _places(wiring)[0]).deletes()


def holds(wiring: Wiring) -> ImageHolds:
    """The tags of environments."""
    return ImageHolds(partial(_shelf, wiring), _places(wiring))


def keeper(wiring: Wiring) -> Keeper:
    """What the use cases about the registry stand on. Raises (exit 2) where the project's file names no registry."""
    places, settings = _places(wiring), wiring.project.registry
    host = places[0].registry
    ledger = wiring.site.ledger
    return Keeper(
        ours=tuple(_shelf(wiring, place) for place in places),
        shelf=lambda name: _shelf(wiring, Reference(host, name)),
        collector=OciCollector(
            _registry(wiring, places[0]), settings.collection, os.environ, wiring.layout.root / COLLECTOR_LOG
        ),
        sources=sources(wiring),
        memory=RegistryMemory(wiring.layout.root / FILE, wiring.say),
        pruning=settings.pruning,
        clock=wiring.clock,
        emit=wiring.emit,
        record=lambda kind, figures: ledger.append(PROJECT, kind, **figures),
    )


def sources(wiring: Wiring) -> tuple[Source, ...]:
    """Everybody who uses images: environments by target, what the open branches name, and what a job by hand may still deploy."""
    kinds = sorted({TargetKind.LOCAL, *(rule.like.target for rule in wiring.project.rules)})
    found = [Source(f"environments ({kind})", partial(_environments, wiring, kind)) for kind in kinds]
    jobs = Source("jobs that wait for a hand", partial(_waiting, wiring, kinds))
    return (*found, Source("open branches", partial(_branches, wiring)), jobs)


def _at(wiring: Wiring, kind: TargetKind) -> Wiring:
    place = Environment(PRODUCTION, Tier.PRODUCTION, "", target=kind)
    return Wiring(wiring.folder, wiring.emit, place.name, place)


def _environments(wiring: Wiring, kind: TargetKind) -> InUse:
    there = _at(wiring, kind)
    releases = may_run(there.target)
    known = _digests(there)
    digests = {digest: why for id, why in releases.items() for digest in known(id)}
    return InUse(digests, releases)


def _digests(there: Wiring) -> Callable[[str], tuple[str, ...]]:
    """What is known of the digests of a release's images."""
    from greenroom.wiring.kubernetes import ClusterSite

    if isinstance(there.site, ClusterSite):
        kept: Mapping[str, tuple[str, ...]] = there.site.images.releases.digests()
        return lambda id: kept.get(id, ())
    builder, releases = images_of(there).imagery.builder, {r.id: r for r in there.builds.releases()}

    def recorded(id: str) -> tuple[str, ...]:
        images = builder.recorded(releases[id]) if id in releases else None
        return tuple(image.digest for image in images.all) if images and images.repository else ()

    return recorded


def _waiting(wiring: Wiring, kinds: Sequence[TargetKind]) -> InUse:
    """What was built from commits that a job by hand may still deploy."""
    commits = wiring.forge.waiting()
    digests: dict[str, str] = {}
    for kind in kinds if commits else ():
        there = _at(wiring, kind)
        known = _digests(there)
        for release in there.target.doors.builder.releases():
            if why := commits.get(release.commit):
                digests |= dict.fromkeys(known(release.id), why)
    return InUse(digests, commits=commits)


def _branches(wiring: Wiring) -> InUse:
    git = GitForge(wiring.folder, os.environ, wiring.target_branches)
    return mentioned(git.mentions(pattern(wiring.project.image.repository or "")))
