"""Slots on this machine: folders, unit files, processes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.policy import Policy
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.domain.roles import Role
from greenroom.domain.stage import Slot, environment_of, number_of
from greenroom.drivers.asking.every_worker import PROBE_HEADER
from greenroom.drivers.asking.probing import ANSWER_SECONDS, SlotProbe
from greenroom.drivers.local.control import Control
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.logs import tail
from greenroom.drivers.local.room import no_room
from greenroom.drivers.local.slot_units import background_units, web
from greenroom.drivers.local.slots import Slots, web_unit
from greenroom.drivers.local.units import PARKED, Units
from greenroom.drivers.system.machine import Disk, Machine
from greenroom.drivers.system.net import Answer
from greenroom.ports import Probed, StageSeen, Values

FAILURE_LINES = 30

_SLOT = r"[0-9a-f]{12}(?:\.[a-z][a-z0-9-]*)?-\d+"
_OF_SLOT = re.compile(rf"(?:web-)?(?P<a>{_SLOT})|.+-(?P<b>{_SLOT})-\d+")
"""A slot's folder and its web server carry its name; the units of other roles end in the number of their copy."""

LOGS_OF_SLOTS = 20
"""So many slots back, retired or not, logs are kept."""


class LocalStage:
    """See :class:`greenroom.ports.Stage`. ``build`` gives the folder of a release."""

    def __init__(
        self,
        layout: Layout,
        control: Control,
        machine: Machine,
        policy: Policy,
        app: App,
        roles: tuple[Role, ...],
        build: Callable[[str], Path],
    ) -> None:
        self._layout = layout
        self._control = control
        self._machine = machine
        self._disk = machine.disk
        self._clock = machine.clock
        self._policy = policy
        self._app = app
        self._web = next(r for r in roles if r.kind == "web")
        self._background = tuple(r for r in roles if r.kind != "web")
        self._build = build
        self._units = Units(layout.units, layout.run, machine)
        self._slots = Slots(layout, self._units, machine)

    def observe(self, environment: str) -> StageSeen:
        return self._slots.observe(environment)

    def in_use(self) -> frozenset[str]:
        return self._slots.releases()

    def stage(self, environment: str, release: Release) -> None:
        """Hard links into the environment's assets: old pages keep their files, whatever is live."""
        assets = self._layout.edge(environment) / "assets"
        static = self._build(release.id) / "static"
        for source in _hashed(static, self._disk):
            link = assets / source.relative_to(static)
            self._disk.make_folder(link.parent)
            self._disk.hard_link(source, link)

    def launch(self, environment: str, release: Release, slot: str, config: str, values: Values) -> Slot:
        self._slots.sweep(environment)
        number = number_of(slot)
        made = Slot(slot, environment, release.id, number, config, self._clock.now())
        build = self._build(release.id)
        self._slots.create(made, build / "static")
        for unit in background_units(self._layout, made, build, self._app, self._background, values):
            self._units.park(unit)
        self._units.put(web(self._layout, made, build, self._app, self._web, values))
        self._control.poke()
        return made

    def probe(self, environment: str, slot: str) -> Probed:
        return self._prober(slot).wait(self._web.processes)

    def healthy(self, environment: str, slot: str) -> bool:
        return self._prober(slot).healthy()

    def amend(self, environment: str, slot: str, **deadlines: float | str | None) -> None:
        self._slots.amend(slot, **deadlines)

    def workers(self, environment: str, slot: str | None) -> None:
        others = {s.id for s in self._slots.observe(environment).slots} - {slot}
        # The mark goes first and comes last: it must never say that workers run which nobody wants to.
        self._slots.set_working(environment, None)
        self._drop_and_wait(self._units.of_slots(others, background=True))
        if slot is not None:
            self._units.unpark(slot)
            self._slots.set_working(environment, slot)
        self._control.poke()

    def retire(self, environment: str, slot: str) -> None:
        mine = self._units.of_slots({slot})
        self._drop_and_wait(mine)
        self._units.drop_parked(slot)
        self._slots.remove(slot)
        for unit in mine:
            self._disk.remove(self._layout.log(unit).with_suffix(".log.1"))

    def keep_assets(self, environment: str, releases: Sequence[Release]) -> None:
        assets = self._layout.edge(environment) / "assets"
        statics = [self._build(r.id) / "static" for r in releases]
        keep = {file.relative_to(static) for static in statics for file in _hashed(static, self._disk)}
        for file in _files(assets, self._disk):
            if file.relative_to(assets) not in keep:
                self._disk.remove(file)
        self._forget_logs(environment)

    def _forget_logs(self, environment: str) -> None:
        """Logs of retired slots are kept for the last few slots, to look into what went wrong."""
        logs = slot_logs(self._layout.root / "logs", environment, self._disk)
        numbers = sorted({number for _, number in logs})[-LOGS_OF_SLOTS:]
        kept = {*numbers, *(s.number for s in self._slots.observe(environment).slots)}
        for path, number in logs:
            if number not in kept:
                self._disk.remove(path)

    def _prober(self, slot: str) -> SlotProbe:
        unit = web_unit(slot)
        log = self._layout.log(unit)
        there = self._slots.get(slot)
        # A slot that has served may have been restarted in its life; what counts is whether it ends now.
        before = self._control.restarts(unit) if there and there.switched_at is not None else 0
        return SlotProbe(
            slot,
            partial(self._burst, self._layout.socket(slot)),
            self._policy,
            self._clock,
            ended=lambda: self._control.restarts(unit) > before,
            log=lambda: tail(log, FAILURE_LINES, self._disk),
            otherwise=lambda: no_room(self._layout.root, self._disk),
        )

    def _burst(self, socket: str, count: int) -> Sequence[Answer | None]:
        path = self._policy.probe_path
        if count > 1:
            return self._machine.net.burst(socket, path, PROBE_HEADER, count)
        try:
            return [self._machine.net.ask_unix(socket, path, PROBE_HEADER, ANSWER_SECONDS)]
        except OSError:
            return [None]

    def _drop_and_wait(self, names: Iterable[str]) -> None:
        waiting = list(names)
        longest = max(role.stop_timeout for role in (self._web, *self._background)) + 10.0
        for name in waiting:
            self._units.drop(name)
        self._control.poke()
        until = self._clock.monotonic() + longest + 10.0
        while waiting := self._still_running(waiting):
            if self._clock.monotonic() >= until:
                raise GreenroomError(
                    "does-not-stop", f"{', '.join(waiting)} did not stop", "greenroom status", Exit.UNSAFE
                )
            self._clock.sleep(0.03)

    def _still_running(self, names: Iterable[str]) -> list[str]:
        """By the records, and by the supervisor's own word: it may have had no room to record a start."""
        states = self._control.states()
        return [n for n in names if self._units.is_running(n) or states.get(n, {}).get("pid")]


