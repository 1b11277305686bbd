"""The images of a cluster's releases: pushed where nodes pull them from, and held there as long as an environment may run them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from greenroom.domain.errors import GreenroomError
from greenroom.domain.release import Release
from greenroom.drivers.kubernetes.releases import ClusterReleases
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.kubernetes.values import Images
from greenroom.ports import Resource
from greenroom.wiring.images import images_of

if TYPE_CHECKING:
    from greenroom.drivers.oci.holding import ImageHolds
    from greenroom.wiring.project import Wiring


class ClusterImages:
    """See :class:`greenroom.drivers.kubernetes.stage.HeldImages`."""

    def __init__(self, wiring: Wiring, store: Store, slots: Slots) -> None:
        self._wiring, self._store, self._slots = wiring, store, slots

    @cached_property
    def releases(self) -> ClusterReleases:
        """Releases that the cluster knows."""
        repository = self._wiring.project.image.repository or ""
        push = images_of(self._wiring).references
        return ClusterReleases(self._store, self._wiring.builds, push, repository)

    def of(self, release: Release) -> Images:
        """Both, by digest; pushed if they are not."""
        app, static = self.releases.images(release)
        secret = self._wiring.project.cluster.pull_secret
        return Images(app, static, (secret,) if secret else ())

    def bring(self, environment: str, release: Release) -> Images:
        """The same, with a tag for the environment.

        What it has a slot of already was held when that slot was launched: then a registry that gives no answer stops nobody.
        """
        images = self.of(release)
        try:
            self._hold(environment, release, images)
        except GreenroomError as error:
            there = any(p.slot.release == release.id for p in self._slots.all(environment))
            if not there or error.code not in ("registry", "registry-login"):
                raise
            self._wiring.say(f"{error.message}; {environment} has release {release.id} on stage already")
        return images

    def _hold(self, environment: str, release: Release, images: Images) -> None:
        both = (images.app, images.static)
        try:
            self._holds.hold(environment, release.id, both)
        except GreenroomError as error:
            if error.code != "image-gone":
                raise
            self._wiring.say(f"{error.message}; pushing it again")
            images_of(self._wiring).push(release)
            self._holds.hold(environment, release.id, both)

    def keep(self, environment: str, releases: Collection[str]) -> None:
        """What cannot be let go now is let go after the next deploy."""
        try:
            self._holds.release(environment, releases)
        except GreenroomError as error:
            self._wiring.say(f"tags of older releases stay in the registry: {error.message}")

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The tags, as something that the environment owns; none where there is no registry."""
        from greenroom.drivers.oci.holding import HeldTags

        if self._wiring.project.image.repository is None:
            return ()
        return (HeldTags(self._holds, self._wiring.say),)

    @cached_property
    def _holds(self) -> ImageHolds:
        from greenroom.wiring.registry import holds

        return holds(self._wiring)
