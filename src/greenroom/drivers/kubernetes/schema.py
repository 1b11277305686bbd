"""The database's own word on its revision, asked through a pod that serves; by a Job when none does."""

from __future__ import annotations

import json
from collections.abc import Callable

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Release
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.ports import Jobs, Values

ASK_SECONDS = 10.0
SCRIPT = ("python", "/app/server/heads.py")


class KubernetesSchema:
    """See :class:`greenroom.ports.Schema`. ``newest``: the release whose image a Job may use; ``values``: the app's;
    ``say`` is told why a Job could not read it."""

    def __init__(
        self,
        slots: Slots,
        asker: Asker,
        jobs: Jobs,
        newest: Callable[[], Release | None],
        values: Callable[[], Values],
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._slots, self._asker, self._jobs = slots, asker, jobs
        self._newest, self._values = newest, values

    def heads(self, environment: str, start: bool = True) -> frozenset[str] | None:
        for placed in reversed(self._slots.all(environment)):
            found = self._through(placed.slot.id)
            if found is not None:
                return found
        return self._by_job(environment) if start else None

    def _through(self, slot: str) -> frozenset[str] | None:
        try:
            answer = self._asker(slot, "/.greenroom/heads", ASK_SECONDS)
        except OSError:
            return None
        return _heads(answer.body) if answer.status == 200 else None

    def _by_job(self, environment: str) -> frozenset[str] | None:
        release = self._newest()
        if release is None:
            return None
        try:
            done = self._jobs.run(environment, release, SCRIPT, self._values(), "heads", lambda _line: None)
        except GreenroomError as error:
            self._say(f"the database's revision cannot be read: {error.message}")
            return None
        if done.exit or not done.tail:
            last = done.tail[-1] if done.tail else "it wrote nothing"
            self._say(f"the database's revision cannot be read: the job ended with exit {done.exit}: {last}")
            return None
        return _heads(done.tail[-1])


def _heads(text: str) -> frozenset[str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return frozenset(map(str, found)) if isinstance(found, list) else None
