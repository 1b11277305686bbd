"""The pod of an environment's own PostgreSQL: it rests while nothing of the environment runs, and comes back first."""

from __future__ import annotations

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import ROLE, Names
from greenroom.drivers.kubernetes.pods import Pods, Trouble, first_trouble
from greenroom.ports import Clock

NAME = "database"
"""Of the StatefulSet, its Service, its container, and of the role that its pod has."""

READY_SECONDS = 180.0
BETWEEN_SECONDS = 0.3
SHOWN_LINES = 20


class DatabaseServer:
    """Whether it runs is what its StatefulSet says; the chart's values repeat that. Where there is none, nothing is done."""

    def __init__(self, api: Api, names: Names, pods: Pods, clock: Clock) -> None:
        self._api, self._names, self._pods, self._clock = api, names, pods, clock

    def there(self, environment: str) -> Json | None:
        """Its StatefulSet."""
        return self._api.get(self._path(environment))

    def replicas(self, environment: str) -> int:
        """0 while it rests; 1 where it runs, or has not been made yet."""
        found = self.there(environment) or {}
        return int((found.get("spec") or {}).get("replicas", 1))

    def rest(self, environment: str) -> None:
        """Let its pod end; the volume stays. Nobody waits for it."""
        if self.there(environment) is not None:
            self._scale(environment, 0)

    def start(self, environment: str) -> None:
        """Let it run, and wait until it takes connections. Raises (exit 1) with the last lines of a server that does not start."""
        found = self.there(environment)
        if found is None:
            return
        if not found["spec"].get("replicas", 1):
            self._scale(environment, 1)
        until = self._clock.monotonic() + READY_SECONDS
        while not self._ready(environment):
            trouble = self._trouble(environment)
            lasting = trouble is not None and bool(trouble.container)
            if lasting or self._clock.monotonic() >= until:
                raise self._does_not_start(environment, trouble or Trouble("it is not ready in time"))
            self._clock.sleep(BETWEEN_SECONDS)

    def _scale(self, environment: str, replicas: int) -> None:
        self._api.patch(self._path(environment), {"spec": {"replicas": replicas}})

    def _ready(self, environment: str) -> bool:
        """A count that was made before the last change says nothing."""
        found = self.there(environment) or {}
        status = found.get("status") or {}
        fresh = status.get("observedGeneration", 0) >= found.get("metadata", {}).get("generation", 0)
        return fresh and bool(status.get("readyReplicas"))

    def _trouble(self, environment: str) -> Trouble | None:
        """Of a pod that is ending already nothing is expected any more."""
        found = self._api.items(self._names.at(environment, "pods"), {ROLE: NAME})
        coming = (pod for pod in found if "deletionTimestamp" not in pod["metadata"])
        troubles = (first_trouble(pod, self._clock.now()) for pod in coming)
        return next((trouble for trouble in troubles if trouble is not None), None)

    def _does_not_start(self, environment: str, trouble: Trouble) -> GreenroomError:
        told = trouble.pod and trouble.container
        lines = self._pods.log(environment, trouble.pod, trouble.container, SHOWN_LINES) if told else []
        return GreenroomError(
            "database-refused",
            f"the database of {environment} does not start: {trouble.why}",
            f"kubectl -n {self._names.namespace(environment)} describe pod {NAME}-0",
            details="\n".join(lines),
        )

    def _path(self, environment: str) -> str:
        return self._names.at(environment, "statefulsets", NAME)
