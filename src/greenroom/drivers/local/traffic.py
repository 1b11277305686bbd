"""What the public reaches on this machine: a symbolic link per environment, changed by rename(2)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.stage import Mode
from greenroom.domain.verdict import Measure
from greenroom.drivers.local.access_log import measure
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.slots import HOLD
from greenroom.drivers.local.traffic_state import MAINTENANCE_PAGE, WINDOW, observe_traffic
from greenroom.drivers.system.files import fsync_folder, private_folder, replace_link, write_whole
from greenroom.drivers.system.net import ask_tls, in_flight
from greenroom.ports import Clock, Drained, Switched, TrafficSeen

CONFIRM_SECONDS = 15.0
QUIET_LOOKS = 3
"""Looks in a row without a request in flight that make a slot drained."""

PAGE = Path(__file__).parent / "server" / "maintenance.html"


class LocalTraffic:
    """See :class:`greenroom.ports.Traffic`."""

    def __init__(self, layout: Layout, clock: Clock, public: PublicAddress) -> None:
        self._layout = layout
        self._clock = clock
        self._public = public

    def observe(self, environment: str) -> TrafficSeen:
        return observe_traffic(self._layout, environment)

    def switch(self, environment: str, slot: str) -> Switched:
        folder = self._folder(environment)
        target = self._layout.slot(slot)
        if not (target / "slot").exists():
            raise GreenroomError("no-slot", f"slot {slot} is not there", "greenroom status", Exit.UNSAFE)
        began = time.perf_counter()
        replace_link(folder / "live", str(target))
        renamed = time.perf_counter()
        fsync_folder(folder)
        return Switched((renamed - began) * 1000, (time.perf_counter() - began) * 1000)

    def confirm(self, environment: str, slot: str) -> float:
        began = self._clock.now()
        answered = ""
        while self._clock.now() < began + CONFIRM_SECONDS:
            try:
                host = self._public.host(environment)
                ca = str(self._layout.ca) if self._layout.ca.exists() else None
                answer = ask_tls(host, self._public.port, "/", ca, timeout=10.0, address=self._public.address)
                answered = answer.headers.get("x-release", f"the edge itself ({answer.status})")
            except OSError as error:
                answered = f"nobody ({error})"
            if answered == slot:
                return (self._clock.now() - began) * 1000
            self._clock.sleep(0.02)
        raise GreenroomError(
            "not-confirmed", f"through the edge {answered} answers, not {slot}", "greenroom logs edge"
        )

    def measure(self, environment: str, slot: str, since: float, until: float) -> Measure:
        return measure(self._layout.access_log, environment, slot, since, until)

    def drain(self, environment: str, slot: str, timeout: float) -> Drained:
        began = self._clock.now()
        quiet = 0
        while True:
            count = in_flight(f"/slots/{slot}/web.sock") if self._was_bound_here(slot) else 0
            quiet = quiet + 1 if count == 0 else 0
            elapsed = self._clock.now() - began
            if quiet >= QUIET_LOOKS or elapsed >= timeout:
                return Drained(count, elapsed)
            self._clock.sleep(0.05)

    def mode(self, environment: str, mode: Mode, window: bool) -> None:
        folder = self._folder(environment)
        if window and mode is not Mode.OPEN:
            write_whole(folder / WINDOW, f"{mode}\n")
        if mode is Mode.MAINTENANCE:
            write_whole(folder / MAINTENANCE_PAGE, PAGE.read_text(encoding="utf-8"), 0o600)
        else:
            (folder / MAINTENANCE_PAGE).unlink(missing_ok=True)
        self._point(environment, mode)
        if mode is Mode.OPEN:
            (folder / WINDOW).unlink(missing_ok=True)
        fsync_folder(folder)

    def forget(self, environment: str) -> None:
        folder = self._layout.edge(environment)
        (folder / "live").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _point(self, environment: str, mode: Mode) -> None:
        """Requests wait when ``live`` is a copy of the slot's folder without its socket."""
        live = self.observe(environment).live
        if live is None:
            return
        target = self._layout.slot(live)
        if mode is Mode.HOLD:
            target = private_folder(self._layout.slot(live + HOLD))
            (target / "slot").write_text(live)
            replace_link(target / "static", str((self._layout.slot(live) / "static").readlink()))
        replace_link(self._folder(environment) / "live", str(target))

    def _was_bound_here(self, slot: str) -> bool:
        return (self._layout.slots / slot).exists()

    def _folder(self, environment: str) -> Path:
        return private_folder(self._layout.edge(environment))
