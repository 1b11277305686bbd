"""The images of a project's releases: built, kept beside the builds, pushed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.image import (
    DOCUMENTS,
    PROVENANCE,
    RECORD,
    Base,
    Image,
    ImageKind,
    Images,
    ImageSettings,
)
from greenroom.domain.image_documents import BILL_TYPE, STATEMENT_TYPE
from greenroom.domain.release import Release
from greenroom.drivers.oci import dockerfile
from greenroom.drivers.oci.builders import choose
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.making import Run, Source
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.referrers import Document, attach
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import ImageStore
from greenroom.drivers.system.files import write_json
from greenroom.ports.imaging import Documents

_NO_REPOSITORY = (
    'say where images belong, in greenroom.toml: [image] repository = "registry.example.org/company/shop"'
)


class OciImages:
    """See :class:`greenroom.ports.imaging.ImageBuilder`. ``now`` gives seconds since the epoch."""

    def __init__(
        self,
        source: Source,
        settings: ImageSettings,
        store: ImageStore,
        environ: Mapping[str, str],
        now: Callable[[], float],
        progress: Callable[[str], None],
    ) -> None:
        self._source, self._settings, self._store = source, settings, store
        self._environ, self._now, self._progress = environ, now, progress

    def recorded(self, release: Release) -> Images | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return Images.from_json(json.loads(self._record(release.id).read_bytes()))
        return None

    def known(self, release: Release) -> Images | None:
        found = self.recorded(release)
        if found is None or found.recipe != self._recipe(release):
            return None
        return found if all(self._store.whole(image.digest) for image in found.all) else None

    def build(self, release: Release, fresh: bool) -> Images:
        builder = choose(self._settings.builder, self._environ)
        with self._store.exclusive(self._waiting) as work:
            run = Run(self._source, self._settings, self._store, builder, self._environ, work, fresh)
            self._progress(f"building the app's image with {builder.kind}")
            app = run.app(release)
            self._progress("building the static image")
            static = run.static(release)
        recipe = self._recipe(release)
        return Images(release.id, app, static, str(builder.kind), recipe, warnings=tuple(run.warnings))

    def keep(self, images: Images, documents: Documents) -> None:
        record = self._record(images.release)
        for name, document in documents.items():
            write_json(record.with_name(name), document, 0o644)
        write_json(record, images.to_json(), 0o644)
        with self._store.exclusive(self._waiting):
            self._store.collect(self._used(record.parent.parent), self._now())

    def documents(self, release: str) -> Documents:
        found: dict[str, Mapping[str, Any]] = {}
        for name in sorted(DOCUMENTS - {RECORD}):
            with suppress(OSError, ValueError):
                found[name] = json.loads(self._record(release).with_name(name).read_bytes())
        return found

    def push(self, images: Images) -> Images:
        repository = self._settings.repository
        if repository is None:
            raise GreenroomError(
                "no-repository", "there is no repository to push to", _NO_REPOSITORY, Exit.USAGE
            )
        for image in images.all:
            to = Reference.parse(f"{repository}/{image.kind}:{images.release}")
            registry = Registry(to, Logins(self._environ), self._settings.plain_http(to.registry))
            self._push(image, to, registry)
            self._attach(image, images.release, registry)
        return images.pushed_to(repository)

    def _attach(self, image: Image, release: str, registry: Registry) -> None:
        """What is told of the image, beside it in the registry."""
        subject = self._store.manifest(image.digest)
        known = self.documents(release)
        for name, kind in ((image.kind.bill, BILL_TYPE), (PROVENANCE, STATEMENT_TYPE)):
            if name in known:
                attach(registry, subject, Document(name, kind, self._record(release).with_name(name)))

    def _push(self, image: Image, to: Reference, registry: Registry) -> None:
        if registry.digest_of(to.tag) == image.digest:
            self._progress(f"{to} is there already")
            return
        parts = self._store.parts(image.digest)
        sent = sum(registry.put_blob(part, self._store.path(part)) for part in parts)
        registry.put_manifest(to.tag, self._store.manifest(image.digest))
        there = registry.digest_of(to.tag)
        if there != image.digest:
            words = f"the registry calls {to} {there or 'nothing'}, and what was pushed is {image.digest}"
            hint = "does it rewrite manifests, or did somebody else push? then: greenroom image push"
            raise GreenroomError("registry-digest", words, hint)
        self._progress(f"pushed {to}: {sent} of {len(parts)} parts were new there")

    def _recipe(self, release: Release) -> str:
        """The digest of all that the images were asked to be, without asking any builder."""
        source, settings = self._source, self._settings
        python = source.python(release.id)
        base = Base(settings.app_base(python))
        asked = {
            key: value for key, value in asdict(settings).items() if key not in ("repository", "insecure")
        }
        texts = [
            source.own_dockerfile(release.id, settings)
            or dockerfile.app(base, source.app, source.web, release.id, hashed=True),
            dockerfile.static(Base(settings.static_base)),
            dockerfile.nginx(source.app, release.id),
        ]
        whole = json.dumps([release.digest, asked, python, texts], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()

    def _used(self, builds: Path) -> frozenset[str]:
        """The digests that releases name."""
        found: set[str] = set()
        for record in builds.glob(f"*/{RECORD}"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                data = json.loads(record.read_bytes())
                found |= {data[kind]["digest"] for kind in ImageKind}
        return frozenset(found)

    def _record(self, release: str) -> Path:
        return self._source.path(release) / RECORD

    def _waiting(self) -> None:
        self._progress("another command is building images; waiting for it")
