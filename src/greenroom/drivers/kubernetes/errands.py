"""Short commands with private files, as Jobs of the control namespace: what only pods can reach is reached so."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.names import ROLE, Names, path
from greenroom.drivers.kubernetes.pods import epoch, job_trouble, trouble_of
from greenroom.drivers.kubernetes.restricted import CONTAINER, POD, USER
from greenroom.drivers.kubernetes.store import Store
from greenroom.ports import Clock, Done

FILES = "/greenroom"
"""Where a command finds its files."""

BETWEEN_SECONDS = 0.15
LIMIT_SECONDS = 900
"""A copy of a large template takes minutes."""

GONE_SECONDS = 30.0
KEPT_SECONDS = 3600
"""A Job that nobody has heard the end of goes by itself after so long, and its files with it; one that was not started goes with
the next errand then."""

KEY = "greenroom.dev/key"


class Errands:
    """One at a time for each name. One that a killed command left is waited for, and its end is not taken for an answer."""

    def __init__(self, api: Api, names: Names, store: Store, clock: Clock, pull_secret: str | None) -> None:
        self._api, self._names, self._store, self._clock = api, names, store, clock
        self._pull_secret = pull_secret

    def run(
        self,
        name: str,
        environment: str,
        image: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        files: Mapping[str, str],
    ) -> Done:
        """``environment``: whose it is; an empty name: the project's. Raises when the pod does not start."""
        self._store.ensure()
        self._drop_unstarted()
        self._end_of(name)
        key = secrets.token_hex(8)
        labels = {**self._names.labels(environment or None), ROLE: "errand"}
        body = self._job(name, labels, key, image, argv, env)
        try:
            made = self._api.create(self._names.own("jobs"), body)
        except Conflict:
            made = self._api.get(self._names.own("jobs", name)) or {}
            if ((made.get("metadata") or {}).get("annotations") or {}).get(KEY) != key:
                raise GreenroomError(
                    "errand-taken", f"another {name} has begun", "do it again", Exit.LOCKED
                ) from None
        try:
            self._give(name, labels, made["metadata"]["uid"], files)
            self._api.patch(self._names.own("jobs", name), {"spec": {"suspend": False}})
            return self._follow(name)
        finally:
            self._clear(name)

    def _give(self, name: str, labels: Mapping[str, str], uid: str, files: Mapping[str, str]) -> None:
        """The files go with the Job, whatever becomes of this command."""
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid}
        body: Json = {"apiVersion": "v1", "kind": "Secret", "immutable": True}
        body["metadata"] = {"name": name, "labels": dict(labels), "ownerReferences": [owner]}
        body["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in files.items()}
        with suppress(Conflict):  # the answer to the first try was lost
            self._api.create(self._names.own("secrets"), body)

    def _follow(self, name: str) -> Done:
        """Until its process has ended, which the Job says a second later."""
        while True:
            job, pod = self._api.get(self._names.own("jobs", name)), self._pod(name)
            code = _exit(pod) if pod else None
            if pod is not None and code is not None:
                return Done(code, self._log(pod))
            trouble = job_trouble(self._api, job, pod, self._clock.now()) if job else None
            if job is None or trouble is not None or _failed(job):
                why = trouble.why if trouble else _failed(job or {}) or "somebody has removed it"
                raise GreenroomError(
                    "errand-refused", f"the job {name} does not run: {why}", "greenroom doctor cluster"
                )
            self._clock.sleep(BETWEEN_SECONDS)

    def _log(self, pod: Json) -> tuple[str, ...]:
        where = path("pods", self._names.control, pod["metadata"]["name"])
        return tuple(self._api.text(f"{where}/log?container=errand").splitlines())

    def _pod(self, name: str) -> Json | None:
        found = self._api.items(self._names.own("pods"), {"batch.kubernetes.io/job-name": name})
        return found[-1] if found else None

    def _end_of(self, name: str) -> None:
        """Let one that was left run to its end: what it does on a server cannot be called back. One that was not started is not."""
        where, until = self._names.own("jobs", name), self._clock.monotonic() + LIMIT_SECONDS + GONE_SECONDS
        while (job := self._api.get(where)) is not None:
            if self._clock.monotonic() > until:
                hint = f"kubectl -n {self._names.control} describe job {name}"
                raise GreenroomError("errand-stuck", f"the job {name} of before does not end", hint)
            going = "deletionTimestamp" in job["metadata"]
            pod = self._pod(name)
            over = bool(job["spec"].get("suspend")) or _ended(job)
            if not going and (
                over or (pod is not None and trouble_of(self._api, pod, self._clock.now()) is not None)
            ):
                self._clear(name)
            self._clock.sleep(BETWEEN_SECONDS)

    def _drop_unstarted(self) -> None:
        """Whatever its name: no limit of time counts for a Job that a killed command never started, and its files are kept with it."""
        for job in self._api.items(self._names.own("jobs"), {ROLE: "errand"}):
            age = self._clock.now() - epoch(job["metadata"]["creationTimestamp"])
            if job["spec"].get("suspend") and age > KEPT_SECONDS:
                self._clear(job["metadata"]["name"])

    def _clear(self, name: str) -> None:
        """Remove it with its files, and wait until it is gone; what does not go in time is no failure of the command."""
        with suppress(Conflict):
            self._api.delete(self._names.own("jobs", name), "Foreground")
        with suppress(Conflict):
            self._api.delete(self._names.own("secrets", name))
        until = self._clock.monotonic() + GONE_SECONDS
        while self._api.get(self._names.own("jobs", name)) is not None and self._clock.monotonic() < until:
            self._clock.sleep(BETWEEN_SECONDS)

    def _job(
        self,
        name: str,
        labels: Mapping[str, str],
        key: str,
        image: str,
        argv: Sequence[str],
        env: Mapping[str, str],
    ) -> Json:
        """Suspended: it starts when its files are there."""
        container = {
            "name": "errand",
            "image": image,
            "command": list(argv),
            "env": [{"name": k, "value": v} for k, v in {"HOME": FILES, **env}.items()],
            "volumeMounts": [{"name": "files", "mountPath": FILES, "readOnly": True}],
            "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
            "securityContext": CONTAINER,
        }
        pod: Json = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {**POD, "fsGroup": USER},
            "containers": [container],
            "volumes": [{"name": "files", "secret": {"secretName": name, "defaultMode": 0o440}}],
        }
        if self._pull_secret:
            pod["imagePullSecrets"] = [{"name": self._pull_secret}]
        spec = {
            "suspend": True,
            "backoffLimit": 0,
            "activeDeadlineSeconds": LIMIT_SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
        }
        metadata = {"name": name, "labels": dict(labels), "annotations": {KEY: key}}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _exit(pod: Json) -> int | None:
    """How its one process ended; None while it has not."""
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            return int(ended["exitCode"])
    return None


def _failed(job: Json) -> str:
    """Why the cluster gave it up; nothing when it did not."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["status"] == "True" and condition["type"] == "Failed":
            return str(condition.get("message") or condition.get("reason") or "it failed")
    return ""


def _ended(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(c["status"] == "True" and c["type"] in ("Complete", "Failed") for c in conditions)
