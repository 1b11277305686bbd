"""Keeping a real registry, of both generations: nothing that is needed is lost, and the bytes of the rest are freed."""

from __future__ import annotations

import random
import signal

import pytest

from greenroom.domain.errors import GreenroomError
from greenroom.domain.registry.names import keep_tag
from greenroom.domain.registry.planning import Fate, InUse
from greenroom.drivers.oci.holding import HeldTags, ImageHolds
from greenroom.drivers.oci.reference import Reference
from greenroom.services.registry.collecting import collect
from greenroom.services.registry.pruning import prune
from greenroom.services.registry.reporting import report
from registries import DAY, GENERATIONS, real_registry
from registry_trial import Death, in_use, keeper, kill_for_real, remember, trial
from registry_world import PATHS, World

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)


def test_nothing_in_use_is_lost_and_every_other_byte_is_freed(generation: str) -> None:
    with real_registry(generation) as registry:
        assert trial(registry, random.Random(f"{DAY}{generation}").getrandbits(32), 24).tags


def test_a_prune_that_was_killed_is_finished_by_the_next(generation: str) -> None:
    with real_registry(generation) as registry:
        world = World(registry, PATHS[0], random.Random(7))
        for number in range(12):
            world.image(f"develop-{number}")
            world.since[f"develop-{number}"] = 0.0
        shared = world.tags["develop-3"]
        world.retag("keep-fb-1-0123456789ab", shared)
        remember(registry, [world])
        assert kill_for_real(registry, world, 5) == -signal.SIGKILL
        done = prune(keeper(registry, [world.path], InUse, Death()), apply=True)
        assert set(world.client.tags()) == {"develop-11", "keep-fb-1-0123456789ab"}
        assert not any(item.fate is not Fate.KEEP for item in done.plans[0].items) or done.removed
        world.tags = {tag: world.tags[tag] for tag in world.client.tags()}
        assert not world.missing()
        again = prune(keeper(registry, [world.path], InUse, Death()), apply=True)
        assert again.removed == ()


def test_nothing_goes_where_nobody_can_say_what_is_in_use_or_the_registry_lets_nobody_delete(
    generation: str,
) -> None:
    def away() -> InUse:
        raise GreenroomError("cluster", "the cluster does not answer", "look at it")

    with real_registry(generation, delete=False) as registry:
        world = World(registry, PATHS[0], random.Random(1))
        for number in range(4):
            world.image(f"develop-{number}")
            world.since[f"develop-{number}"] = 0.0
        remember(registry, [world])
        with pytest.raises(GreenroomError) as unread:
            prune(keeper(registry, [world.path], away, Death()), apply=True)
        assert unread.value.code == "in-use-unread"
        with pytest.raises(GreenroomError) as disabled:
            prune(keeper(registry, [world.path], InUse, Death()), apply=True)
        assert disabled.value.code == "registry-delete-disabled"
        assert not world.missing()
        assert {t for t in world.client.tags() if t.startswith("develop")} == set(world.tags)


def test_the_report_tells_sizes_reasons_damage_and_growth(generation: str) -> None:
    with real_registry(generation) as registry:
        world = World(registry, PATHS[0], random.Random(3))
        first, second = world.image("develop-1"), world.image("develop-2")
        world.image("odd")
        registry.lose(world.tags["odd"].digest)
        theirs = World(registry, "other/thing", random.Random(4))
        theirs.image("one")
        used = InUse({second.digest: "production runs it", "sha256:" + "0" * 64: "staging runs it"})
        found = report(keeper(registry, [world.path], lambda: used, Death()), others=True)
        mine, other = found.repositories
        assert (mine.ours, other.ours, other.name) == (True, False, "other/thing")
        rows = {row.tag: row for row in mine.rows}
        assert rows["develop-2"].reason == "production runs it"
        assert "odd" in mine.broken
        blobs = registry.blobs()
        whole = sum(blobs[d] for d in {first.digest, *first.blobs})
        alone = sum(blobs[d] for d in {first.digest, *first.blobs} - set(second.blobs))
        assert (rows["develop-1"].size, rows["develop-1"].unique) == (whole, alone)
        assert found.missing == {"sha256:" + "0" * 64: "staging runs it"}
        assert found.before is None
        world.image("develop-3")
        more = report(keeper(registry, [world.path], lambda: used, Death()))
        assert more.before == found.total
        assert more.total.size > found.total.size


def test_an_environment_holds_its_releases_and_lets_them_go(generation: str) -> None:
    with real_registry(generation) as registry:
        world = World(registry, PATHS[0], random.Random(5))
        made = world.image("0123456789ab")
        place = Reference(registry.host, world.path)
        holds = ImageHolds(lambda where: registry.shelf(where.path), [place])
        image = f"{registry.host}/{world.path}@{made.digest}"
        for release in ("0123456789ab", "00000000000b"):
            holds.hold("fb-1", release, [image])
        assert world.client.digest_of(keep_tag("fb-1", "0123456789ab")) == made.digest
        holds.hold("fb-1", "0123456789ab", [image])
        tags = HeldTags(holds, print)
        assert tags.found() == {"fb-1": "2 image tag(s)"}
        holds.release("fb-1", {"00000000000b"})
        assert set(world.client.tags()) == {"0123456789ab", keep_tag("fb-1", "00000000000b")}
        tags.remove("fb-1")
        assert not tags.observe("fb-1").there
        assert not world.missing()
        with pytest.raises(GreenroomError) as gone:
            holds.hold("fb-2", "0123456789ab", [image.replace(made.digest, "sha256:" + "1" * 64)])
        assert gone.value.code == "image-gone"


def test_a_tag_that_moves_onto_an_image_that_goes_keeps_it(generation: str) -> None:
    with real_registry(generation) as registry:
        world = World(registry, PATHS[0], random.Random(6))
        for number in range(4):
            world.image(f"develop-{number}")
            world.since[f"develop-{number}"] = 0.0
        remember(registry, [world])
        asked = 0

        def used() -> InUse:
            nonlocal asked
            asked += 1
            if asked == 2:
                world.retag("keep-staging-0123456789ab", world.tags["develop-0"])
                world.retag("develop-1", world.tags["develop-3"])
            return in_use([])

        done = prune(keeper(registry, [world.path], used, Death()), apply=True)
        assert done.skipped == (f"{world.path}:develop-1",)
        assert done.removed == (f"{world.path}:develop-0", f"{world.path}:develop-2")
        collect(keeper(registry, [world.path], InUse, Death()), apply=True)
        world.tags = {tag: world.tags[tag] for tag in world.client.tags()}
        assert sorted(world.tags) == ["develop-1", "develop-3", "keep-staging-0123456789ab"]
        assert not world.missing()
