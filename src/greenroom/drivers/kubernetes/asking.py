"""Asking the pods of a slot through the API server, which hands requests on to their health port."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

from greenroom.domain.stage import environment_of
from greenroom.drivers.asking.every_worker import PROBE_HEADER, WORKER, together
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.pods import Pods, is_ready
from greenroom.drivers.system.net import Answer

HEALTH_PORT = 8081
"""The port of nginx in the pod that no Service leads to: probes and Greenroom's own questions."""


class Asker:
    """Asks one pod of a slot after the other. A worker process is called by its pod and its number there."""

    def __init__(self, api: Api, names: Names, pods: Pods, host: Callable[[str], str]) -> None:
        self._api, self._names, self._pods, self._host = api, names, pods, host
        self._turn = itertools.count()

    def __call__(self, slot: str, path: str, timeout: float, body: str | None = None) -> Answer:
        """See :class:`greenroom.drivers.asking.looking.Ask`. Raises OSError when no pod answers."""
        found = self.ready(slot)
        if not found:
            raise ConnectionError(f"no pod of {slot} is ready")
        pod = found[next(self._turn) % len(found)]
        return self.pod(environment_of(slot), pod, path, timeout, body)

    def ready(self, slot: str) -> list[str]:
        """The names of the slot's pods that take requests."""
        pods = self._pods.serving(environment_of(slot), slot)
        return sorted(p["metadata"]["name"] for p in pods if is_ready(p))

    def pod(self, environment: str, pod: str, path: str, timeout: float, body: str | None = None) -> Answer:
        """One answer of one pod. Raises OSError when there is none."""
        proxy = self._names.at(environment, "pods", f"{pod}:{HEALTH_PORT}/proxy{path}")
        headers: Mapping[str, str] = {
            **PROBE_HEADER,
            "X-Greenroom-Host": self._host(environment),
            "X-Forwarded-Proto": "https",
            "Content-Type": "application/json",
        }
        answer = self._api.ask(proxy, headers, timeout, "GET" if body is None else "POST", body)
        if answer.status == 503 and "ServiceUnavailable" in answer.body and '"kind":"Status"' in answer.body:
            raise ConnectionError(answer.body[:300])  # the API server's own word: the pod did not answer
        worker = answer.headers.get(WORKER)
        named = {**answer.headers, WORKER: f"{pod}/{worker}"} if worker else answer.headers
        return replace(answer, headers=named)

    def burst(
        self, environment: str, pods: list[str], path: str, count: int, timeout: float
    ) -> list[Answer | None]:
        """So many questions at once, the pods in turn."""
        turn = itertools.cycle(pods)

        def ask() -> Answer | None:
            try:
                return self.pod(environment, next(turn), path, timeout)
            except OSError:
                return None

        return together(ask, count) if pods else [None]
