"""How many pods a slot begins with where the autoscaler decides later."""

from __future__ import annotations

from collections.abc import Iterable

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.slots import Placed


class Scaling:
    """A new slot takes over with as many pods as the one that it relieves has grown to: the autoscaler would begin with the
    fewest, and the whole load comes in one moment."""

    def __init__(self, api: Api, names: Names, pods: Pods) -> None:
        self._api, self._names, self._pods = api, names, pods

    def wanted(self, environment: str, placed: Placed, there: Iterable[Placed]) -> int:
        """How many pods must be ready before the slot goes on stage; a slot with an autoscaler is grown to that many."""
        web = placed.snapshot["web"]
        fewest, scaled = int(web["replicas"]), web.get("autoscale") or {}
        if not scaled.get("enabled"):
            return fewest
        others = [p.slot.id for p in there if p.slot.id != placed.slot.id]
        most = max((len(self._pods.serving(environment, slot)) for slot in others), default=0)
        return min(max(fewest, most), int(scaled["max"]))

    def grow(self, environment: str, deployment: str, wanted: int) -> None:
        """Give the Deployment at least so many pods; one that has grown further is left alone."""
        path = f"{self._names.at(environment, 'deployments', deployment)}/scale"
        found = self._api.get(path) or {}
        if found and int((found.get("spec") or {}).get("replicas") or 0) < wanted:
            self._api.patch(path, {"spec": {"replicas": wanted}})
