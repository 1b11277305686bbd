"""Volumes whose data nobody removes with their claim: their objects go with the environment, and it is told where the data stays."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.leftovers import VOLUMES, claims_of, node_of
from greenroom.drivers.kubernetes.names import Names
from greenroom.ports import Clock

END_SECONDS = 30.0
"""So long volumes may take to go after their namespace: a provisioner removes those that it made."""

BETWEEN_SECONDS = 0.3


class StaticVolumes:
    """Those that an environment's claims were bound to. No volume's data is removed here, and no policy is changed."""

    def __init__(self, api: Api, names: Names, clock: Clock) -> None:
        self._api, self._names, self._clock = api, names, clock

    def stays(self, environment: str) -> tuple[str, ...]:
        """What will be left of the environment's data, and where: a line for each volume. Nothing where the account may not look."""
        nodes = self._nodes(environment)
        kept = [v for v in self._of(environment) if data_stays(v)]
        return tuple(f"volume {v['metadata']['name']} ({_claim(v)}): {_where(v, nodes)}" for v in kept)

    def let_go(self, environment: str) -> None:
        """Remove the objects of those whose data stays, and wait for the rest to go. Only once the namespace has gone."""
        until = self._clock.monotonic() + END_SECONDS
        while there := self._of(environment):
            for volume in there:
                if data_stays(volume) and _phase(volume) in ("Released", "Failed"):
                    self._api.delete(f"{VOLUMES}/{volume['metadata']['name']}")
            if self._clock.monotonic() >= until:
                return
            self._clock.sleep(BETWEEN_SECONDS)

    def _of(self, environment: str) -> list[Json]:
        try:
            every = self._api.items(VOLUMES)
        except GreenroomError as error:
            if error.code == "no-right":
                return []
            raise
        where = self._names.namespace(environment)
        return [v for v in every if was_bound_in(v, where)]

    def _nodes(self, environment: str) -> Mapping[str, str]:
        """Where the pods run that use a claim."""
        pods = self._api.items(self._names.at(environment, "pods"))
        return {c: str(p["spec"].get("nodeName", "")) for p in pods for c in claims_of(p)}


def was_bound_in(volume: Json, namespace: str) -> bool:
    """Is it, or was it, that of a claim in the namespace? One that is only reserved for such a claim is not."""
    claim = (volume.get("spec") or {}).get("claimRef") or {}
    return bool(claim.get("namespace") == namespace) and _phase(volume) != "Available"


def data_stays(volume: Json) -> bool:
    """Kept by its policy; or in a folder of a node, which the cluster has tried to remove and could not."""
    spec = volume.get("spec") or {}
    failed = _phase(volume) == "Failed" and ("hostPath" in spec or "local" in spec)
    return failed or spec.get("persistentVolumeReclaimPolicy") == "Retain"


def _phase(volume: Json) -> str:
    return str((volume.get("status") or {}).get("phase", ""))


def _claim(volume: Json) -> str:
    return str(volume["spec"]["claimRef"].get("name"))


def _where(volume: Json, nodes: Mapping[str, str]) -> str:
    spec = volume["spec"]
    folder = (spec.get("hostPath") or spec.get("local") or {}).get("path")
    if folder:
        node = node_of(spec)
        known = nodes.get(_claim(volume), "") if node == "?" else node
        return f"{folder} on {f'node {known}' if known else 'the node where its pod ran'}"
    if "nfs" in spec:
        return f"{spec['nfs'].get('server')}:{spec['nfs'].get('path')}"
    if "csi" in spec:
        return f"{spec['csi'].get('volumeHandle')} of {spec['csi'].get('driver')}"
    return "where its kind of volume keeps it"
