"""Releases that the cluster knows: whoever has the project's file can bring them on stage again, on any machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Release
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.system.shape import shaped
from greenroom.ports import Builder

KIND = "release"


class ClusterReleases:
    """See :class:`greenroom.ports.Builder`. The builds of this machine (``here``) and, in the control namespace, every release
    whose images were pushed from any. ``push`` brings a release's images to where nodes pull them from and gives both references.
    """

    def __init__(
        self, store: Store, here: Builder, push: Callable[[Release], tuple[str, str]], repository: str
    ) -> None:
        self._store, self._here, self._push, self._repository = store, here, push, repository

    def build(self, ref: str = "HEAD", dirty: bool = False) -> Release:
        return self._here.build(ref, dirty)

    def releases(self) -> tuple[Release, ...]:
        known = {r.id: r for r in self._known()} | {r.id: r for r in self._here.releases()}
        return tuple(sorted(known.values(), key=lambda r: (r.created_at, r.id)))

    def get(self, id: str) -> Release:
        found = [r for r in self._known() if r.id.startswith(id)]
        try:
            return self._here.get(id)
        except GreenroomError:
            if len(found) != 1:
                raise
            return found[0]

    def provenance(self, id: str, deep: bool = True) -> Provenance:
        """Of a release that is not built here, what was read when its images were pushed: they cannot be others, by their digests."""
        release = self.get(id)
        if any(r.id == release.id for r in self._here.releases()):
            return self._here.provenance(release.id, deep)
        data = self._store.get(_name(release.id)) or {}
        return shaped(Provenance, json.loads(data.get("provenance", "{}")), _file(release.id))

    def remove(self, id: str) -> None:
        self._store.drop(_name(id))
        if any(r.id == id for r in self._here.releases()):
            self._here.remove(id)

    def collect(self) -> object:
        return self._here.collect()

    def images(self, release: Release) -> tuple[str, str]:
        """The app's image and the static one, by digest, in the registry; pushed if they are not. What the cluster knows stays
        what the release is, whoever asks."""
        data = self._store.get(_name(release.id))
        if data is not None and data["app"].startswith(f"{self._repository}/"):
            return data["app"], data["static"]
        app, static = self._push(release)
        kept = {
            "release": json.dumps(asdict(release)),
            "provenance": json.dumps(self._here.provenance(release.id).to_json()),
        }
        self._store.put(KIND, _name(release.id), {**kept, "app": app, "static": static})
        return app, static

    def digests(self) -> dict[str, tuple[str, str]]:
        """The digests of both images of every release that the cluster knows."""
        found = {name.removeprefix(_name("")): data for name, data in self._store.all(KIND).items()}
        return {id: (_digest(data["app"]), _digest(data["static"])) for id, data in found.items()}

    def _known(self) -> list[Release]:
        return [_release(name, data) for name, data in self._store.all(KIND).items()]


def _release(name: str, data: Mapping[str, str]) -> Release:
    return shaped(Release, json.loads(data["release"]), _file(name))


def _name(id: str) -> str:
    return f"release-{id}"


def _digest(reference: str) -> str:
    return reference.partition("@")[2]


def _file(id: str) -> Path:
    return Path(f"configmap/{_name(id)}")
