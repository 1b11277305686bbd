"""What the public reaches on this machine: a symbolic link per environment, changed by rename(2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.stage import Mode
from greenroom.domain.verdict import Measure
from greenroom.drivers.local.access_log import last_request, measure
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.slots import HOLD
from greenroom.drivers.local.traffic_state import ASLEEP, MAINTENANCE_PAGE, WINDOW, observe_traffic
from greenroom.drivers.system.files import private_folder, replace_link, write_whole
from greenroom.drivers.system.machine import Machine
from greenroom.ports import Drained, Switched, TrafficSeen

CONFIRM_SECONDS = 15.0
QUIET_LOOKS = 3
"""Looks in a row without a request in flight that make a slot drained."""

PAGE = Path(__file__).parent / "server" / "maintenance.html"


class LocalTraffic:
    """See :class:`greenroom.ports.Traffic`. ``own_token`` opens what is private to Greenroom itself."""

    woken_by_requests = True

    def __init__(
        self,
        layout: Layout,
        machine: Machine,
        public: PublicAddress,
        own_token: Callable[[], Secret] = lambda: Secret(""),
    ) -> None:
        self._own_token = own_token
        self._layout = layout
        self._machine = machine
        self._disk = machine.disk
        self._clock = machine.clock
        self._public = public

    def observe(self, environment: str) -> TrafficSeen:
        return observe_traffic(self._layout, environment, self._disk)

    def switch(self, environment: str, slot: str) -> Switched:
        folder = self._folder(environment)
        target = self._layout.slot(slot)
        if not self._disk.exists(target / "slot"):
            raise GreenroomError("no-slot", f"slot {slot} is not there", "greenroom status", Exit.UNSAFE)
        began = self._clock.monotonic()
        replace_link(folder / "live", str(target), self._disk)
        renamed = self._clock.monotonic()
        self._disk.sync_folder(folder)
        if self._disk.exists(folder / ASLEEP):
            self.open_again(environment)
        return Switched((renamed - began) * 1000, (self._clock.monotonic() - began) * 1000)

    def confirm(self, environment: str, slot: str) -> float:
        began = self._clock.monotonic()
        answered = ""
        while self._clock.monotonic() < began + CONFIRM_SECONDS:
            answered = self._who_answers(environment)
            if answered == slot:
                return (self._clock.monotonic() - began) * 1000
            self._clock.sleep(0.02)
        raise GreenroomError(
            "not-confirmed", f"through the edge {answered} answers, not {slot}", "greenroom logs edge"
        )

    def _who_answers(self, environment: str) -> str:
        public, host = self._public, self._public.host(environment)
        token = self._own_token().reveal()
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._machine.net.ask_tls(
                host, public.port, "/", self._layout.ca, 10.0, public.address, shown
            )
        except OSError as error:
            return f"nobody ({error})"
        return answer.headers.get("x-release", f"the edge itself ({answer.status})")

    def measure(self, environment: str, slot: str, since: float, until: float) -> Measure:
        return measure(self._layout.access_log, environment, slot, since, until, self._disk)

    def drain(self, environment: str, slot: str, timeout: float) -> Drained:
        began = self._clock.monotonic()
        quiet = 0
        while True:
            count = self._machine.net.in_flight(f"/slots/{slot}/web.sock") if self._is_here(slot) else 0
            quiet = quiet + 1 if count == 0 else 0
            elapsed = self._clock.monotonic() - began
            if quiet >= QUIET_LOOKS or elapsed >= timeout:
                return Drained(count, elapsed)
            self._clock.sleep(0.05)

    def mode(self, environment: str, mode: Mode, window: bool) -> None:
        folder = self._folder(environment)
        if window and mode is not Mode.OPEN:
            write_whole(folder / WINDOW, f"{mode}\n", disk=self._disk)
        if mode is Mode.MAINTENANCE:
            write_whole(folder / MAINTENANCE_PAGE, PAGE.read_text(encoding="utf-8"), disk=self._disk)
        else:
            self._disk.remove(folder / MAINTENANCE_PAGE)
        self._point(environment, mode)
        if mode is Mode.OPEN:
            # The mark goes last: until the public side is open for sure, somebody must know to open it.
            self._disk.sync_folder(folder)
            self._disk.remove(folder / WINDOW)
        self._disk.sync_folder(folder)

    def doze(self, environment: str) -> None:
        folder = self._folder(environment)
        # The mark goes first: whoever comes from now on is held and noted, not turned away.
        write_whole(folder / ASLEEP, "", disk=self._disk)
        self._disk.remove(folder / "live")
        self._disk.sync_folder(folder)

    def called(self, environment: str) -> bool:
        return self._disk.exists(self._layout.wake(environment))

    def open_again(self, environment: str) -> None:
        folder = self._folder(environment)
        self._disk.remove(folder / ASLEEP)
        self._disk.sync_folder(folder)
        self._disk.remove(self._layout.wake(environment))

    def last_request(self, environment: str) -> float | None:
        return last_request(self._layout.access_log, environment, self._disk)

    def forget(self, environment: str) -> None:
        folder = self._layout.edge(environment)
        if self._disk.is_folder(folder):
            self._disk.remove(folder / "live")
            self._disk.sync_folder(folder)
        self._disk.remove_tree(folder)
        self._disk.sync_folder(folder.parent)
        self._disk.remove(self._layout.wake(environment))

    def _point(self, environment: str, mode: Mode) -> None:
        """Requests wait when ``live`` is a copy of the slot's folder without its socket."""
        live = self.observe(environment).live
        if live is None:
            return
        target = self._layout.slot(live)
        if mode is Mode.HOLD:
            target = private_folder(self._layout.slot(live + HOLD), self._disk)
            self._disk.create(target / "slot", live.encode())
            static = self._disk.target(self._layout.slot(live) / "static")
            if static is not None:
                replace_link(target / "static", static, self._disk)
        replace_link(self._folder(environment) / "live", str(target), self._disk)

    def _is_here(self, slot: str) -> bool:
        return self._disk.exists(self._layout.slots / slot)

    def _folder(self, environment: str) -> Path:
        return private_folder(self._layout.edge(environment), self._disk)
