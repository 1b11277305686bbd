"""Static files of releases that no pod has any more: pages that are open in browsers still ask for them.

nginx looks in its own image, then in the other colour's, then in the environment's bucket. What this puts there comes from the
pods themselves, by a Job: the bucket need not be within reach of the machine that deploys.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Release
from greenroom.domain.secret import Secret
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.slots import Placed, Slots
from greenroom.drivers.kubernetes.store import Store
from greenroom.ports import Done, Jobs, Presence, Values

PREFIX = "static/"
PORT = 8083
"""Where each colour's nginx serves its own files, and nothing else, to the rest of the environment."""

BATCH = 100
"""Files of one Job: their addresses go in one variable of its environment, which Linux takes up to 128 KiB."""

HASHED = re.compile(r"\.[0-9a-f]{10}(\.[^./]+)?$")
"""Names that change with their content; the others are never asked of an older release."""

FAILED = (
    "static files of this release did not reach the bucket, which pages that are open may miss once it is gone; the next "
    "deploy tries again"
)

WORK = """
import json, os, urllib.request
ask = urllib.request.Request
for source, target, kind in json.loads(os.environ["GREENROOM_FILES"]):
    if source:
        with urllib.request.urlopen(source, timeout=30) as found:
            asked = ask(target, found.read(), {"Content-Type": kind}, method="PUT")
    else:
        asked = ask(target, method="DELETE")
    urllib.request.urlopen(asked, timeout=30).close()
"""
"""What the Job does with each address: put there what lies at another, or remove what is there."""

Sign = Callable[[Values, str, Sequence[str]], list[str]]
"""Addresses at which whoever has them may use this method on the objects of these keys, for some minutes."""

Word = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The environment's bucket as its pods reach it."""

    address: str

    @property
    def static(self) -> str:
        """Where static files lie."""
        return f"{self.address}/{PREFIX}"

    @property
    def media(self) -> str:
        """Where what everybody may read of the app's own objects lies."""
        return f"{self.address}/public/"


def bucket_of(values: Values) -> Bucket | None:
    """The bucket that the app is given; None when it is given none."""
    endpoint, name = values.get("S3_ENDPOINT_URL"), values.get("S3_BUCKET")
    if endpoint is None or name is None:
        return None
    return Bucket(f"{endpoint.reveal().rstrip('/')}/{name.reveal()}")


class OlderFiles:
    """See :class:`greenroom.ports.Resource`. ``files``: the names of a release's static files, None where nobody here knows
    them; ``app``: the app's values; ``say`` hears what could not be done. What lies in the bucket goes with the bucket, the record of it with the environment.
    """

    name = "files"

    def __init__(
        self,
        store: Store,
        names: Names,
        slots: Slots,
        jobs: Jobs,
        sign: Sign,
        files: Callable[[str], Sequence[str] | None],
        app: Callable[[], Values],
        say: Callable[[str], None],
    ) -> None:
        self._say = say
        self._store, self._names, self._slots, self._jobs = store, names, slots, jobs
        self._sign, self._files, self._app = sign, files, app

    def keep(self, environment: str, releases: Sequence[Release]) -> None:
        """Put the files of the slots' releases into the bucket, and remove those that are only of releases no longer kept.

        Nothing where the app has no bucket, or a bucket without a key. Nothing is forgotten that could not be done.
        """
        known = {r.id: r for r in releases}
        there = [p for p in self._slots.all(environment) if p.slot.release in known and not p.going]
        kept = {id: names.split() for id, names in (self._store.get(_record(environment)) or {}).items()}
        every = {p.slot.release: p for p in there if p.slot.release not in kept}
        mine = {
            id: [n for n in named if HASHED.search(n)]
            for id in every
            if (named := self._files(id)) is not None
        }
        gone = set(kept) - set(known)
        if not there or not (mine or gone):
            return
        values, release = self._app(), known[there[-1].slot.release]
        if bucket_of(values) is None or "AWS_SECRET_ACCESS_KEY" not in values:
            return
        stays = {name for id, names in {**kept, **mine}.items() if id not in gone for name in names}
        have = {name for names in kept.values() for name in names}
        words = [w for id in mine for w in self._puts(values, every[id], sorted(set(mine[id]) - have))]
        words += self._deletes(values, sorted(have - stays))
        if self._done(environment, release, words):
            now = {id: " ".join(names) for id, names in {**kept, **mine}.items() if id not in gone}
            self._store.put("files", _record(environment), now, environment)

    def observe(self, environment: str) -> Presence:
        return Presence(self._store.get(_record(environment)) is not None)

    def ensure(self, environment: str) -> None:
        """Made with the first files."""

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        self._store.drop(_record(environment))

    def residue(self, environment: str) -> tuple[str, ...]:
        return (f"configmap {_record(environment)}",) if self.observe(environment).there else ()

    def found(self) -> Mapping[str, str]:
        names = [name.removeprefix("files-") for name in self._store.all("files")]
        return {name: f"record of the files of {name}" for name in names}

    def _puts(self, values: Values, placed: Placed, names: Sequence[str]) -> list[Word]:
        environment = placed.slot.environment
        service = (
            f"{self._names.release(environment)}-{placed.color}.{self._names.namespace(environment)}.svc"
        )
        source = f"http://{service}:{PORT}{placed.snapshot['staticUrl']}"
        targets = self._sign(values, "PUT", [PREFIX + name for name in names])
        return [(source + n, target, _kind(n)) for n, target in zip(names, targets, strict=True)]

    def _deletes(self, values: Values, names: Sequence[str]) -> list[Word]:
        return [("", target, "") for target in self._sign(values, "DELETE", [PREFIX + n for n in names])]

    def _done(self, environment: str, release: Release, words: Sequence[Word]) -> bool:
        """Told when not, and nothing more: what serves does so without."""
        for start in range(0, len(words), BATCH):
            asked = {"GREENROOM_FILES": Secret(json.dumps(words[start : start + BATCH]))}
            command = ("python", "-c", WORK)
            try:
                done = self._jobs.run(environment, release, command, asked, "files", lambda _line: None)
            except GreenroomError as error:
                done = Done(1, (error.message,))
            if done.exit:
                why = next((line for line in reversed(done.tail) if line.strip()), f"exit {done.exit}")
                self._say(f"{FAILED}: {why.strip()[:300]}")
                return False
        return True


def _record(environment: str) -> str:
    return f"files-{environment}"


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
