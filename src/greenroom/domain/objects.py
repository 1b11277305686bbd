"""Kubernetes objects as plain data: what everybody who reads them needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Id:
    """What an object is called; ``namespace`` is empty above namespaces. The version of its API is no part of it."""

    namespace: str
    group: str
    kind: str
    name: str

    @classmethod
    def of(cls, found: Json) -> Self:
        """The name of an object."""
        meta = found.get("metadata") or {}
        group, _, _ = str(found.get("apiVersion", "")).rpartition("/")
        return cls(
            str(meta.get("namespace", "")), group, str(found.get("kind", "")), str(meta.get("name", ""))
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}".lstrip("/")


def labels_of(found: Json) -> Json:
    """Its labels."""
    return (found.get("metadata") or {}).get("labels") or {}


def annotations_of(found: Json) -> Json:
    """Its annotations."""
    return (found.get("metadata") or {}).get("annotations") or {}


def pod_template(found: Json) -> Json | None:
    """The template of the pods that a workload makes; None: it makes none."""
    spec = found.get("spec") or {}
    kind = found.get("kind")
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    template = spec.get("template")
    return template if isinstance(template, dict) and "spec" in template else None
