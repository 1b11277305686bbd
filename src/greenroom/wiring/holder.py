"""Who holds a lease on a cluster: a process, told so that others of its machine can see whether it is gone."""

from __future__ import annotations

import getpass
import os
import platform
from pathlib import Path

from greenroom.drivers.system.machine import Machine


class Holder:
    """This process."""

    def __init__(self, machine: Machine) -> None:
        self._processes = machine.processes

    @property
    def identity(self) -> str:
        """``user@machine process 12/boot and container/12/when it began``."""
        processes = self._processes
        own = processes.identify(processes.own())
        started = own.started if own else 0
        who = f"{_user()}@{platform.node()} process {processes.own()}"
        return f"{who}/{self._here}/{processes.own()}/{started}"

    def is_dead(self, identity: str) -> bool:
        """Did that process run on this boot of this machine, in this container, and is it gone? Of others nobody knows."""
        parts = identity.split("/")
        if len(parts) != 4 or parts[1] != self._here:
            return False
        there = self._processes.identify(int(parts[2]))
        return there is None or there.started != int(parts[3])

    @property
    def _here(self) -> str:
        """This boot of this machine, and among its containers the one whose processes can be seen."""
        return f"{self._processes.boot()} {Path('/proc/self/ns/pid').readlink()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return str(os.getuid())