def slot_in(name: str) -> str | None:
    """The slot that a folder, a unit or a file of one belongs to, by its name."""
    stem = name.removesuffix(".1").removesuffix(".log").removesuffix(".hold")
    stem = stem.partition(PARKED)[0] if PARKED in stem else stem.removesuffix(".json")
    named = _OF_SLOT.fullmatch(stem)
    return (named["a"] or named["b"]) if named else None


def slot_logs(folder: Path, environment: str, disk: Disk) -> list[tuple[Path, int]]:
    """The logs of an environment's slots, each with its slot's number."""
    found = []
    for name in disk.names(folder):
        slot = slot_in(name)
        if slot and environment_of(slot) == environment:
            found.append((folder / name, number_of(slot)))
    return found


def _hashed(static: Path, disk: Disk) -> list[Path]:
    """The files under content-hashed names, and their compressed variants."""
    manifest = static.parent / "manifest.json"
    if not disk.exists(manifest):
        return []
    names = json.loads(disk.read(manifest)).values()
    candidates = (static / f"{name}{suffix}" for name in names for suffix in ("", ".gz", ".br", ".zst"))
    return [path for path in candidates if disk.exists(path)]


def _files(folder: Path, disk: Disk) -> Iterator[Path]:
    for name in disk.names(folder):
        path = folder / name
        if disk.is_folder(path):
            yield from _files(path, disk)
        else:
            yield path
