"""The blobs of all images that were built here, by digest: layers that images share are kept once."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.oci.archive import Blob, FolderFiles, Opened, of_manifest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LEVEL = 6
"""gzip's own default."""

SPARED_SECONDS = 3600.0
"""A blob this young is not removed."""

PIECE = 1 << 20
"""Bytes that are copied at a time."""


class ImageStore:
    """``folder`` is an OCI layout without a list: who keeps images says which digests are in use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs" / "sha256"

    @contextmanager
    def exclusive(self, waiting: Callable[[], None]) -> Iterator[Path]:
        """Hold the store, and give a folder for what is unfinished, empty at first and gone afterwards."""
        self._blobs.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            work = self.folder / "work"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def take(self, image: Opened) -> str:
        """Keep an image; the digest of its manifest, which is written anew from its configuration and its layers.

        So the digest does not depend on how a builder writes manifests. Layers that are not packed are packed here,
        always in the same way.
        """
        layers = [self._layer(blob) for blob in image.layers]
        digest, size = self._put(image.config)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest, "size": size},
            "layers": layers,
        }
        return self._put(json.dumps(manifest, separators=(",", ":")).encode())[0]

    def open(self, digest: str) -> Opened:
        """An image that is kept. Raises GreenroomError ``no-image`` (exit 2) when it is not, or not whole."""
        try:
            return of_manifest(FolderFiles(self.folder), digest, digest)
        except (OSError, ValueError, KeyError) as error:
            hint = "build it again: greenroom image build"
            raise GreenroomError("no-image", f"there is no image {digest} here", hint, Exit.USAGE) from error

    def whole(self, digest: str) -> bool:
        """Are the image and all its blobs there, in their length?"""
        try:
            image = self.open(digest)
            return all(self.path(b.digest).stat().st_size == b.size for b in image.layers)
        except (OSError, GreenroomError):
            return False

    def manifest(self, digest: str) -> bytes:
        """The manifest's very bytes."""
        return self.path(digest).read_bytes()

    def parts(self, digest: str) -> tuple[str, ...]:
        """Digests of an image's configuration and layers."""
        found: dict[str, Any] = json.loads(self.manifest(digest))
        return (found["config"]["digest"], *(layer["digest"] for layer in found["layers"]))

    def path(self, digest: str) -> Path:
        """Where a blob lies."""
        return self._blobs / digest.removeprefix("sha256:")

    def collect(self, used: frozenset[str], now: float) -> None:
        """Remove the blobs of all other images than those, but what was written lately: it may be about to be recorded.

        ``now`` in seconds since the epoch. Call it while holding the store.
        """
        there = [digest for digest in used if self.whole(digest)]
        kept = {part for digest in there for part in (digest, *self.parts(digest))}
        for path in self._blobs.glob("*"):
            if f"sha256:{path.name}" not in kept and path.stat().st_mtime < now - SPARED_SECONDS:
                path.unlink()

    def _layer(self, blob: Blob) -> dict[str, Any]:
        packed = blob.media.endswith(("+gzip", ".gzip"))
        if packed and blob.digest and self._there(blob):
            self.path(blob.digest).touch()  # in use again: not to be collected before it is recorded
            return {"mediaType": LAYER, "digest": blob.digest, "size": blob.size}
        with blob.open() as source, self._writing() as (file, settle):
            _copy(source, file) if packed else _pack(source, file)
            file.flush()
            digest, size = settle()
        if packed and blob.digest not in ("", digest):
            raise GreenroomError("no-image", f"a layer is {digest} and not {blob.digest}, as its image says")
        return {"mediaType": LAYER, "digest": digest, "size": size}

    def _there(self, blob: Blob) -> bool:
        path = self.path(blob.digest)
        return path.is_file() and path.stat().st_size == blob.size

    def _put(self, content: bytes) -> tuple[str, int]:
        with self._writing() as (file, settle):
            file.write(content)
            file.flush()
            return settle()

    @contextmanager
    def _writing(self) -> Iterator[tuple[IO[bytes], Callable[[], tuple[str, int]]]]:
        temporary = self._blobs / f".writing.{os.getpid()}"

        def settle() -> tuple[str, int]:
            """The blob gets its name after it has reached the disk."""
            with temporary.open("rb") as whole:
                digest = hashlib.file_digest(whole, "sha256").hexdigest()
                os.fsync(whole.fileno())
            size = temporary.stat().st_size
            temporary.rename(self._blobs / digest)
            return f"sha256:{digest}", size

        try:
            with temporary.open("wb") as file:
                yield file, settle
        finally:
            temporary.unlink(missing_ok=True)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while piece := source.read(PIECE):
        target.write(piece)


def _pack(source: IO[bytes], target: IO[bytes]) -> None:
    with gzip.GzipFile("", "wb", LEVEL, target, mtime=0) as packed:
        _copy(source, cast("IO[bytes]", packed))
