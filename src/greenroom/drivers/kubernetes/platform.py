"""What the target itself consists of: namespaces, a chart, the rights to use them."""

from __future__ import annotations

from greenroom.domain.environment import Environment
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.names import ROLE, SLOT, Names
from greenroom.drivers.kubernetes.pods import is_ready, restarts
from greenroom.drivers.kubernetes.resting import Resting
from greenroom.drivers.kubernetes.store import Store
from greenroom.ports import Part

OLDEST = (1, 30)
"""The oldest version of Kubernetes that is served: its pods have the pause before the end as an action of the node's own."""


class KubernetesPlatform:
    """See :class:`greenroom.ports.Platform`: of one environment, for nothing runs here that several have in common."""

    def __init__(
        self, api: Api, names: Names, store: Store, helm: Helm, place: Environment, resting: Resting
    ) -> None:
        self._api, self._names, self._store, self._helm, self._place = api, names, store, helm, place
        self._resting = resting

    def start(self) -> None:
        """Check versions, and make the control namespace."""
        self._helm.version()
        found = self._api.get("/version") or {}
        version = (int(found.get("major") or 0), int("".join(filter(str.isdigit, found.get("minor") or "0"))))
        if version < OLDEST:
            raise GreenroomError(
                "old-cluster",
                f"the cluster runs Kubernetes {version[0]}.{version[1]}; {OLDEST[0]}.{OLDEST[1]} is the oldest served",
                "upgrade the cluster",
                Exit.USAGE,
            )
        self._store.ensure()

    def stop(self) -> None:
        """What it ends comes back with the namespace's own ``ensure``: not for a command that is to remove it all."""
        self._resting.begin(self._place.name)

    def parts(self) -> tuple[Part, ...]:
        found = self._api.items(
            self._names.at(self._place.name, "pods"), self._names.labels(self._place.name)
        )
        mine = self._api.items(self._names.at(self._place.name, "pods"), {SLOT: ""})
        pods = {p["metadata"]["name"]: p for p in (*found, *mine)}
        return tuple(
            Part(
                name,
                "running" if is_ready(pod) else str(pod["status"].get("phase", "")).lower(),
                None,
                restarts(pod),
                pod["metadata"]["labels"].get(ROLE, ""),
            )
            for name, pod in sorted(pods.items())
        )

    def wake(self) -> None:
        """Due work is the next command's, or that of the pipeline's schedule."""
