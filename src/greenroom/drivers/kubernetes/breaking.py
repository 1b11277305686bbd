"""Kills pods' processes as a crash would."""

from __future__ import annotations

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.fault import Victim
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.ports import Killed


class KubernetesBreaker:
    """See :class:`greenroom.ports.Breaker`. The app alone: the other parts are not this project's to kill."""

    def __init__(self, api: Api, names: Names, slots: Slots, pods: Pods, live: LiveService) -> None:
        self._api, self._names, self._slots, self._pods, self._live = api, names, slots, pods, live

    def kill(self, environment: str, victim: Victim) -> Killed:
        """Every serving pod at once, without a word to it (a grace period of 0); how many connections they had is not known."""
        if victim is not Victim.APP:
            raise GreenroomError("not-ours", f"{victim} is not killed on a cluster", "--kill app", Exit.USAGE)
        color = self._live.read(environment).color
        slot = next((p.slot.id for p in self._slots.all(environment) if p.color == color), None)
        pods = self._pods.serving(environment, slot) if slot else []
        if not pods:
            raise GreenroomError("not-running", f"{victim} does not run", "greenroom status")
        for pod in pods:
            where = self._names.at(environment, "pods", pod["metadata"]["name"])
            self._api.delete(f"{where}?gracePeriodSeconds=0")
        return Killed(victim, 0)
