"""Container images of a release: one with the app, one with its static files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from greenroom.domain.release import Release

STATIC_BASE = "docker.io/nginxinc/nginx-unprivileged:stable"
RECORD, PROVENANCE = "images.json", "image-provenance.json"

USER = "10001:10001"
"""Who every process in the images is; nobody on any machine."""


class ImageKind(StrEnum):
    """``app`` runs the release, ``static`` serves its static files by nginx."""

    APP = "app"
    STATIC = "static"

    @property
    def bill(self) -> str:
        """The file with the bill of materials of the release's image of this kind."""
        return f"sbom-{self}.cdx.json"


DOCUMENTS = frozenset({RECORD, PROVENANCE, *(kind.bill for kind in ImageKind)})
"""What is written beside a build once it has images: their names, what is in them, where they come from."""


class BuilderKind(StrEnum):
    """The program that builds; ``auto`` takes the first that is there."""

    AUTO = "auto"
    BUILDKIT = "buildkit"
    BUILDAH = "buildah"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """What the project's file says of images. None: the default base, no own Dockerfile, the builder's own platform.

    ``repository`` such as ``registry.example/shop``: the images are pushed below it as ``/app`` and ``/static``.
    ``insecure``: the registry speaks plain HTTP.
    """

    repository: str | None = None
    base: str | None = None
    static_base: str = STATIC_BASE
    dockerfile: str | None = None
    builder: BuilderKind = BuilderKind.AUTO
    insecure: bool = False
    platform: str | None = None

    def app_base(self, python: str) -> str:
        """The base of the app's image; ``python`` is the release's tag such as ``cp311-linux-x86_64``."""
        version = python.partition("-")[0].removeprefix("cp")
        return self.base or f"docker.io/library/python:{version[:1]}.{version[1:]}-slim-bookworm"

    def plain_http(self, registry: str) -> bool:
        """Is that registry the project's own, and spoken to without TLS?"""
        return self.insecure and registry == (self.repository or "").partition("/")[0]


@dataclass(frozen=True, slots=True)
class Base:
    """The image that another one is built on. ``digest`` is empty when nobody could say it."""

    name: str
    digest: str = ""

    @property
    def pinned(self) -> str:
        """The reference with its digest in place of the tag, where it is known."""
        if not self.digest or "@" in self.name:
            return self.name
        folder, slash, last = self.name.rpartition("/")
        return f"{folder}{slash}{last.partition(':')[0]}@{self.digest}"


@dataclass(frozen=True, slots=True)
class Image:
    """One image: ``digest`` names it for ever (``sha256:...`` of its manifest). ``size`` in bytes as it is pulled,
    ``unpacked`` in bytes as it lies on a node; ``base`` is empty where an own Dockerfile says it."""

    kind: ImageKind
    digest: str
    size: int
    unpacked: int
    base: Base


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a release. ``recipe`` is the digest of everything they were asked to be; ``repository`` is where
    they were pushed to, empty before that."""

    release: str
    app: Image
    static: Image
    builder: str
    recipe: str
    repository: str = ""
    warnings: tuple[str, ...] = field(default=())

    @property
    def all(self) -> tuple[Image, Image]:
        """Both, the app's first."""
        return self.app, self.static

    def reference(self, kind: ImageKind) -> str:
        """``repository/app@sha256:...``: what a node pulls. Only after a push."""
        image = self.app if kind is ImageKind.APP else self.static
        return f"{self.repository}/{kind}@{image.digest}"

    def pushed_to(self, repository: str) -> Images:
        """The same, once they are in a registry."""
        return replace(self, repository=repository)

    def to_json(self) -> dict[str, Any]:
        """For ``images.json`` and ``--json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Images:
        """What :meth:`to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        images = {str(k): _image(data[k]) for k in ImageKind}
        plain = {k: str(data[k]) for k in ("release", "builder", "recipe", "repository")}
        return cls(**plain, app=images["app"], static=images["static"], warnings=tuple(data["warnings"]))


def _image(data: Mapping[str, Any]) -> Image:
    sizes = int(data["size"]), int(data["unpacked"])
    return Image(ImageKind(data["kind"]), str(data["digest"]), *sizes, Base(**data["base"]))


def labels(release: Release, project: str, kind: ImageKind, base: Base) -> dict[str, str]:
    """What an image says of itself. Neither time nor commit is in it: the same release has the same digest."""
    said = {
        "org.opencontainers.image.title": f"{project} {kind}",
        "org.opencontainers.image.version": release.id,
        "dev.greenroom.release": release.id,
    }
    if base.name:
        said["org.opencontainers.image.base.name"] = base.name
    if base.digest:
        said["org.opencontainers.image.base.digest"] = base.digest
    if kind is ImageKind.APP:
        graph = [[r.id, list(r.parents), str(r.phase)] for r in release.revisions.revisions]
        said["dev.greenroom.heads"] = " ".join(sorted(release.revisions.heads))
        said["dev.greenroom.revisions"] = json.dumps(graph, separators=(",", ":"))
    return said
