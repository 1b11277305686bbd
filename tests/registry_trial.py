"""One trial on a real registry: fill, prune (killed, with tags that move meanwhile), collect, push again; what must hold is asserted."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.domain.events import Event
from greenroom.domain.registry.memory import Remembered
from greenroom.domain.registry.planning import Fate, InUse
from greenroom.domain.registry.settings import Pruning
from greenroom.drivers.oci.collector import OciCollector
from greenroom.drivers.oci.remembering import RegistryMemory
from greenroom.drivers.system.clock import SystemClock
from greenroom.drivers.system.spawn import plain_environment
from greenroom.services.registry.collecting import Collected, collect
from greenroom.services.registry.keeper import Keeper, Source
from greenroom.services.registry.pruning import Pruned, prune
from registries import RealRegistry
from registry_world import DAY, NOW, PATHS, World, reachable

PRUNING = Pruning(protect=(r"v\d+(\.\d+)*",), newest=1, min_age=DAY, most=1000)


class StandingClock(SystemClock):
    """The moment in which all of it happens; waits are real ones."""

    def now(self) -> float:
        return NOW


class Killed(BaseException):
    """Stands for a death at that very place: nothing between two requests runs afterwards."""


@dataclass
class Death:
    """Ends a run after so many lines; never with None."""

    after: int | None = None

    def __call__(self, _event: Event) -> None:
        if self.after is not None:
            self.after -= 1
            if self.after < 0:
                raise Killed


def keeper(
    registry: RealRegistry,
    paths: Sequence[str],
    used: Callable[[], InUse],
    emit: Callable[[Event], None],
    pruning: Pruning = PRUNING,
) -> Keeper:
    """As the wiring puts it together."""
    return Keeper(
        tuple(registry.shelf(path) for path in paths),
        registry.shelf,
        OciCollector(
            registry.client(paths[0]),
            registry.collection,
            plain_environment(),
            registry.folder / "collector.log",
        ),
        (Source("tests", used),),
        RegistryMemory(registry.folder / "registry.json", print),
        pruning,
        StandingClock(),
        emit,
        lambda kind, figures: None,
    )


def remember(registry: RealRegistry, worlds: Sequence[World]) -> None:
    """When every tag was first seen, as earlier looks would have written it down."""
    since = {w.path: {f"{t}@{w.tags[t].digest}": at for t, at in w.since.items()} for w in worlds}
    RegistryMemory(registry.folder / "registry.json", print).write(Remembered(since))


def in_use(worlds: Sequence[World]) -> InUse:
    """What the worlds say."""
    return InUse({digest: "a pod runs it" for world in worlds for digest in world.used})


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one trial: tags at the beginning and at the end, bytes that were freed."""

    tags: int
    left: int
    freed: int


def trial(registry: RealRegistry, seed: int, most: int) -> Figures:
    """All of it, in an empty registry. Raises AssertionError with the seed."""
    dice = random.Random(seed)
    worlds = [World(registry, path, dice) for path in PATHS]
    for world in worlds:
        world.fill(most // len(worlds))
        world.damage()
    remember(registry, worlds)
    tags = sum(len(world.tags) for world in worlds)
    done = _pruned(registry, worlds, dice)
    left = {f"{w.path}:{tag}" for w in worlds for tag in w.client.tags()}
    for world in worlds:
        assert not world.missing(), (seed, "after prune", world.missing())
        for tag in world.tags:
            kept = tag.startswith(("keep-", "v1.")) or world.since.get(tag, NOW) > NOW - DAY
            assert not kept or f"{world.path}:{tag}" in left, (seed, tag)
    assert not [i for one in done.plans for i in one.items if i.fate is Fate.LATER]
    collected = _collected(registry, worlds)
    for world in worlds:
        assert not world.missing(), (seed, "after the collection", world.missing())
    _pushed_again(registry, worlds, dice, seed)
    return Figures(tags, len(left), collected.freed or 0)


def _pruned(registry: RealRegistry, worlds: Sequence[World], dice: random.Random) -> Pruned:
    """Killed once or twice in between; while it runs, tags move, once to what was about to go."""
    moved = dice.random() < 0.6
    asked = 0

    def used() -> InUse:
        nonlocal asked, moved
        asked += 1
        if asked % 2 == 0 and moved:
            moved = False
            _move(worlds, dice)
        return in_use(worlds)

    for _ in range(dice.randint(0, 2)):
        try:
            prune(keeper(registry, PATHS, used, Death(dice.randint(0, 25))), apply=True, broken=True)
        except Killed:
            asked = 0
    return prune(keeper(registry, PATHS, used, Death()), apply=True, broken=True)


def _move(worlds: Sequence[World], dice: random.Random) -> None:
    """After the plan is made: a tag gets a new build, another one an old image; from then on both are young."""
    for world in worlds:
        there = [t for t in world.client.tags() if t in world.tags and not t.startswith("sha256-")]
        whole = [t for t in there if not world.tags[t].whole()[0] & world.lost]
        if not whole:
            continue
        tag, other, source = dice.choice(whole), dice.choice(whole), dice.choice(whole)
        world.since.pop(tag, None)
        world.image(tag)
        same = world.tags[source].digest == world.tags[other].digest  # nobody can see that it was set again
        if other != tag and source != tag and not same:
            world.retag(other, world.tags[source])
            world.since.pop(other, None)


def _collected(registry: RealRegistry, worlds: Sequence[World]) -> Collected:
    before = registry.blobs()
    done = collect(keeper(registry, PATHS, lambda: in_use(worlds), Death()), apply=True)
    needed = reachable(registry, PATHS)
    expected = sum(size for digest, size in before.items() if digest not in needed)
    assert done.freed == expected == sum(before.values()) - sum(registry.blobs().values())
    assert set(registry.blobs()) == needed & set(before)
    return done


def _pushed_again(registry: RealRegistry, worlds: Sequence[World], dice: random.Random, seed: int) -> None:
    """The layers of what was collected are in the new image: no memory of them may make a push leave them out."""
    for world in worlds:
        world.known.clear()
        for number in range(3):
            world.image(f"again-{number}")
        assert not world.missing(), (seed, "pushed after the collection", world.missing())


def kill_for_real(registry: RealRegistry, world: World, lines: int) -> int:
    """Prune in a process of its own, killed with -9 after so many lines; its exit code."""
    told: dict[str, object] = {
        "folder": str(registry.folder),
        "program": str(registry.program),
        "host": registry.host,
    }
    told |= {"path": world.path, "used": list(world.used)}
    words = [sys.executable, __file__, json.dumps(told)]
    env = {**plain_environment(), "PYTHONPATH": ":".join(sys.path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        for _ in range(lines):
            if not process.stdout.readline():
                break
        process.send_signal(signal.SIGKILL)
    return process.returncode


def main(told: Mapping[str, Any]) -> None:
    """What :func:`kill_for_real` starts."""
    registry = RealRegistry(Path(told["program"]), Path(told["folder"]), told["host"])
    used = InUse(dict.fromkeys(told["used"], "a pod runs it"))
    prune(keeper(registry, [told["path"]], lambda: used, lambda e: print(e.text)), apply=True, broken=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
