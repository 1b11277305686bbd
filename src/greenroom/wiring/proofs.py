"""What a proof needs: a load on the environment's public address, planted faults, and who kills parts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from greenroom.domain.environment import TargetKind
from greenroom.domain.fault import FAULT_VARIABLE, Fault
from greenroom.domain.stage import release_of
from greenroom.drivers.builds.builds import manifest
from greenroom.drivers.load import EVERY, Clients, Load, Mix
from greenroom.services.proving import Course, Proof, prove
from greenroom.services.target import Target
from greenroom.wiring.project import Wiring

PAGES_ALONE = Clients(get=4, fresh=0, post=0, slow=0, upload=0, static=0)
"""Who asks while the app's work is measured."""
GATE_SECONDS = 5.0
"""How long a slot that is never ready is probed in a proof."""
FAULT_WATCH_SECONDS = 8.0
"""How long a slot that turns bad in a proof is watched; long enough for some pages a second to show it."""


def run(wiring: Wiring, course: Course, max_rate: float | None) -> Proof:
    """The whole proof, on the environment's own target. On a cluster nobody does due work but commands, so that a bad release
    whose command was killed is left for the next one: that phase is left out there."""
    if wiring.place.target is TargetKind.KUBERNETES:
        course = replace(course, skip=course.skip | {"left-alone"})
    plant = partial(planted, wiring)
    calm = Load(wiring.site.address, Mix(wiring.project.prove.pages, clients=PAGES_ALONE), max_rate)
    return prove(wiring.target, plant, load(wiring, max_rate), wiring.site.breaker, course, calm)


def load(wiring: Wiring, max_rate: float | None) -> Load:
    """With the paths that the project's file names, and static files of the release that is live."""
    paths = wiring.project.prove
    mix = Mix(paths.pages, paths.slow, paths.echo, _static_paths(wiring), EVERY, stream_path=paths.stream)
    return Load(wiring.site.address, mix, max_rate)


def _static_paths(wiring: Wiring) -> tuple[str, ...]:
    """Two hashed files of the live release: they must stay reachable whatever is deployed."""
    live = wiring.site.doors.traffic.observe(wiring.environment).live
    if live is None:
        return ()
    names = sorted(manifest(wiring.builds.path(release_of(live))).values())
    return tuple(wiring.project.app.static_url + name for name in names[:2])


def planted(wiring: Wiring, fault: Fault) -> Target:
    """The target with a fault planted into whatever is launched on it: a short gate, a watch of some seconds."""
    other = Wiring(wiring.folder, wiring.emit, wiring.environment, wiring.place)
    gate = {"probe_timeout": GATE_SECONDS} if fault is Fault.UNREADY else {}
    other.override = {**wiring.override, "watch": FAULT_WATCH_SECONDS, **gate}
    target = other.target
    value = {FAULT_VARIABLE: fault.planted(wiring.clock.now())}
    return replace(target, app_values={**target.app_values, **value})
