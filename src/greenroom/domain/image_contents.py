"""What lies in an image, layer by layer, and what of it must not be there.

A layer cannot take anything away: a file that a later layer deletes is still in the earlier one, and whoever pulls the
image has it. So secrets and dead weight are looked for in every layer; what is only dangerous while it can be reached
(setuid, world-writable, compilers) in what is left at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from greenroom.domain.findings import Severity


@dataclass(frozen=True, slots=True)
class Lying:
    """A file, link or folder in one layer. ``path`` relative to the root; ``mode`` its permission bits; ``signs`` what its
    content was recognised as. ``hidden``: the number of the layer that deletes or replaces it, else None."""

    path: str
    layer: int
    size: int
    mode: int
    folder: bool = False
    link: bool = False
    signs: tuple[str, ...] = ()
    hidden: int | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """``size`` as pulled and ``unpacked``, in bytes; ``files`` without folders; ``made_by`` is the step of the history."""

    digest: str
    size: int
    unpacked: int
    files: int
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole image. ``environment`` and ``history`` are what its configuration says; ``home`` the app's folder.

    ``texts`` are the small files that say which packages are installed, by path.
    """

    name: str
    digest: str
    layers: tuple[Layer, ...]
    lying: tuple[Lying, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    home: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes as pulled."""
        return sum(layer.size for layer in self.layers)

    @property
    def unpacked(self) -> int:
        """Bytes of all layers, unpacked."""
        return sum(layer.unpacked for layer in self.layers)

    @property
    def wasted(self) -> int:
        """Bytes of files that a later layer deletes or replaces: pulled by everybody, seen by nobody."""
        return sum(one.size for one in self.lying if one.hidden is not None)

    def by_folder(self, most: int = 15) -> tuple[tuple[str, int], ...]:
        """The largest folders, two levels deep, with the bytes of the files that can be seen."""
        sizes: dict[str, int] = {}
        for one in self.lying:
            if one.hidden is None and not one.folder:
                folder = "/" + "/".join(one.path.split("/")[:-1][:2])
                sizes[folder] = sizes.get(folder, 0) + one.size
        return tuple(sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:most])


@dataclass(frozen=True, slots=True)
class Suspect:
    """Something that must not be in an image. ``path`` is a file or the topmost folder of its kind, ``files`` and ``size``
    count what is in it; ``layer`` is where it lies (None: in the configuration), ``hidden`` the layer that deletes it."""

    rule: str
    severity: Severity
    path: str
    layer: int | None
    size: int
    files: int
    reason: str
    cure: str
    hidden: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Inspection:
    """An image and what was found in it, the worst first."""

    contents: Contents
    suspects: tuple[Suspect, ...]

    @property
    def bad(self) -> tuple[Suspect, ...]:
        """What must go: all but that which is only good to know."""
        return tuple(s for s in self.suspects if s.severity is not Severity.INFO)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        seen = self.contents
        return {
            "name": seen.name,
            "digest": seen.digest,
            "size": seen.size,
            "unpacked": seen.unpacked,
            "wasted": seen.wasted,
            "user": seen.user,
            "labels": dict(seen.labels),
            "layers": [asdict(layer) for layer in seen.layers],
            "folders": [{"path": path, "size": size} for path, size in seen.by_folder()],
            "findings": [s.to_json() for s in self.suspects],
        }


def covered(lying: Iterable[Lying], gone: Mapping[str, Iterable[int]]) -> tuple[Lying, ...]:
    """The same, each with the layer that hides it. ``gone``: per path the layers that delete it, with all below it.

    A file is also hidden by the same path in a later layer, and by anything but a folder in place of one above it.
    """
    everything = tuple(lying)
    hiding = {path: sorted(layers) for path, layers in gone.items()}
    for one in everything:
        if not one.folder:
            hiding[one.path] = sorted({*hiding.get(one.path, ()), one.layer})
    return tuple(_with(one, _first(one, hiding)) for one in everything)


def _first(one: Lying, hiding: Mapping[str, list[int]]) -> int | None:
    parts = one.path.split("/")
    above = ("/".join(parts[:n]) for n in range(len(parts) + 1))
    later = [layer for path in above for layer in hiding.get(path, ()) if layer > one.layer]
    return min(later, default=None)


def _with(one: Lying, hidden: int | None) -> Lying:
    if hidden is None:
        return one
    return Lying(one.path, one.layer, one.size, one.mode, one.folder, one.link, one.signs, hidden)
