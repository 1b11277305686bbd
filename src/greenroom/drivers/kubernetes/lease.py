"""The lease on a cluster: a Lease object that its holder renews; whoever stops doing so loses it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.store import Store
from greenroom.ports import Clock, Holder

LEASE_SECONDS = 15.0
"""A holder that has not renewed for so long has died or cannot be heard (client-go's default for leaders)."""

RENEW_SECONDS = 4.0
BETWEEN_SECONDS = 0.25
NOTE = "greenroom.dev/holder"


class KubernetesLease:
    """See :class:`greenroom.ports.Lease`. ``me`` names this process so that no other is called the same; ``is_dead`` says
    of such a name whether its process is known to have died (it ran on this machine)."""

    def __init__(
        self,
        api: Api,
        names: Names,
        store: Store,
        environment: str,
        clock: Clock,
        me: str,
        is_dead: Callable[[str], bool],
    ) -> None:
        self._api, self._store, self._clock = api, store, clock
        self._name = f"lease-{environment}"
        self._list, self._path = names.own("leases"), names.own("leases", self._name)
        self._labels = names.labels(environment)
        self._me, self._is_dead = me, is_dead
        self._renewed = 0.0
        self._forgotten = self._lost = False
        self._turn = threading.Lock()

    @contextmanager
    def hold(self, what: str, wait: float) -> Iterator[None]:
        self._take(what, wait)
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew_until, args=(ended,), daemon=True)
        renewing.start()
        before, self._api.fence = self._api.fence, self._still_mine
        try:
            yield
        finally:
            self._api.fence = before
            ended.set()
            renewing.join()
            self._give_back()

    def check(self) -> None:
        self._renew()

    def forget(self) -> None:
        self._api.delete(self._path)
        self._forgotten = True

    def holder(self) -> Holder | None:
        found = self._api.get(self._path)
        note = _note(found)
        if not note or self._is_dead(_identity(found)):
            return None
        return Holder(str(note.get("what")), str(note.get("who")), float(note.get("since", 0.0)))

    def free(self) -> Holder | None:
        """Whoever holds it finds it gone at its next change, and ends there."""
        holder, found = self.holder(), self._api.get(self._path)
        if holder is not None and found is not None:
            self._api.replace(self._path, self._emptied(found))
        return holder

    def _take(self, what: str, wait: float) -> None:
        self._store.ensure()
        began = seen_at = self._clock.monotonic()
        seen = ""
        while True:
            found = self._api.get(self._path)
            version = found["metadata"]["resourceVersion"] if found else ""
            now = self._clock.monotonic()
            if version != seen:
                seen, seen_at = version, now
            silent = now - seen_at > LEASE_SECONDS
            if not _note(found) or silent or self._is_dead(_identity(found)):
                with suppress(Conflict):
                    self._write(found, what)
                    return
            elif now - began >= wait and not self._may_be_dead(found, now - began):
                raise self._locked(found)
            self._clock.sleep(BETWEEN_SECONDS)

    def _may_be_dead(self, found: Json | None, waited: float) -> bool:
        """A holder that has not renewed in time is watched for as long as a lease lasts before it counts as dead."""
        renewed = ((found or {}).get("spec") or {}).get("renewTime") or ""
        late = not renewed or self._clock.now() - _seconds(renewed) > 2 * RENEW_SECONDS
        return late and waited <= LEASE_SECONDS + 1.0

    def _write(self, found: Json | None, what: str) -> None:
        note = {"what": what, "who": self._me.partition("/")[0], "since": self._clock.now()}
        body: Json = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        body["metadata"] = {
            "name": self._name,
            "labels": self._labels,
            "annotations": {NOTE: json.dumps(note)},
        }
        body["spec"] = {
            "holderIdentity": self._me,
            "leaseDurationSeconds": int(LEASE_SECONDS),
            "renewTime": _time(self._clock.now()),
        }
        if found is None:
            self._api.create(self._list, body)
        else:
            body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            self._api.replace(self._path, body)
        self._renewed = self._clock.monotonic()

    def _renew_until(self, ended: threading.Event) -> None:
        while not ended.wait(RENEW_SECONDS):
            with suppress(GreenroomError):  # the next change finds out, and tells
                self._renew()

    def _renew(self) -> None:
        with self._turn:
            found = self._api.get(self._path)
            self._lost = found is None or _identity(found) != self._me
            if found is None or self._lost:
                raise GreenroomError(
                    "lease-lost", "somebody else has taken over", "greenroom status", Exit.LOCKED
                )
            found["spec"]["renewTime"] = _time(self._clock.now())
            try:
                self._api.replace(self._path, found, fenced=False)
            except Conflict as error:
                raise GreenroomError("lease-lost", str(error), "greenroom status", Exit.LOCKED) from error
            self._renewed = self._clock.monotonic()

    def _still_mine(self) -> None:
        """Nothing is changed on a lease that may have run out meanwhile: first it is renewed, or lost for good."""
        if self._forgotten:
            return
        if self._lost or self._clock.monotonic() - self._renewed > LEASE_SECONDS - RENEW_SECONDS:
            self._renew()

    def _give_back(self) -> None:
        found = self._api.get(self._path)
        if found is None or _identity(found) != self._me:
            return
        with suppress(Conflict):
            self._api.replace(self._path, self._emptied(found))

    def _emptied(self, found: Json) -> Json:
        found["metadata"].pop("annotations", None)
        found["spec"]["holderIdentity"] = ""
        return found

    def _locked(self, found: Json | None) -> GreenroomError:
        note = _note(found)
        age = self._clock.now() - float(note.get("since", 0.0))
        return GreenroomError(
            "locked",
            f"{note.get('what')} is running ({note.get('who')}, for {age:.0f} s)",
            "wait for it with --wait 60, or end it with: greenroom unlock",
            Exit.LOCKED,
        )


def _identity(found: Json | None) -> str:
    return str(((found or {}).get("spec") or {}).get("holderIdentity") or "")


def _note(found: Json | None) -> dict[str, Any]:
    """What the holder wrote about itself; nothing when nobody holds it."""
    if not _identity(found):
        return {}
    try:
        note = json.loads(((found or {})["metadata"].get("annotations") or {}).get(NOTE) or "{}")
    except ValueError:
        note = {}
    return {"what": "a command", "who": _identity(found), **(note if isinstance(note, dict) else {})}


def _time(seconds: float) -> str:
    """A MicroTime of the API."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
