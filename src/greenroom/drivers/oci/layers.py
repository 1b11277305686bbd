"""Every file of every layer, read once from beginning to end."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.image_contents import Contents, Layer, Lying, covered
from greenroom.domain.image_rules import MOST_READ, signs
from greenroom.drivers.oci.archive import Blob, Opened, unpacked

GONE, ALL_GONE = ".wh.", ".wh..wh..opq"
"""Names that delete: a file of the layers below, or all of them in a folder (OCI image specification, "Whiteouts")."""

_TEXTS = (
    ".dist-info/METADATA",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "etc/os-release",
    "usr/lib/os-release",
)
"""Small files that say what is installed."""


@dataclass(slots=True)
class _Seen:
    lying: list[Lying] = field(default_factory=list)
    gone: dict[str, list[int]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def scan(image: Opened) -> Contents:
    """Look at every layer. Raises GreenroomError ``no-image`` (exit 2) when one cannot be read."""
    settings, seen = image.settings, _Seen()
    steps = [str(step.get("created_by", "")) for step in settings.get("history", ())]
    makers = [str(s.get("created_by", "")) for s in settings.get("history", ()) if not s.get("empty_layer")]
    layers = []
    for number, blob in enumerate(image.layers):
        made_by = makers[number] if len(makers) == len(image.layers) else ""
        layers.append(_layer(number, blob, made_by, seen))
    run = settings.get("config") or {}
    return Contents(
        name=image.name,
        digest=image.digest,
        layers=tuple(layers),
        lying=covered(seen.lying, seen.gone),
        environment=dict(str(v).partition("=")[::2] for v in run.get("Env") or ()),
        history=tuple(steps),
        labels=run.get("Labels") or {},
        user=str(run.get("User") or ""),
        home=str(run.get("WorkingDir") or ""),
        texts=seen.texts,
    )


def _layer(number: int, blob: Blob, made_by: str, seen: _Seen) -> Layer:
    before, total = len(seen.lying), 0
    try:
        with unpacked(blob) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                total += member.size
                _member(number, member, tar.extractfile, seen)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        words = f"layer {number + 1} cannot be read: {error}"
        raise GreenroomError("no-image", words, "build or fetch the image anew", Exit.USAGE) from error
    files = sum(not one.folder for one in seen.lying[before:])
    return Layer(blob.digest, blob.size, total, files, made_by)


def _member(
    number: int,
    member: tarfile.TarInfo,
    open_: Callable[[tarfile.TarInfo], IO[bytes] | None],
    seen: _Seen,
) -> None:
    path = _clean(member.name)
    folder, _, name = path.rpartition("/")
    if name == ALL_GONE:
        seen.gone.setdefault(folder, []).append(number)
    elif name.startswith(GONE):
        target = f"{folder}/{name[len(GONE) :]}".lstrip("/")
        seen.gone.setdefault(target, []).append(number)
    elif path:
        content = b""
        if member.isreg() and member.size and (file := open_(member)):
            content = file.read(MOST_READ)
            if path.endswith(_TEXTS):
                seen.texts[path] = (content + file.read()).decode("utf-8", "replace")
        found = signs(path, content) if content else ()
        mode, link = stat.S_IMODE(member.mode), member.issym() or member.islnk() or member.isdev()
        seen.lying.append(Lying(path, number, member.size, mode, member.isdir(), link, found))


def _clean(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts)
