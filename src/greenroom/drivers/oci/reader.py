"""Images wherever they are: files, this project's store, a builder's store, a registry."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.image_contents import Contents
from greenroom.drivers.oci.archive import INDEXES, Blob, Opened, chosen, opened
from greenroom.drivers.oci.builders import Buildah, Docker
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.layers import scan
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import ImageStore
from greenroom.drivers.system.processes import run

SAVE_SECONDS = 600.0


class OciReader:
    """See :class:`greenroom.ports.imaging.ImageReader`. ``insecure`` says which registries speak plain HTTP; ``store`` is
    the project's, None outside of one."""

    def __init__(
        self, store: ImageStore | None, environ: Mapping[str, str], insecure: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._environ = environ
        self._insecure = insecure

    def read(self, what: str) -> Contents:
        with self._opened(what) as image:
            return scan(image)

    @contextmanager
    def _opened(self, what: str) -> Iterator[Opened]:
        with tempfile.TemporaryDirectory(prefix="greenroom-image-") as folder:
            if what.startswith("sha256:") and self._store:
                yield self._store.open(what)
            elif Path(what).exists():
                with opened(Path(what)) as image:
                    yield image
            elif saved := self._saved(what, Path(folder)):
                with opened(saved) as image:
                    yield replace(image, name=what)
            else:
                yield self._remote(what)

    def _saved(self, name: str, folder: Path) -> Path | None:
        """The image out of a builder's store."""
        if Buildah(self._environ).works():
            target = folder / "oci"
            asked = ["buildah", "push", "-q", "--disable-compression", name, f"oci:{target}"]
            if run(asked, env=self._environ, timeout=SAVE_SECONDS).ok:
                return target
        if Docker(self._environ).works():
            file = folder / "saved.tar"
            if run(["docker", "save", "-o", str(file), name], env=self._environ, timeout=SAVE_SECONDS).ok:
                return file
        return None

    def _remote(self, name: str) -> Opened:
        reference = Reference.parse(name)
        registry = Registry(reference, Logins(self._environ), self._insecure(reference.registry))
        digest = registry.digest_of(reference.wanted)
        if not digest:
            hint = "give a release, a file, or a name that a builder here or the registry knows"
            raise GreenroomError("no-image", f"there is no image {name}", hint, Exit.USAGE)
        content, media = registry.manifest(digest)
        while media in INDEXES:
            digest = chosen(json.loads(content))["digest"]
            content, media = registry.manifest(digest)
        manifest = json.loads(content)
        with registry.blob(manifest["config"]["digest"]) as body:
            config = body.read()
        layers = tuple(
            Blob(e["digest"], e["mediaType"], int(e["size"]), partial(registry.blob, e["digest"]))
            for e in manifest["layers"]
        )
        return Opened(name, digest, config, layers)
