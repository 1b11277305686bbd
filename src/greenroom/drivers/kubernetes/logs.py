"""Logs of pods, by the same words as on one machine: a role and a slot."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import ROLE, SLOT, Names, path
from greenroom.drivers.kubernetes.pods import STATIC, WEB, Pods
from greenroom.ports import LogQuery

NGINX = "nginx"


class KubernetesLogs:
    """See :class:`greenroom.ports.Logs`. A unit is ``web-<slot>``, ``nginx-<slot>`` or ``<role>-<slot>-1``."""

    def __init__(self, api: Api, names: Names, pods: Pods) -> None:
        self._api, self._names, self._pods = api, names, pods

    def units(self, environment: str) -> list[str]:
        return sorted(self._by_unit(environment))

    def read(self, environment: str, query: LogQuery) -> Iterator[str]:
        found = self._by_unit(environment).get(query.unit or "", [])
        several = len(found) > 1
        for pod, container in found:
            where = path("pods", self._names.namespace(environment), pod)
            asked = f"{where}/log?container={container}&tailLines={query.lines}"
            before = f"[{pod.rpartition('-')[2]}] " if several else ""
            lines = (
                self._api.lines(f"{asked}&follow=true")
                if query.follow
                else iter(self._api.text(asked).splitlines())
            )
            yield from (before + line for line in lines)

    def _by_unit(self, environment: str) -> dict[str, list[tuple[str, str]]]:
        units: dict[str, list[tuple[str, str]]] = {}
        for pod in self._api.items(self._names.at(environment, "pods"), {SLOT: ""}):
            for unit, container in _units(pod):
                units.setdefault(unit, []).append((pod["metadata"]["name"], container))
        return units


def _units(pod: Json) -> Iterator[tuple[str, str]]:
    labels = pod["metadata"]["labels"]
    slot, role = labels[SLOT], labels.get(ROLE, WEB)
    if role == WEB:
        yield f"web-{slot}", WEB
        yield f"{NGINX}-{slot}", STATIC
    else:
        yield f"{role}-{slot}-1", pod["spec"]["containers"][0]["name"]
