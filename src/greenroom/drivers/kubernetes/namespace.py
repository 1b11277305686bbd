"""An environment's namespace, as the first of its resources: everything else of it lies inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.binding import bind_self
from greenroom.drivers.kubernetes.names import ENVIRONMENT, PROJECT, RESTRICTED, Names
from greenroom.drivers.kubernetes.quota import LIMIT_RANGE
from greenroom.drivers.kubernetes.residue import held_in, left_of
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.static_volumes import StaticVolumes
from greenroom.ports import Clock, Presence, Values

END_SECONDS = 180.0
HELD_SECONDS = 45.0
"""A namespace that says for so long that the same finalizers hold it does not go by waiting: Kubernetes' own take seconds."""

HELD = "NamespaceFinalizersRemaining"
REASONS = (
    HELD,
    "NamespaceContentRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
)
BETWEEN_SECONDS = 0.3


class EnvironmentNamespace:
    """See :class:`greenroom.ports.Resource`. ``quota``: what it may hold at most, if there is such a thing; ``back``: lets what was stopped in it run again."""

    name = "namespace"

    def __init__(
        self,
        api: Api,
        names: Names,
        slots: Slots,
        clock: Clock,
        quota: Callable[[str], Mapping[str, str]] = lambda _environment: {},
        back: Callable[[str], None] = lambda _environment: None,
    ) -> None:
        self._quota, self._back = quota, back
        self._api, self._names, self._slots, self._clock = api, names, slots, clock
        self._volumes = StaticVolumes(api, names, clock)

    def observe(self, environment: str) -> Presence:
        found = self._api.get(self._path(environment))
        return Presence(
            found is not None, self._names.namespace(environment), stays=self._volumes.stays(environment)
        )

    def ensure(self, environment: str) -> None:
        found = self._api.get(self._path(environment))
        if found is not None:
            self._check_owner(environment, found)
        labels = {**self._names.labels(environment), **RESTRICTED}
        if found is None or not labels.items() <= (found["metadata"].get("labels") or {}).items():
            metadata = {"name": self._names.namespace(environment), "labels": labels}
            body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            self._api.apply(self._path(environment), body)
        bind_self(self._api, self._names, environment, self._clock)
        if hard := self._quota(environment):
            self._limit(environment, "ResourceQuota", {"hard": dict(hard)})
            self._limit(environment, "LimitRange", {"limits": [LIMIT_RANGE]})
        self._back(environment)

    def _limit(self, environment: str, kind: str, spec: Json) -> None:
        mine = {"name": "greenroom", "labels": self._names.labels(environment)}
        body: Json = {"apiVersion": "v1", "kind": kind, "metadata": mine, "spec": spec}
        self._api.apply(self._names.at(environment, f"{kind.lower()}s", "greenroom"), body)

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        """Raises (exit 5) with what the cluster says of a namespace that does not go. Nothing is forced. Volumes whose data stays
        lose their object alone, which :meth:`observe` has told of."""
        found = self._api.get(self._path(environment))
        if found is not None:
            self._check_owner(environment, found)
            with suppress(Conflict):  # it is going already
                self._api.delete(self._path(environment))
        self._wait_until_gone(environment)
        for placed in self._slots.all(environment):
            self._slots.drop(placed.slot.id)
        self._volumes.let_go(environment)

    def _wait_until_gone(self, environment: str) -> None:
        began = since = self._clock.monotonic()
        told = ""
        while (found := self._api.get(self._path(environment))) is not None:
            now, says = self._clock.monotonic(), _condition(found, HELD)
            if says != told:
                told, since = says, now
            if now - began >= END_SECONDS or (told and now - since >= HELD_SECONDS):
                raise self._stuck(environment, found)
            self._clock.sleep(BETWEEN_SECONDS)

    def _stuck(self, environment: str, found: Json) -> GreenroomError:
        """It names the objects and their finalizers, as far as this account may list their kinds; the cluster names the kinds."""
        holders = "; ".join(held_in(self._api, self._names.namespace(environment)))
        said = "; ".join(filter(None, (_condition(found, kind) for kind in REASONS)))
        return GreenroomError(
            "namespace-stuck",
            f"the namespace of {environment} does not go: {holders or said or 'the cluster gives no reason'}",
            f"let their controllers finish, or see why they do not; then: greenroom env destroy {environment} --resume",
            Exit.UNSAFE,
            details=said,
        )

    def residue(self, environment: str) -> tuple[str, ...]:
        labels = {PROJECT: self._names.project, ENVIRONMENT: environment}
        return left_of(self._api, self._names.namespace(environment), labels)

    def found(self) -> Mapping[str, str]:
        listed = self._api.items("/api/v1/namespaces", self._names.labels())
        names = [f["metadata"]["labels"].get(ENVIRONMENT) for f in listed]
        return {name: f"namespace {self._names.namespace(name)}" for name in sorted(filter(None, names))}

    def _check_owner(self, environment: str, found: Json) -> None:
        labels = found["metadata"].get("labels") or {}
        if (labels.get(PROJECT), labels.get(ENVIRONMENT)) != (self._names.project, environment):
            raise GreenroomError(
                "name-taken",
                f"the namespace {self._names.namespace(environment)} is there and belongs to somebody else",
                "another name for the environment or the project",
                Exit.USAGE,
            )

    def _path(self, environment: str) -> str:
        return f"/api/v1/namespaces/{self._names.namespace(environment)}"


def _condition(found: Json, kind: str) -> str:
    """What a terminating namespace says of one reason why it is still there; nothing while that is none."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return next((str(c.get("message")) for c in conditions if (c["type"], c["status"]) == (kind, "True")), "")
