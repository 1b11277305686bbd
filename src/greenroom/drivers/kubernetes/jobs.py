"""Commands in a release, as Jobs: they outlive the command that asked for them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.kubernetes.answers import unseen_is_fine
from greenroom.drivers.kubernetes.api import Api, Conflict, Json
from greenroom.drivers.kubernetes.names import RELEASE, ROLE, Names, path
from greenroom.drivers.kubernetes.pods import Trouble, has_no_node, job_trouble
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.restricted import CONTAINER, POD
from greenroom.drivers.kubernetes.values import Images
from greenroom.drivers.system.foreground import run_in_terminal
from greenroom.ports import MIGRATION_LIMITS, Clock, Done, Say, Values

BETWEEN_SECONDS = 0.15
TAIL_LINES = 40
KEPT_SECONDS = 86_400
"""A Job that nobody has heard the end of goes by itself after a day."""

UNHEARD_SECONDS = 300
"""The same of a command at a terminal, whose end nobody asks for later."""

HEARD_SECONDS = 2.0
"""Within so long whoever waits for a job hears its end."""

START_SECONDS = 120.0
"""How long the pod of a command at the terminal may take to start."""

KEY = "greenroom.dev/key"


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    key: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


class KubernetesJobs:
    """See :class:`greenroom.ports.Jobs`. ``context``: of the kubeconfig, where it is not the current one."""

    def __init__(
        self,
        api: Api,
        names: Names,
        helm: HelmRelease,
        clock: Clock,
        app: App,
        images: Callable[[Release], Images],
        environ: Mapping[str, str],
        context: str | None = None,
    ) -> None:
        self._kubectl = ("kubectl", *(("--context", context) if context else ()))
        self._api, self._names, self._helm, self._clock = api, names, helm, clock
        self._app, self._images, self._environ = app, images, environ

    def migrate(self, environment: str, release: Release, values: Values) -> Done:
        if not self._app.migrate:
            raise GreenroomError(
                "no-migrate", "this release has revisions, and no command applies them", "set [app] migrate"
            )
        job = _Job(
            self._migration(environment), release.id, self._app.migrate, {"PGOPTIONS": MIGRATION_LIMITS}
        )
        done = self._perform(job, environment, release, values, lambda _line: None)
        cause = probable_cause(done.tail) if done.exit else ""
        return Done(done.exit, (*done.tail, *([f"cause: {cause}"] if cause else [])), done.attached)

    def migrating(self, environment: str) -> bool:
        found = self._api.get(self._names.at(environment, "jobs", self._migration(environment)))
        return found is not None and _runs(found)

    def withdraw(self, environment: str) -> None:
        where = self._names.at(environment, "jobs", self._migration(environment))
        found = self._api.get(where)
        if found is not None and not _runs(found):
            self._api.delete(where)

    def run(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, name: str, say: Say
    ) -> Done:
        digest = hashlib.sha256(repr((release.id, list(argv))).encode()).hexdigest()[:12]
        job = _Job(f"run-{_plain(name)}", digest, tuple(argv), {})
        return self._perform(job, environment, release, values, say)

    def foreground(self, environment: str, release: Release, argv: Sequence[str], values: Values) -> int:
        """A Job of its own, with this terminal attached to its pod by kubectl. It goes with the command; if that was killed, by
        itself soon after its process has ended, which has lost its terminal then. One that never had its terminal waits for it, and
        is ended by the cluster after a day, like every session."""
        name = f"run-{self._clock.now():.0f}-{secrets.token_hex(2)}"
        spec = self._pod_spec(environment, release, argv, values, {})
        spec["containers"][0] |= {"stdin": True, "tty": True, "stdinOnce": True}
        body = _body(name, "", self._labels(environment, release), spec, UNHEARD_SECONDS)
        body["spec"]["activeDeadlineSeconds"] = KEPT_SECONDS
        self._api.create(self._names.at(environment, "jobs"), body)
        try:
            pod = self._wait_started(environment, name)
            asked = [*self._kubectl, "attach", "-itq", "-n", self._names.namespace(environment), pod]
            code = run_in_terminal(asked, cwd=Path.cwd(), env=self._environ)
            return code if code == 127 else _exit_of(self._pod_of(environment, name) or {}, code)
        finally:
            self._api.delete(self._names.at(environment, "jobs", name))

    def _perform(self, job: _Job, environment: str, release: Release, values: Values, say: Say) -> Done:
        attached = self._find(job, environment)
        if not attached:
            self._start(job, environment, release, values)
        lines, exit = self._follow(job, environment, say)
        self._api.delete(self._names.at(environment, "jobs", job.name), "Foreground")
        return Done(exit, tuple(lines[-TAIL_LINES:]), attached)

    def _find(self, job: _Job, environment: str) -> bool:
        """Does this very job run, or has it ended unheard? Another one of its name is waited for first, and who asked for it is left
        time to hear its end."""
        where = self._names.at(environment, "jobs", job.name)
        ended_at = 0.0
        while (found := self._api.get(where)) is not None:
            same = (found["metadata"].get("annotations") or {}).get(KEY) == job.key
            going = "deletionTimestamp" in found["metadata"]
            ended = _ended(found)
            if same and not going and (ended is None or (not job.env and ended is not None)):
                return True
            now = self._clock.monotonic()
            if ended is None:
                self._api.tell(f"another {job.name} runs and is waited for")
            elif not going:
                ended_at = ended_at or now
                if same or now - ended_at >= HEARD_SECONDS:
                    self._api.delete(where, "Foreground")
            self._clock.sleep(BETWEEN_SECONDS)
        return False

    def _start(self, job: _Job, environment: str, release: Release, values: Values) -> None:
        spec = self._pod_spec(environment, release, job.argv, values, job.env)
        body = _body(job.name, job.key, self._labels(environment, release), spec, KEPT_SECONDS)
        try:
            self._api.create(self._names.at(environment, "jobs"), body)
        except Conflict:
            if not self._find(job, environment):
                raise GreenroomError("job-taken", f"another {job.name} has begun", "do it again") from None

    def _follow(self, job: _Job, environment: str, say: Say) -> tuple[list[str], int]:
        """Its output line by line until it has ended."""
        lines: list[str] = []
        where = self._names.at(environment, "jobs", job.name)
        while True:
            found = self._api.get(where)
            if found is None:
                return [*lines, "somebody has removed the job"], 1
            ended = _ended(found)
            pod = self._pod_of(environment, job.name)
            with unseen_is_fine():
                lines = self._say_new(environment, pod, lines, say)
            trouble = job_trouble(self._api, found, pod, self._clock.now()) if ended is None else None
            if trouble is not None and not trouble.container_ended:
                self._api.delete(where, "Foreground")
                raise _does_not_start(job.name, trouble)
            if ended is not None:
                return lines, 0 if ended else _exit_of(pod or {}, 1) or 1
            self._clock.sleep(BETWEEN_SECONDS)

    def _say_new(self, environment: str, pod: Json | None, known: list[str], say: Say) -> list[str]:
        if pod is None:
            return known
        where = path("pods", self._names.namespace(environment), pod["metadata"]["name"])
        lines = self._api.text(f"{where}/log?container=job").splitlines()
        for line in lines[len(known) :]:
            say(line)
        return lines or known

    def _pod_of(self, environment: str, job: str) -> Json | None:
        found = self._api.items(self._names.at(environment, "pods"), {"batch.kubernetes.io/job-name": job})
        return found[-1] if found else None

    def _wait_started(self, environment: str, job: str) -> str:
        """The name of its pod, which runs or has ended."""
        until = self._clock.monotonic() + START_SECONDS
        while True:
            pod = self._pod_of(environment, job)
            if pod and (pod.get("status") or {}).get("phase") in ("Running", "Succeeded", "Failed"):
                return str(pod["metadata"]["name"])
            if pod and has_no_node(pod):
                until = self._clock.monotonic() + START_SECONDS
            made = self._api.get(self._names.at(environment, "jobs", job))
            trouble = job_trouble(self._api, made, pod, self._clock.now()) if made else None
            if trouble is not None or self._clock.monotonic() >= until:
                raise _does_not_start("the command", trouble or Trouble("it did not start in time"))
            self._clock.sleep(BETWEEN_SECONDS)

    def _pod_spec(
        self, environment: str, release: Release, argv: Sequence[str], values: Values, more: Mapping[str, str]
    ) -> Json:
        images = self._images(release)
        plain = {"GREENROOM_RELEASE": release.id, "GREENROOM_ENVIRONMENT": environment, **more}
        container = {
            "name": "job",
            "image": images.app,
            "args": list(argv),
            "env": [{"name": k, "value": v} for k, v in plain.items()],
            "envFrom": [{"secretRef": {"name": self._helm.keep_secret(environment, values)}}],
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in a container of its own
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            "securityContext": CONTAINER,
        }
        return {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            # A program that is process 1 of its container ignores SIGTERM unless it expects it.
            "shareProcessNamespace": True,
            "imagePullSecrets": [{"name": s} for s in images.pull_secrets],
            "securityContext": POD,
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        }

    def _labels(self, environment: str, release: Release) -> dict[str, str]:
        return {**self._names.pod_labels(environment), RELEASE: release.id, ROLE: "job"}

    def _migration(self, environment: str) -> str:
        return f"{self._names.release(environment)}-migrate"


def _body(name: str, key: str, labels: Mapping[str, str], pod: Json, kept: int) -> Json:
    """A Job. ``kept``: seconds after its end in which it may be heard."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": dict(labels), "annotations": {KEY: key}},
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": kept,
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
        },
    }


def _runs(job: Json) -> bool:
    return _ended(job) is None and bool((job.get("status") or {}).get("active"))


def _ended(job: Json) -> bool | None:
    """How it ended: True well, False badly; None while it has not."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition["status"] == "True" and condition["type"] in ("Complete", "Failed"):
            return bool(condition["type"] == "Complete")
    return None


def _exit_of(pod: Json, otherwise: int) -> int:
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            return int(ended["exitCode"])
    return otherwise


def _does_not_start(name: str, trouble: Trouble) -> GreenroomError:
    return GreenroomError(
        "job-refused", f"{name} does not start: {trouble.why}", "greenroom status", Exit.FAILED
    )


def _plain(name: str) -> str:
    """A name that Kubernetes takes."""
    kept = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")[:30]
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return kept if kept == name else f"{kept or 'job'}-{digest}"
