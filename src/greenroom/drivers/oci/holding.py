"""The tags by which environments hold the images of releases that they may still run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from greenroom.domain.errors import GreenroomError
from greenroom.domain.registry.names import keep_tag, kept_by
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.shelf import OciShelf
from greenroom.ports import Presence, Values


class ImageHolds:
    """``shelf`` opens the repository that an image's reference names; ``places``: the repositories that releases are pushed to."""

    def __init__(self, shelf: Callable[[Reference], OciShelf], places: Sequence[Reference]) -> None:
        self._shelf, self._places = shelf, places

    def hold(self, environment: str, release: str, images: Collection[str]) -> None:
        """Tag both images (references by digest) for that environment, unless they are. Raises ``image-gone``, ``registry``."""
        tag = keep_tag(environment, release)
        for image in images:
            reference = Reference.parse(image)
            shelf = self._shelf(reference)
            if shelf.digest_of(tag) != reference.digest:
                shelf.tag(reference.digest, tag)

    def release(self, environment: str, kept: Collection[str] = ()) -> None:
        """Take the environment's tags away, but for those releases."""
        for place in self._places:
            shelf = self._shelf(place)
            for tag in shelf.tags():
                whose = kept_by(tag)
                if whose and whose[0] == environment and whose[1] not in kept:
                    shelf.untag(tag)
            shelf.finish()

    def held(self) -> Mapping[str, tuple[str, ...]]:
        """Every environment that holds something, and the tags."""
        found: dict[str, list[str]] = {}
        for place in self._places:
            for tag in self._shelf(place).tags():
                if whose := kept_by(tag):
                    found.setdefault(whose[0], []).append(f"{place.path}:{tag}")
        return {name: tuple(sorted(tags)) for name, tags in sorted(found.items())}


class HeldTags:
    """Those tags as something that an environment owns; see :class:`greenroom.ports.Resource`. Deploys write them, each before its
    launch.

    They are no data: an environment goes also where the registry lets nobody delete, or gives no answer. What stays then is
    found by looking, and shown.
    """

    name = "images"

    def __init__(self, holds: ImageHolds, say: Callable[[str], None]) -> None:
        self._holds, self._say = holds, say

    def observe(self, environment: str) -> Presence:
        try:
            tags = self._holds.held().get(environment, ())
        except GreenroomError as error:
            return Presence(False, f"cannot be seen: {error.message}")
        return Presence(bool(tags), f"{len(tags)} tag(s) in the registry" if tags else "")

    def ensure(self, environment: str) -> None:
        """A deploy does, with the release that it brings."""

    def values(self, environment: str) -> Values:
        return {}

    def unreachable(self, environment: str) -> Values:
        return {}

    def remove(self, environment: str) -> None:
        try:
            self._holds.release(environment)
        except GreenroomError as error:
            self._say(f"image tags of {environment} stay in the registry: {error.message}")

    def residue(self, environment: str) -> tuple[str, ...]:
        return ()

    def found(self) -> Mapping[str, str]:
        return {name: f"{len(tags)} image tag(s)" for name, tags in self._holds.held().items()}
