"""What is left of an environment, searched for over every kind that the cluster has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.kubernetes.answers import NOT_SEEN
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.static_volumes import was_bound_in

KEPT_BY_STATE = ("configmaps", "secrets", "leases")
"""Kinds that lie in the control namespace beside the environment's own, and go with its records."""


def left_of(api: Api, namespace: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Every object in the namespace or with the labels, wherever it lies, and volumes that a claim of it was bound to.

    The control namespace's own are not counted: its records go last. What the cluster cannot show counts as left: it is not known.
    """
    if api.get(f"/api/v1/namespaces/{namespace}") is not None:
        return (f"namespace {namespace}",)
    unseen: set[str] = set()
    labelled = {f"{kind} {name}" for kind, name in _labelled(api, labels, unseen)}
    volumes = (
        f"persistentvolumes {v['metadata']['name']}"
        for v in _seen(api, "/api/v1/persistentvolumes", {}, unseen)
        if was_bound_in(v, namespace)
    )
    return tuple(sorted({*labelled, *volumes, *(f"unknown: {why}" for why in unseen)}))


def held_in(api: Api, namespace: str) -> tuple[str, ...]:
    """Objects of a namespace that have been told to go and that a finalizer keeps: ``kind name (finalizers)``."""
    found = []
    unseen: set[str] = set()
    for path, kind in kinds(api, unseen):
        version, _, plural = path.rpartition("/")
        for one in _seen(api, f"{version}/namespaces/{namespace}/{plural}", {}, unseen):
            metadata = one["metadata"]
            if "deletionTimestamp" in metadata and metadata.get("finalizers"):
                found.append(f"{kind} {metadata['name']} ({', '.join(metadata['finalizers'])})")
    return (*sorted(set(found)), *sorted(unseen))


def _labelled(api: Api, labels: Mapping[str, str], unseen: set[str]) -> Iterator[tuple[str, str]]:
    for path, kind in kinds(api, unseen):
        for found in _seen(api, path, labels, unseen):
            where = found["metadata"].get("namespace", "")
            if not (where.startswith(Names("").control) and kind in KEPT_BY_STATE):
                yield kind, f"{where}/{found['metadata']['name']}".lstrip("/")


def _seen(api: Api, path: str, labels: Mapping[str, str], unseen: set[str]) -> list[Json]:
    """What an account may not list outside its own namespaces it cannot have made there. ``unseen`` takes what the cluster cannot
    show."""
    try:
        return api.items(path, labels, quick=path.startswith("/apis/"))
    except GreenroomError as error:
        if error.code == NOT_SEEN:
            unseen.add(error.message)
        elif error.code != "no-right":
            raise
        return []


def kinds(api: Api, unseen: set[str]) -> Iterator[tuple[str, str]]:
    """Every listable kind of the cluster: the path of its list over all namespaces, and its name in URLs. ``unseen`` takes the
    groups whose own server is away: the API server tells of them, and cannot ask them."""
    versions = ["/api/v1"]
    groups = (api.get("/apis") or {}).get("groups") or ()
    versions += [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]
    for version in versions:
        known: Json = {}
        try:
            known = api.get(version, quick=version.startswith("/apis/")) or {}
        except GreenroomError as error:
            if error.code != NOT_SEEN:
                raise
            unseen.add(error.message)
        for kind in known.get("resources") or ():
            if "list" in kind["verbs"] and "/" not in kind["name"] and kind["name"] != "events":
                yield f"{version}/{kind['name']}", kind["name"]
