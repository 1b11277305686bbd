"""Looking at an app through its pods, and at the certificate that the cluster's edge serves."""

from __future__ import annotations

from collections.abc import Callable

from greenroom.domain.errors import GreenroomError
from greenroom.domain.inspected import Certificate, Outside, Strays
from greenroom.drivers.asking.looking import SlotLooker
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.traffic import Reach
from greenroom.drivers.system.net import served_certificate
from greenroom.ports import Clock

PATHS = ("/", "/static/", "/media/greenroom-probe", "/api/greenroom-probe")


class KubernetesInspector(SlotLooker):
    """See :class:`greenroom.ports.Inspector`. ``processes``: of one slot, over all its pods."""

    def __init__(
        self,
        asker: Asker,
        clock: Clock,
        processes: int,
        reach: Reach,
        strays: Callable[[str], Strays | None],
        private: Callable[[str], bool],
    ) -> None:
        super().__init__(asker, clock, processes)
        self._reach, self._strays, self._private = reach, strays, private

    def strays(self, release: str) -> Strays | None:
        return self._strays(release)

    def certificate(self, environment: str) -> Certificate:
        host, edge = self._reach.host(environment), self._reach.edge
        try:
            _, begins, ends, trouble = served_certificate(host, edge.port, edge.ca_file, edge.address or host)
        except OSError as error:
            raise _silent(host, error) from error
        return Certificate(host, trouble, None, begins, ends)

    def outside(self, environment: str) -> Outside:
        private = self._private(environment)
        stopped = {path: self._stopped(environment, path) for path in PATHS} if private else {}
        return Outside(
            private,
            tuple(p for p, shut in stopped.items() if not shut),
            tuple(p for p, shut in stopped.items() if shut),
            hidden=private,
        )

    def _stopped(self, environment: str, path: str) -> bool:
        stranger = Reach(self._reach.edge, self._reach.host, lambda _environment: {})
        try:
            return stranger.ask(environment, path).status in (401, 403, 302)
        except OSError as error:
            raise _silent(self._reach.host(environment), error) from error


def _silent(host: str, error: OSError) -> GreenroomError:
    return GreenroomError(
        "edge-silent", f"the cluster's edge does not answer for {host}: {error}", "greenroom doctor cluster"
    )
