"""An environment that is down: its slots are kept, nothing of them runs, and what was live stays what is live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.roles import Role
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.database_server import NAME as DATABASE
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.names import COLOR, ENVIRONMENT, ROLE, Names
from greenroom.drivers.kubernetes.pods import longest_end
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.service import MAINTENANCE, LiveService
from greenroom.drivers.kubernetes.slots import Placed, Slots
from greenroom.ports import Clock

BETWEEN_SECONDS = 0.3


class Resting:
    """Ends everything of an environment, and begins it again. ``roles``: what runs in its pods."""

    def __init__(
        self,
        api: Api,
        names: Names,
        slots: Slots,
        live: LiveService,
        helm: HelmRelease,
        database: DatabaseServer,
        clock: Clock,
        roles: Sequence[Role],
    ) -> None:
        self._api, self._names, self._slots, self._live = api, names, slots, live
        self._helm, self._database, self._clock = helm, database, clock
        self._longest = longest_end(roles)

    def begin(self, environment: str) -> None:
        """Pods of every role end, and jobs; those of its own database last, for they use it. A maintenance page that somebody
        wanted stays. Raises (exit 5) when a pod does not end."""
        there = self._slots.all(environment)
        if there:
            # The marks come last: killed before, whoever deploys next brings back what was live.
            self._helm.record_if_there(environment, nothing=True)
        for placed in there:
            self._slots.put(replace(placed, resting=True))
        for kind in ("jobs", "pods"):  # pods too: they have not to wait for the collector
            for name in self._api.names(self._names.at(environment, kind), self._jobs(environment)):
                self._api.delete(self._names.at(environment, kind, name))
        self._wait(environment, but=DATABASE)
        self._database.rest(environment)
        self._wait(environment)

    def end(self, environment: str) -> None:
        """Bring back what is kept and does not run, in the very pods that it had; nothing where nothing has been made yet."""
        if not self._live.read(environment).there:
            return
        self._database.start(environment)
        there = self._slots.all(environment)
        for placed in there:
            if placed.resting:
                self._slots.put(replace(placed, resting=False))
        if any(self._is_missing(placed) for placed in there):
            self._helm.record(environment)

    def _jobs(self, environment: str) -> dict[str, str]:
        return {**self._names.labels(environment), ROLE: "job"}

    def _is_missing(self, placed: Placed) -> bool:
        environment = placed.slot.environment
        name = f"{self._names.release(environment)}-{placed.color}"
        return not placed.going and self._api.get(self._names.at(environment, "deployments", name)) is None

    def _wait(self, environment: str, but: str = "") -> None:
        """Until no pod is left but those of one role."""
        until = self._clock.monotonic() + self._longest
        while pods := self._pods(environment, but):
            if self._clock.monotonic() >= until:
                raise GreenroomError(
                    "does-not-stop",
                    f"these pods did not end within {self._longest:.0f} s: {', '.join(pods)}",
                    f"kubectl -n {self._names.namespace(environment)} describe pods; then greenroom down again",
                    Exit.UNSAFE,
                )
            self._clock.sleep(BETWEEN_SECONDS)

    def _pods(self, environment: str, but: str) -> list[str]:
        found = self._api.items(self._names.at(environment, "pods"), {ENVIRONMENT: environment, ROLE: ""})
        return [p["metadata"]["name"] for p in found if _runs(p) and p["metadata"]["labels"][ROLE] != but]


def _runs(pod: Json) -> bool:
    over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not over and pod["metadata"]["labels"].get(COLOR) != MAINTENANCE
