"""Logs of pods, by the same words as on one machine: a role and a slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from queue import Queue
from threading import Thread

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import ROLE, SLOT, Names, path
from greenroom.drivers.kubernetes.pods import STATIC, WEB, Pods
from greenroom.ports import LogQuery

NGINX = "nginx"
WAITING_LINES = 1000
"""So many lines wait for whoever reads them; then the pods' streams wait too."""


class KubernetesLogs:
    """See :class:`greenroom.ports.Logs`. A unit is ``web-<slot>``, ``nginx-<slot>`` or ``<role>-<slot>-1``. Lines of several pods
    begin with the end of their pod's name; whoever follows hears all of them at once, and no pod that comes later."""

    def __init__(self, api: Api, names: Names, pods: Pods) -> None:
        self._api, self._names, self._pods = api, names, pods

    def units(self, environment: str) -> list[str]:
        return sorted(self._by_unit(environment))

    def read(self, environment: str, query: LogQuery) -> Iterator[str]:
        """Raises (exit 1) what the cluster says against showing one of them."""
        found = self._by_unit(environment).get(query.unit or "", [])
        streams = [
            self._lines(environment, pod, container, query, f"[{pod.rpartition('-')[2]}] ")
            if len(found) > 1
            else self._lines(environment, pod, container, query, "")
            for pod, container in found
        ]
        return _together(streams) if query.follow and len(streams) > 1 else chain.from_iterable(streams)

    def _lines(
        self, environment: str, pod: str, container: str, query: LogQuery, before: str
    ) -> Iterator[str]:
        where = path("pods", self._names.namespace(environment), pod)
        more = "&follow=true" if query.follow else ""
        try:
            for line in self._api.lines(f"{where}/log?container={container}&tailLines={query.lines}{more}"):
                yield before + line
        except (GreenroomError, OSError) as error:
            why = error.message if isinstance(error, GreenroomError) else str(error)
            raise GreenroomError(
                "no-log",
                f"the log of the pod {pod} ({container}) cannot be read: {why}",
                f"kubectl -n {self._names.namespace(environment)} describe pod {pod}",
            ) from error

    def _by_unit(self, environment: str) -> dict[str, list[tuple[str, str]]]:
        units: dict[str, list[tuple[str, str]]] = {}
        for pod in self._api.items(self._names.at(environment, "pods"), {SLOT: ""}):
            for unit, container in _units(pod):
                units.setdefault(unit, []).append((pod["metadata"]["name"], container))
        return units


def _together(streams: Sequence[Iterator[str]]) -> Iterator[str]:
    """The lines of all of them as they come, until every one has ended. What one raises ends it; so does whoever stops reading:
    a stream that is silent then is left to the end of the process."""
    said: Queue[str | GreenroomError | None] = Queue(WAITING_LINES)

    def listen(stream: Iterator[str]) -> None:
        try:
            for line in stream:
                said.put(line)
            said.put(None)
        except GreenroomError as error:
            said.put(error)

    for stream in streams:
        Thread(target=listen, args=(stream,), daemon=True).start()
    going = len(streams)
    while going:
        line = said.get()
        if isinstance(line, GreenroomError):
            raise line
        if line is None:
            going -= 1
        else:
            yield line


def _units(pod: Json) -> Iterator[tuple[str, str]]:
    labels = pod["metadata"]["labels"]
    slot, role = labels[SLOT], labels.get(ROLE, WEB)
    if role == WEB:
        yield f"web-{slot}", WEB
        yield f"{NGINX}-{slot}", STATIC
    else:
        yield f"{role}-{slot}-1", pod["spec"]["containers"][0]["name"]
