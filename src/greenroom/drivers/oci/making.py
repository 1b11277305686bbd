"""One run of a builder: both images of a release, from its finished build into the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.image import Base, Image, ImageKind, ImageSettings, labels
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.domain.roles import Role
from greenroom.drivers.oci import context, dockerfile, pip_settings
from greenroom.drivers.oci.archive import Blob, opened, unpacked
from greenroom.drivers.oci.builders import Builder, Recipe
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import PIECE, ImageStore

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """What images are made from. ``path`` gives a release's build, ``python`` its Python such as ``cp311-linux-x86_64``;
    ``server`` is the folder of the server layer."""

    project: str
    app: App
    web: Role
    path: Callable[[str], Path]
    python: Callable[[str], str]
    server: Path

    def own_dockerfile(self, release: str, settings: ImageSettings) -> str | None:
        """The text of the project's own Dockerfile as it is in the release. Raises ``no-dockerfile`` (exit 2)."""
        if settings.dockerfile is None:
            return None
        try:
            return (self.path(release) / "src" / settings.dockerfile).read_text("utf-8")
        except OSError as error:
            words = (
                f"[image] dockerfile = {settings.dockerfile!r}: there is no such file in release {release}"
            )
            raise GreenroomError("no-dockerfile", words, "commit it, and build again", Exit.USAGE) from error


class Run:
    """Builds what it is asked for; ``work`` is an empty folder for it, ``fresh`` passes every cache by."""

    def __init__(
        self,
        source: Source,
        settings: ImageSettings,
        store: ImageStore,
        builder: Builder,
        environ: Mapping[str, str],
        work: Path,
        fresh: bool,
    ) -> None:
        self._source, self._settings, self._store = source, settings, store
        self._builder, self._environ = builder, environ
        self._work, self._fresh = work, fresh
        self.warnings: list[str] = []

    def app(self, release: Release) -> Image:
        """The app's image."""
        source, build = self._source, self._source.path(release.id)
        hashed = context.hashed(build / "requirements.lock")
        if not hashed:
            self.warnings.append(
                "packages without hashes are installed unchecked; pin them by uv or pip-compile"
            )
        own = source.own_dockerfile(release.id, self._settings)
        base = Base("") if own else self._base(self._settings.app_base(source.python(release.id)))
        text = own or dockerfile.app(base, source.app, source.web, release.id, hashed)
        if own:
            self.warnings += [
                f"the Dockerfile's base {name} is not pinned by digest" for name in unpinned(own)
            ]
        folder = self._folder(ImageKind.APP)
        context.write(build, source.server, folder / "context", own is not None)
        arguments = {"GREENROOM_RELEASE": release.id, "STATIC_URL": source.app.static_url} if own else {}
        return self._build(ImageKind.APP, release, base, text, arguments)

    def static(self, release: Release) -> Image:
        """The static image."""
        source, base = self._source, self._base(self._settings.static_base)
        conf = dockerfile.nginx(source.app, release.id)
        context.write_static(source.path(release.id), conf, self._folder(ImageKind.STATIC) / "context")
        return self._build(ImageKind.STATIC, release, base, dockerfile.static(base), {})

    def _folder(self, kind: ImageKind) -> Path:
        folder = self._work / kind
        folder.mkdir(exist_ok=True)
        return folder

    def _build(
        self, kind: ImageKind, release: Release, base: Base, text: str, arguments: Mapping[str, str]
    ) -> Image:
        folder = self._folder(kind)
        file = folder / "Dockerfile"
        file.write_text(text, "utf-8")
        recipe = Recipe(
            dockerfile=file,
            context=folder / "context",
            name=f"localhost/greenroom/{self._source.project}-{kind}",
            labels=labels(release, self._source.project, kind, base),
            secrets=pip_settings.secrets(self._environ, folder) if kind is ImageKind.APP else {},
            arguments=arguments,
            platform=self._settings.platform,
            fresh=self._fresh,
        )
        return self._kept(kind, base, self._builder.build(recipe, folder))

    def _kept(self, kind: ImageKind, base: Base, place: Path) -> Image:
        with opened(place) as image:
            digest = self._store.take(image)
        layers = self._store.open(digest).layers
        unpacked_size = sum(_length(layer) for layer in layers)
        return Image(kind, digest, sum(layer.size for layer in layers), unpacked_size, base)

    def _base(self, name: str) -> Base:
        """The base with its digest, from the builder's store or from the registry; a warning says when nobody knows it."""
        if "@" in name:
            return Base(name, name.partition("@")[2])
        digest = self._builder.digest_of(name, self._fresh) or self._asked(name)
        if not digest:
            self.warnings.append(f"the digest of the base {name} is not known here, so it is not pinned")
        return Base(name, digest)

    def _asked(self, name: str) -> str:
        reference = Reference.parse(name)
        insecure = self._settings.plain_http(reference.registry)
        try:
            return Registry(reference, Logins(self._environ), insecure).digest_of(reference.wanted)
        except GreenroomError:
            return ""


def unpinned(text: str) -> tuple[str, ...]:
    """The bases of a Dockerfile that are named by a tag: the same file makes another image when the tag moves."""
    found = _FROM.findall(text)
    stages = {stage.lower() for _, stage in found if stage} | {"scratch"}
    return tuple(dict.fromkeys(name for name, _ in found if "@" not in name and name.lower() not in stages))


def _length(layer: Blob) -> int:
    length = 0
    with unpacked(layer) as stream:
        while piece := stream.read(PIECE):
            length += len(piece)
    return length
