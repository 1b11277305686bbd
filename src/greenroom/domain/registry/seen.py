"""One repository of a registry, as it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from greenroom.domain.registry.names import subject_of


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image, a list of images, or a document about one. ``size`` of the manifest itself, in bytes.

    ``blobs``: configuration and layers with their sizes. ``children``: manifests that a list names. ``subject``: what it
    refers to. ``discarded``: it only stands where a tag was that is being removed.
    """

    digest: str
    size: int
    blobs: tuple[tuple[str, int], ...] = ()
    children: tuple[str, ...] = ()
    subject: str = ""
    discarded: bool = False


class Damage(StrEnum):
    """``GONE``: the registry says that there is no such manifest. ``UNREAD``: it could not be read, and may be whole."""

    GONE = "gone"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Broken:
    """A tag or digest whose manifest cannot be had, and why."""

    damage: Damage
    why: str


@dataclass(frozen=True, slots=True)
class Repository:
    """``tags`` by name, each with its digest; empty where that cannot be told. ``manifests`` by digest: all that a tag leads to,
    and those that refer to them. ``broken``: tags and digests."""

    name: str
    tags: Mapping[str, str]
    manifests: Mapping[str, Manifest]
    broken: Mapping[str, Broken] = field(default_factory=dict)

    @property
    def unread(self) -> tuple[str, ...]:
        """Tags and digests that may be whole, and could not be read."""
        return tuple(name for name, one in self.broken.items() if one.damage is Damage.UNREAD)

    def needed(self, roots: Iterable[str]) -> dict[str, str]:
        """All manifests that those need, themselves too, each with the one that led to it.

        A list needs what it names, a document the image that it refers to; and an image keeps the documents about it.
        """
        about = self._about()
        found = {digest: digest for digest in roots}
        waiting = list(found)
        while waiting:
            digest = waiting.pop()
            manifest = self.manifests.get(digest)
            near = list(about.get(digest, ()))
            if manifest is not None:
                near += [*manifest.children, *([manifest.subject] if manifest.subject else [])]
            for one in near:
                if one not in found:
                    found[one] = digest
                    waiting.append(one)
        return found

    def _about(self) -> dict[str, list[str]]:
        """Documents by the manifest that they are about, lists of them under a tag too."""
        found: dict[str, list[str]] = {}
        for manifest in self.manifests.values():
            if manifest.subject:
                found.setdefault(manifest.subject, []).append(manifest.digest)
        for tag, digest in self.tags.items():
            subject = subject_of(tag)
            if subject and digest:
                found.setdefault(subject, []).append(digest)
        return found
