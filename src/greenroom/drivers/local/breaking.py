"""Kills parts of this machine as a crash would, counting what they had open."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

from greenroom.domain.errors import GreenroomError
from greenroom.domain.fault import Victim
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.lease import FileLock
from greenroom.drivers.local.services import EDGE, POSTGRES
from greenroom.drivers.local.slots import web_unit
from greenroom.drivers.local.traffic_state import observe_traffic
from greenroom.drivers.local.units import Units
from greenroom.drivers.system.machine import Machine
from greenroom.drivers.system.net import count_tcp, count_unix, tcp_table, unix_table
from greenroom.drivers.system.proc import children, kill_frozen
from greenroom.ports import Killed


class LocalBreaker:
    """See :class:`greenroom.ports.Breaker`. ``port`` is the edge's public one."""

    def __init__(self, layout: Layout, machine: Machine, port: int) -> None:
        self._layout, self._machine, self._port = layout, machine, port
        self._units = Units(layout.units, layout.run, machine)

    def kill(self, environment: str, victim: Victim) -> Killed:
        try:
            return Killed(victim, self._kill(environment, victim))
        except ProcessLookupError:
            raise GreenroomError("not-running", f"{victim} does not run", "greenroom status") from None

    def _kill(self, environment: str, victim: Victim) -> int:
        match victim:
            case Victim.APP:
                return self._app(environment)
            case Victim.EDGE:
                return self._edge()
            case Victim.POSTGRES:
                return self._postgres()
            case Victim.SUPERVISOR:
                pid = FileLock(self._layout.root / "supervisor.lock", self._machine).note().get("pid")
                kill_frozen(pid if isinstance(pid, int) else _gone(), True, str)
                return 0

    def _app(self, environment: str) -> int:
        """gunicorn's master and its workers at once.

        Once they are frozen their socket's name is taken away, so that nobody joins the queue between the count and
        the kill; to the edge that is what the dead socket of a crash is: nobody to dial.
        """
        live = observe_traffic(self._layout, environment, self._machine.disk).live or _gone()
        socket = self._layout.slot(live) / "web.sock"

        def look() -> str:
            with suppress(FileNotFoundError):
                self._machine.disk.rename(socket, socket.with_suffix(".killed"))
            return unix_table()

        table = kill_frozen(self._pid(web_unit(live)), True, look)
        return count_unix(table, f"/slots/{live}/web.sock")

    def _edge(self) -> int:
        """Caddy alone: the keeper holds the sockets and starts the next one."""
        (caddy, *_) = children(self._pid(EDGE)) or [_gone()]
        return count_tcp(kill_frozen(caddy, False, tcp_table), self._port)

    def _postgres(self) -> int:
        """The postmaster; its servers notice and end."""
        unit = self._units.get(POSTGRES)
        table = kill_frozen(self._pid(POSTGRES), False, unix_table)
        return count_unix(table, unit.ready.partition(":")[2]) if unit else 0

    def _pid(self, unit: str) -> int:
        recorded = self._units.recorded(unit)
        return recorded.pid.pid if recorded else _gone()


def _gone() -> NoReturn:
    raise ProcessLookupError
