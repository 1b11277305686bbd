"""What earlier tools left on a cluster: claims, volumes, jobs, Helm releases, folders of nodes. Only looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from greenroom.domain.errors import GreenroomError
from greenroom.domain.leftovers import Leftover
from greenroom.drivers.kubernetes.api import Json
from greenroom.drivers.kubernetes.names import PROJECT
from greenroom.ports.environments import Dead

RELEASE, SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
"""Helm's own notes on whatever it made. Its records are Secrets, which nobody reads above namespaces here."""

MAKERS = {
    "deployments": "/apis/apps/v1/deployments",
    "statefulsets": "/apis/apps/v1/statefulsets",
    "cronjobs": "/apis/batch/v1/cronjobs",
}
"""What makes pods, now or at some time."""

CLAIMS, VOLUMES = "/api/v1/persistentvolumeclaims", "/api/v1/persistentvolumes"
PODS, JOBS = "/api/v1/pods", "/apis/batch/v1/jobs"
SYSTEM = ("kube-system", "kube-public", "kube-node-lease")


class Reader(Protocol):
    """What looking needs of the API."""

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        """The objects of a list."""


class ClusterLeftovers:
    """See :class:`greenroom.ports.environments.Leftovers`. What a Greenroom of any project made is not among it: its own
    records tell of that. ``say`` is told what this account may not look into."""

    def __init__(self, api: Reader, say: Callable[[str], None]) -> None:
        self._api, self._say = api, say
        self._seen: dict[str, list[Json] | None] = {}

    def found(self, dead: Dead) -> tuple[Leftover, ...]:
        """Sorted by kind and name."""
        self._seen.clear()
        parts = (self._claims(), self._volumes(), self._jobs(), self._releases(dead))
        return tuple(sorted({one for part in parts for one in part}, key=lambda one: (one.kind, one.name)))

    def _claims(self) -> Iterator[Leftover]:
        pods = self._listed(PODS)
        makers = {kind: self._listed(path) for kind, path in MAKERS.items()}
        if pods is None or None in makers.values():
            return  # who uses a claim cannot be said
        every = [m for found in makers.values() for m in found or ()]
        used = {(_space(one), name) for one in (*pods, *every) for name in claims_of(one)}
        stateful = [(_space(s), f"-{_name(s)}-") for s in makers["statefulsets"] or ()]
        for claim in self._listed(CLAIMS) or ():
            where, name = _space(claim), _name(claim)
            numbered = any(where == s and part in name for s, part in stateful)
            if (where, name) not in used and not numbered and not _ours(claim):
                yield Leftover(
                    "claim",
                    f"{where}/{name}",
                    "no pod uses it, and nothing that makes pods names it",
                    f"save what is needed, then: kubectl -n {where} delete pvc {name}",
                )

    def _volumes(self) -> Iterator[Leftover]:
        for volume in self._listed(VOLUMES) or ():
            phase, spec = (volume.get("status") or {}).get("phase"), volume.get("spec") or {}
            if phase not in ("Released", "Failed"):
                continue
            claim = spec.get("claimRef") or {}
            whose = f"it was that of {claim.get('namespace')}/{claim.get('name')}"
            yield Leftover("volume", _name(volume), f"{phase}: {whose}", f"kubectl delete pv {_name(volume)}")
            folder = (spec.get("hostPath") or spec.get("local") or {}).get("path")
            if folder:
                yield Leftover(
                    "folder",
                    f"{node_of(spec)}:{folder}",
                    f"the data of the volume {_name(volume)}: {whose}",
                    "on the node, by hand: no object of the cluster removes it",
                )

    def _jobs(self) -> Iterator[Leftover]:
        for job in self._listed(JOBS) or ():
            conditions = (job.get("status") or {}).get("conditions") or ()
            why = next((c for c in conditions if (c["type"], c["status"]) == ("Failed", "True")), None)
            goes = "ttlSecondsAfterFinished" in (job.get("spec") or {}) or job["metadata"].get(
                "ownerReferences"
            )
            if why is not None and not goes and not _ours(job):
                where, name = _space(job), _name(job)
                told = f"it failed ({why.get('reason', 'no reason given')}), and nothing removes it"
                yield Leftover("job", f"{where}/{name}", told, f"kubectl -n {where} delete job {name}")

    def _releases(self, dead: Dead) -> Iterator[Leftover]:
        for path in (*MAKERS.values(), CLAIMS, JOBS):
            for one in self._listed(path) or ():
                notes = one["metadata"].get("annotations") or {}
                name, where = notes.get(RELEASE), notes.get(SPACE, _space(one))
                gone = None if name is None or _ours(one) else dead(name) or dead(where)
                if gone:
                    told = f"no branch leads to {gone} any more"
                    yield Leftover("release", f"{where}/{name}", told, f"helm -n {where} uninstall {name}")

    def _listed(self, path: str) -> list[Json] | None:
        """None: this account may not list them."""
        if path not in self._seen:
            self._seen[path] = self._asked(path)
        return self._seen[path]

    def _asked(self, path: str) -> list[Json] | None:
        try:
            return [one for one in self._api.items(path) if _space(one) not in SYSTEM]
        except GreenroomError as error:
            if error.code != "no-right":
                raise
            self._say(f"nobody can say what is left of {path.rpartition('/')[2]}: {error.message}")
            return None


def _name(one: Json) -> str:
    return str(one["metadata"]["name"])


def _space(one: Json) -> str:
    return str(one["metadata"].get("namespace", ""))


def _ours(one: Json) -> bool:
    return PROJECT in (one["metadata"].get("labels") or {})


def claims_of(one: Json) -> Iterator[str]:
    """The claims that a pod mounts, or the pods that this makes."""
    spec = one.get("spec") or {}
    spec = (spec.get("jobTemplate") or {}).get("spec") or spec
    spec = (spec.get("template") or {}).get("spec") or spec
    for volume in spec.get("volumes") or ():
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            yield str(claim)


def node_of(spec: Json) -> str:
    """The node that a volume is bound to; ``?`` where it does not say."""
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    named = [v for t in terms for e in t.get("matchExpressions") or () for v in e.get("values") or ()]
    return str(named[0]) if len(named) == 1 else "?"
