"""Images as files: an OCI layout (a folder or a tar of one), or what ``docker save`` writes."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from greenroom.domain.errors import Exit, GreenroomError

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer as it is kept: ``media`` says how it is packed, ``size`` in bytes; ``digest`` is empty where nobody has said it."""

    digest: str
    media: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose parts can be read. ``digest`` names its manifest, empty for one that has none."""

    name: str
    digest: str
    config: bytes
    layers: tuple[Blob, ...]

    @property
    def settings(self) -> Json:
        """The configuration as an object."""
        return cast("Json", json.loads(self.config))


class Files(Protocol):
    """Named files, wherever they are."""

    def open(self, name: str) -> IO[bytes]:
        """Raises KeyError or OSError when there is no such file."""

    def size(self, name: str) -> int:
        """In bytes."""

    def close(self) -> None:
        """Nothing is read any more."""


class FolderFiles:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str) -> IO[bytes]:
        return (self._folder / name).open("rb")

    def size(self, name: str) -> int:
        return (self._folder / name).stat().st_size

    def close(self) -> None:
        """A folder is never open."""


class TarFiles:
    """The files of an archive."""

    def __init__(self, archive: Path) -> None:
        self._tar = tarfile.open(archive)  # noqa: SIM115 - as long as the image is looked at
        self._members = {
            m.name.removeprefix("./"): m for m in self._tar if m.isfile() or m.issym() or m.islnk()
        }

    def open(self, name: str) -> IO[bytes]:
        found = self._tar.extractfile(self._members[name])
        if found is None:
            raise KeyError(name)
        return found

    def size(self, name: str) -> int:
        return self._members[name].size

    def close(self) -> None:
        self._tar.close()


@contextmanager
def opened(place: Path) -> Iterator[Opened]:
    """The image in a folder or file. Raises GreenroomError ``no-image`` (exit 2) when it holds none."""
    with ExitStack() as held:
        try:
            files: Files = FolderFiles(place) if place.is_dir() else TarFiles(place)
            held.callback(files.close)
            image = _layout_or_saved(files, str(place))
        except (KeyError, OSError, ValueError, tarfile.TarError) as error:
            hint = "give an OCI layout, what docker save or buildah push oci-archive: wrote, or a name"
            raise GreenroomError(
                "no-image", f"{place} holds no image", hint, Exit.USAGE, str(error)
            ) from error
        yield image


def _layout_or_saved(files: Files, name: str) -> Opened:
    with suppress(KeyError, FileNotFoundError):
        return of_layout(files, name)
    return _saved(files, name)


def of_layout(files: Files, name: str) -> Opened:
    """The first image of an OCI layout, through nested lists; attestations of builders are passed over."""
    entry = chosen(_json(files, "index.json"))
    while entry["mediaType"] in INDEXES:
        entry = chosen(_json(files, _path(entry["digest"])))
    return of_manifest(files, name, entry["digest"])


def chosen(index: Json) -> Json:
    """The entry of a list that is an image."""
    entries = [e for e in index["manifests"] if e.get("platform", {}).get("architecture") != "unknown"]
    if not entries:
        raise ValueError("the list names no image")
    return cast("Json", entries[0])


def of_manifest(files: Files, name: str, digest: str) -> Opened:
    """The image of that manifest, its blobs by digest as in an OCI layout."""
    manifest = _json(files, _path(digest))
    with files.open(_path(manifest["config"]["digest"])) as file:
        config = file.read()
    layers = tuple(
        Blob(entry["digest"], entry["mediaType"], int(entry["size"]), _opener(files, _path(entry["digest"])))
        for entry in manifest["layers"]
    )
    return Opened(name, digest, config, layers)


def _saved(files: Files, name: str) -> Opened:
    """What older versions of ``docker save`` write: ``manifest.json`` and a tar for each layer."""
    with files.open("manifest.json") as file:
        image = json.loads(file.read())[0]
    with files.open(image["Config"]) as file:
        config = file.read()
    layers = tuple(
        Blob("", _media(files, path), files.size(path), _opener(files, path)) for path in image["Layers"]
    )
    return Opened(name, "", config, layers)


def _media(files: Files, path: str) -> str:
    with files.open(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
    return "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if packed else "")


def _opener(files: Files, path: str) -> Callable[[], IO[bytes]]:
    return lambda: files.open(path)


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _json(files: Files, name: str) -> Json:
    with files.open(name) as file:
        return cast("Json", json.loads(file.read()))


def unpacked(blob: Blob) -> IO[bytes]:
    """The layer's tar. Raises GreenroomError ``no-image`` for a packing that is not known."""
    raw = blob.open()
    if blob.media.endswith(("+gzip", ".gzip")):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if blob.media.endswith("+zstd"):
        import zstandard

        return cast("IO[bytes]", zstandard.ZstdDecompressor().stream_reader(raw))
    if blob.media.endswith(".tar"):
        return raw
    raise GreenroomError(
        "no-image", f"a layer is packed as {blob.media}, which nobody here can open", "", Exit.USAGE
    )
