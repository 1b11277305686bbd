"""What the API server's answers mean: it is away, it knows nobody, it has nothing to show, it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.ports import Clock

PATIENCE_SECONDS = 120.0
"""How long a server that does not answer is waited for: longer than the restart of one takes."""

BETWEEN_SECONDS = 0.5
AWAY = frozenset({429, 500, 502, 503, 504})
"""Answers of a server that is overloaded, starting, or without its store; asked again."""

QUICK_TRIES = 3
"""Of what the server has from somebody else: the log of a node, an API that another server answers for."""

UNKNOWN = 401
"""Who asks is not known, or not any more."""


NOT_SEEN = "not-seen"


class Waiting:
    """For a server that is away: it is asked again for a while, and that is said once."""

    def __init__(self, clock: Clock, say: Callable[[str], None]) -> None:
        self._clock, self._say = clock, say
        self._began, self._said, self.tries = clock.monotonic(), False, 0

    def again(self, why: str) -> None:
        """Returns when it is time for another try; raises ``cluster-away`` when it is not worth one."""
        waited = self._clock.monotonic() - self._began
        if waited > PATIENCE_SECONDS:
            raise GreenroomError(
                "cluster-away", f"the API server does not answer: {why}", "kubectl cluster-info"
            )
        if not self._said and waited > 1.0:
            self._say(f"the API server does not answer ({why}); waiting for it")
            self._said = True
        self.tries += 1
        # A connection that was kept may have been closed by the server meanwhile: the first try again is at once.
        self._clock.sleep(BETWEEN_SECONDS if self.tries > 1 else 0.0)


def message(data: bytes) -> str:
    """What an answer says, if it is one of the API."""
    try:
        return str(json.loads(data).get("message", ""))[:600]
    except (ValueError, AttributeError):
        return data[:300].decode("utf-8", "replace")


def unknown(status: int, data: bytes, path: str) -> bool:
    """Does the API server itself not know who asks? A pod that it handed the request on to may say 401 too."""
    if status != UNKNOWN or "/proxy/" not in path:
        return status == UNKNOWN
    try:
        return bool(json.loads(data).get("kind") == "Status")
    except (ValueError, AttributeError):
        return False


def not_seen(path: str, why: str) -> GreenroomError:
    """The server would have it from somebody else, who does not answer."""
    what = path.partition("?")[0]
    return GreenroomError(NOT_SEEN, f"the cluster cannot show {what}: {why}", "kubectl get nodes,apiservices")


@contextmanager
def unseen_is_fine() -> Iterator[None]:
    """Goes on without what the cluster cannot show."""
    try:
        yield
    except GreenroomError as error:
        if error.code != NOT_SEEN:
            raise


def refused(status: int, message: str) -> GreenroomError:
    """What the server says against it."""
    if status in {401, 403}:
        hint = "greenroom doctor cluster prints the rights that it needs"
        return GreenroomError("no-right", f"the cluster refuses: {message}", hint, Exit.USAGE)
    return GreenroomError(
        "cluster-refused", f"the cluster refuses ({status}): {message}", "greenroom doctor cluster"
    )
