"""Several environments in memory, with one clock, one ledger, one set of builds and one point to be killed at."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from memory_target import POLICY, RELEASES, ROLES, A, B

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.events import Event
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.promotion import Gate
from greenroom.domain.rules import Rule
from greenroom.drivers.memory import (
    MemoryBoard,
    MemoryForge,
    MemoryLease,
    MemoryPlatform,
    World,
    memory_doors,
)
from greenroom.drivers.memory.doors import MemoryClock
from greenroom.drivers.memory.keeping import MemoryLedger, MemoryRecords
from greenroom.ports import Board
from greenroom.services.environments.estate import Estate
from greenroom.services.target import Target

RULES = (
    Rule(Environment("production", Tier.PRODUCTION, "shop.test", gate=Gate(after="staging")), ("master",)),
    Rule(Environment("staging", Tier.STAGING, "{name}.shop.test")),
    Rule(
        Environment("fb-{issue}", Tier.REVIEW, "{name}.shop.test", ttl=86400.0, sleep_after=600.0),
        ("*/AFO-{issue}_*",),
        most=3,
    ),
)
BRANCH = "anna/AFO-1_cart"


class Shared(World):
    """A world among others: the point to be killed at is everybody's."""

    def __init__(self, common: World) -> None:
        super().__init__(
            releases=common.releases,
            records=common.records,
            entries=common.entries,
            altered=common.altered,
            resources=common.resources,
        )
        self.common = common

    def effect(self, name: str) -> None:
        self.common.effect(name)


@dataclass
class House:
    """``one``: the world that holds what is common; ``worlds`` by environment share its dictionaries."""

    one: World = field(default_factory=lambda: World(releases={**RELEASES, BRANCH: A, "master": B}))
    worlds: dict[str, World] = field(default_factory=dict)
    forge: MemoryForge = field(default_factory=MemoryForge)
    platform: MemoryPlatform = field(default_factory=MemoryPlatform)
    events: list[Event] = field(default_factory=list)
    board: Board = field(default_factory=MemoryBoard)

    def world(self, name: str) -> World:
        """That environment's world, made when it is first looked at."""
        if name not in self.worlds:
            self.worlds[name] = Shared(self.one)
        now = max(w.time for w in (self.one, *self.worlds.values()))
        for world in (self.one, *self.worlds.values()):
            world.time = now
        return self.worlds[name]

    def target(self, place: Environment) -> Target:
        world = self.world(place.name)
        return Target(
            environment=place.name,
            doors=memory_doors(world),
            lease=MemoryLease(world),
            platform=self.platform,
            policy=place.policy(POLICY),
            roles=ROLES,
            limits=DatabaseLimits(),
            emit=self.events.append,
            place=place,
            who="anna",
            board=self.board,
            outside=lambda commit: (
                self.forge.is_merged(commit) is False if commit in self.forge.parents else False
            ),
        )

    @property
    def estate(self) -> Estate:
        return Estate(
            rules=RULES,
            records=MemoryRecords(self.one),
            forge=self.forge,
            clock=MemoryClock(self.one),
            ledger=MemoryLedger(self.one),
            emit=self.events.append,
            target=self.target,
            url=lambda place: f"https://{place.host}",
            board=self.board,
        )

    def fixed(self, name: str) -> Target:
        """An environment that the file names."""
        return self.target(next(r for r in RULES if r.name == name).environment(name))

    def copy(self) -> House:
        """All of it once more."""
        return copy.deepcopy(self)
