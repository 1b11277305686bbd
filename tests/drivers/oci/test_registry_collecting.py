"""When a real registry may be collected, and what becomes of it: stopped, read only, pushed to, damaged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.events import Event
from greenroom.domain.registry.planning import InUse
from greenroom.domain.registry.settings import Collection
from greenroom.drivers.oci.collector import OciCollector
from greenroom.drivers.system.clock import SystemClock
from greenroom.drivers.system.spawn import plain_environment
from greenroom.services.registry.collecting import collect
from greenroom.services.registry.keeper import Keeper
from registries import TODAYS, RealRegistry, real_registry
from registry_trial import Death, keeper
from registry_world import PATHS, World

pytestmark = pytest.mark.parametrize("generation", TODAYS)

SET = "sed -i 's/readonly: {{enabled: [a-z]*}}/readonly: {{enabled: {value}}}/' {folder}/config.yml\n"


def told(registry: RealRegistry, settings: Collection, emit: Callable[[Event], None]) -> Keeper:
    """A keeper with those commands, and the time as it is."""
    collector = OciCollector(
        registry.client(PATHS[0]), settings, plain_environment(), registry.folder / "collector.log"
    )
    made = keeper(registry, PATHS[:1], InUse, emit)
    return replace(made, collector=collector, clock=SystemClock())


def filled(registry: RealRegistry) -> World:
    """A list with its images, a document, and an image that has lost its tag."""
    world = World(registry, PATHS[0], random.Random(2))
    listed = world.index("v1.0", (world.image(), world.image()))
    world.document(listed)
    world.image("v2.0")
    world.image("v2.0")
    return world


def test_one_that_takes_pushes_is_not_collected_and_one_whose_collector_fails_runs_again(
    generation: str,
) -> None:
    with real_registry(generation) as registry:
        world = filled(registry)
        settings = registry.collection
        for unsaid, code in (
            (replace(settings, stop=()), "registry-runs"),
            (replace(settings, start=()), "no-start"),
            (replace(settings, collect=()), "no-collector"),
        ):
            with pytest.raises(GreenroomError) as refused:
                collect(told(registry, unsaid, Death()), apply=True)
            assert refused.value.code == code
        assert set(world.client.tags()) == set(world.tags)
        with pytest.raises(GreenroomError) as failed:
            collect(told(registry, replace(settings, collect=("false",)), Death()), apply=True)
        assert failed.value.code == "collection"
        assert world.client.takes_uploads()
        assert not world.missing()


def test_one_that_is_stopped_and_whose_files_nobody_named_is_not_collected(generation: str) -> None:
    """What was pushed just before cannot be seen."""
    with real_registry(generation) as registry:
        world = filled(registry)
        before = registry.blobs()
        with pytest.raises(GreenroomError) as refused:
            collect(told(registry, replace(registry.collection, storage=None), Death()), apply=True)
        assert refused.value.code == "pushes-unseen"
        assert registry.blobs() == before
        assert world.client.takes_uploads()
        assert world.client.deletes()
        assert not world.missing()


def test_a_collector_that_outlives_its_command_is_not_run_beside(generation: str) -> None:
    """Behind sudo or a wrapper it is not ended with the command; the registry is not started before it has ended."""
    with real_registry(generation) as registry:
        world = filled(registry)
        left = registry.folder / "left"
        script = f"(while [ ! -e {left} ]; do sleep 0.05; done) & echo begun; exit 1"
        wrapper = replace(registry.collection, collect=("sh", "-c", script))
        with pytest.raises(GreenroomError) as failed:
            collect(told(registry, wrapper, Death()), apply=True)
        assert failed.value.code == "collection"
        registry.stop()
        with pytest.raises(GreenroomError) as refused:
            collect(told(registry, registry.collection, Death()), apply=True)
        assert (refused.value.code, refused.value.exit) == ("collector-runs", Exit.LOCKED)
        left.touch()
        keeper = told(registry, registry.collection, Death())
        until = time.monotonic() + 30
        while keeper.collector.running() and time.monotonic() < until:
            time.sleep(0.05)  # its loop looks as often
        assert collect(keeper, apply=True).applied
        assert not world.missing()


def test_one_that_is_read_only_meanwhile_is_collected_and_started_anew(generation: str) -> None:
    with real_registry(generation) as registry:
        world = filled(registry)
        stop, start = ((registry.folder / name).read_text() for name in ("stop.sh", "start.sh"))
        for name, value in (("readonly.sh", "true"), ("writable.sh", "false")):
            lines = SET.format(value=value, folder=registry.folder) + stop + start
            (registry.folder / name).write_text(lines)
        read_only, writable = (("sh", str(registry.folder / n)) for n in ("readonly.sh", "writable.sh"))
        settings = replace(registry.collection, stop=read_only, start=writable)
        done = collect(told(registry, settings, Death()), apply=True)
        assert done.freed
        assert done.applied
        assert world.client.takes_uploads()
        unseen = replace(settings, storage=None)
        assert collect(told(registry, unseen, Death()), apply=True).applied
        world.known.clear()
        world.image("v3.0")
        assert not world.missing()


def test_a_push_in_the_last_moment_ends_it_before_anything_is_collected(generation: str) -> None:
    with real_registry(generation) as registry:
        world = filled(registry)
        collect(told(registry, registry.collection, Death()), apply=True)
        world.known.clear()
        before = registry.blobs()
        made: list[str] = []

        def push(event: Event) -> None:
            """As soon as the registry has been looked at, somebody pushes a list whose images have no tags."""
            if not made and "manifests" in event.text:
                made.append("v9.0")
                world.index("v9.0", (world.image(), world.image()))

        registry.stop()  # as a run that was killed leaves it
        with pytest.raises(GreenroomError) as pushed:
            collect(told(registry, registry.collection, push), apply=True)
        assert pushed.value.code == "pushed-meanwhile"
        assert set(before) < set(registry.blobs())
        assert world.client.takes_uploads()
        assert not world.missing()


def test_repositories_of_others_are_not_touched_and_their_images_not_lost(generation: str) -> None:
    with real_registry(generation) as registry:
        world = filled(registry)
        theirs = World(registry, "other/thing", random.Random(3))
        theirs.index("one", (theirs.image(), theirs.image()))
        with pytest.raises(GreenroomError) as bare:
            collect(told(registry, registry.collection, Death()), apply=True)
        assert bare.value.code == "bare-manifests"
        assert theirs.client.tags() == ("one",)
        done = collect(told(registry, registry.collection, Death()), apply=True, everybody=True)
        assert sum(name.startswith("other/thing@") for name in done.held) == 2
        for one in (world, theirs):
            assert not one.missing()
