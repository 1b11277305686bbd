"""The pods of a slot: are they there, do they get anywhere, and what did they say last?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from greenroom.domain.errors import GreenroomError
from greenroom.domain.roles import Role
from greenroom.drivers.kubernetes.answers import unseen_is_fine
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import COLOR, ENVIRONMENT, ROLE, SLOT, Names, path

STATIC, WEB = "static", "web"
"""The containers of a serving pod: nginx in front, the app behind."""

END_SECONDS = 60.0
"""Above the time that a slot's processes may take to stop: the node's own work."""

PATIENCE_SECONDS = 30.0
"""How long no node may have room for a pod: others are just ending, or somebody who brings nodes has not looked yet."""

COMING = ("TriggeredScaleUp", "Nominated")
"""What cluster-autoscaler and Karpenter write beside a pod for which they bring a node."""

NODE_SECONDS = 900.0
"""How long after such a word a node may take (cluster-autoscaler's own default)."""

REFUSED_SECONDS = 5.0
"""After so long a Job without a pod is asked why."""

BEGIN_SECONDS = 600.0
"""How long the image of a Job may take to be pulled, and its volumes to be mounted."""

STARTING = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
"""What a node writes beside a pod that it cannot start, and tries again."""

_HOPELESS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "CrashLoopBackOff",
    }
)
"""What a container waits for that does not come by waiting."""

_WORDS = {
    "ErrImagePull": "its image cannot be pulled",
    "ImagePullBackOff": "its image cannot be pulled",
    "InvalidImageName": "its image's name is none",
    "CrashLoopBackOff": "it ends again and again",
    "CreateContainerConfigError": "its container cannot be made",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why pods get nowhere, in words; the pod and the container whose log may tell more."""

    why: str
    pod: str = ""
    container: str = ""
    container_ended: bool = False
    no_room: bool = False


class Pods:
    """Reads pods and what makes them."""

    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    def serving(self, environment: str, slot: str) -> list[Json]:
        """The web pods of a slot that have not been told to end."""
        found = self._listed(environment, {SLOT: slot, ROLE: "web"})
        return [p for p in found if "deletionTimestamp" not in p["metadata"]]

    def background(self, environment: str, color: str | None = None) -> list[Json]:
        """Pods of workers and cron roles, of one colour or of all."""
        found = self._listed(environment, {COLOR: color or ""})
        return [p for p in found if p["metadata"]["labels"].get(ROLE, "web") not in ("web", "job")]

    def every(self, environment: str, slot: str) -> list[Json]:
        """All pods of a slot, those that are ending too."""
        return self._listed(environment, {SLOT: slot})

    def trouble(self, environment: str, slot: str, deployment: str, now: float) -> Trouble | None:
        """What keeps the slot's pods from becoming ready, as far as waiting will not help. ``now`` in seconds since the epoch."""
        for pod in self.serving(environment, slot):
            found = trouble_of(self._api, pod, now)
            if found is not None:
                return found
        return self._refused(environment, deployment)

    def _refused(self, environment: str, deployment: str) -> Trouble | None:
        """Pods that may not even be made: quota, pod security, a webhook; the Deployment says so."""
        found = self._api.get(self._names.at(environment, "deployments", deployment)) or {}
        for condition in (found.get("status") or {}).get("conditions") or ():
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                return Trouble(f"the cluster refuses its pods: {condition.get('message', '')}")
        return None

    def log(self, environment: str, pod: str, container: str, lines: int) -> list[str]:
        """The last lines of a container, of the one before it when it has just begun anew; none when they cannot be seen."""
        where = path("pods", self._names.namespace(environment), pod)
        asked = f"{where}/log?container={container}&tailLines={lines}"
        with unseen_is_fine():
            return (self._api.text(asked) or self._api.text(f"{asked}&previous=true")).splitlines()
        return []

    def _listed(self, environment: str, labels: dict[str, str]) -> list[Json]:
        where = self._names.at(environment, "pods")
        return self._api.items(where, {ENVIRONMENT: environment, **labels})


def longest_end(roles: Iterable[Role]) -> float:
    """Seconds after which the pods of these roles must have ended."""
    return max(role.stop_timeout for role in roles) + END_SECONDS


def is_ready(pod: Json) -> bool:
    """Do its readiness probes succeed?"""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def has_no_node(pod: Json) -> bool:
    """Is there no room for it anywhere, for now?"""
    return any(True for _ in _refused_by_nodes(pod))


def restarts(pod: Json) -> int:
    """How often its containers have been started anew."""
    return sum(c.get("restartCount", 0) for c in _containers(pod))


def trouble_of(api: Api, pod: Json, now: float) -> Trouble | None:
    """What keeps the pod from running, as far as waiting will not help: for a node that comes it does, and that is said once.

    ``now`` in seconds since the epoch.
    """
    found = first_trouble(pod, now)
    if found is None or not found.no_room or not (word := _coming(api, pod, now)):
        return found
    api.tell(f"no node has room; the cluster brings another one ({word}), which takes minutes")
    return None


def job_trouble(api: Api, job: Json, pod: Json | None, now: float) -> Trouble | None:
    """What keeps a Job's pod from running, as far as waiting will not help. The cluster tries for ever to make one that quota, pod
    security or a webhook refuse, and for ever to start one whose volumes or network it cannot give; both are said after a while."""
    age = now - epoch(job["metadata"].get("creationTimestamp"))
    if pod is None:
        refusals = _events(api, job, ("FailedCreate",)) if age >= REFUSED_SECONDS else ()
        said = next((str(e.get("message") or "") for e in refusals), None)
        return None if said is None else Trouble(f"the cluster refuses its pod: {said}"[:500])
    found = trouble_of(api, pod, now)
    if found is None and age >= BEGIN_SECONDS and not has_no_node(pod) and _has_not_begun(pod):
        said = next((str(e.get("message") or "") for e in _events(api, pod, STARTING)), "nobody says why")
        return Trouble(f"it has not begun within {BEGIN_SECONDS:g} s: {said}"[:500], pod["metadata"]["name"])
    return found


def _has_not_begun(pod: Json) -> bool:
    states = [c.get("state") or {} for c in _containers(pod)]
    return not any("running" in state or "terminated" in state for state in states)


def _coming(api: Api, pod: Json, now: float) -> str:
    """The reason of an event by which a node is on its way to this pod; nothing when none is, or nobody may see events."""
    fresh = (str(e["reason"]) for e in _events(api, pod, COMING) if now - _written(e) < NODE_SECONDS)
    return next(fresh, "")


def _events(api: Api, of: Json, reasons: Collection[str]) -> tuple[Json, ...]:
    """What was written beside an object, of these reasons; nothing when nobody may see events."""
    meta = of["metadata"]
    where = f"{path('events', meta['namespace'])}?fieldSelector=involvedObject.uid%3D{meta['uid']}"
    try:
        events = (api.get(where) or {}).get("items") or ()
    except GreenroomError as error:
        if error.code != "no-right":
            raise
        return ()
    return tuple(e for e in events if e.get("reason") in reasons)


def _written(event: Json) -> float:
    """When it was written last, in seconds since the epoch."""
    at = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return epoch(at)


def first_trouble(pod: Json, now: float) -> Trouble | None:
    """What keeps the pod from running, as far as waiting will not help. ``now`` in seconds since the epoch."""
    return next(_troubles(pod, now), None)


def _troubles(pod: Json, now: float) -> Iterator[Trouble]:
    name = (pod.get("metadata") or {}).get("name", "")
    first = len((pod.get("status") or {}).get("initContainerStatuses") or ())
    for number, container in enumerate(_containers(pod)):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason", "")
        if reason in _HOPELESS:
            told = waiting.get("message", "")
            yield Trouble(f"{_WORDS.get(reason, reason)} ({reason}): {told}"[:500], name, container["name"])
        ended = (container.get("state") or {}).get("terminated") or {}
        done = number < first and ended.get("exitCode") == 0  # what prepares the others has ended well
        if ended and not done:
            why = "it was killed for memory" if ended.get("reason") == "OOMKilled" else "its process exited"
            yield Trouble(f"{why} (exit {ended.get('exitCode')})", name, container["name"], True)
    for condition in _refused_by_nodes(pod):
        if now - epoch(condition.get("lastTransitionTime")) >= PATIENCE_SECONDS:
            why = f"no node can take it: {condition.get('message', '')}"
            yield Trouble(why[:500], name, no_room=True)


def _refused_by_nodes(pod: Json) -> Iterator[Json]:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if (condition["type"], condition["status"]) == ("PodScheduled", "False"):
            yield condition


def epoch(text: str | None) -> float:
    """Seconds since the epoch of what the API writes; 0 when nothing is said."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def _containers(pod: Json) -> list[Json]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
