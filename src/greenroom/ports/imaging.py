"""The doors of container images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from greenroom.domain.image import Images
from greenroom.domain.image_contents import Contents
from greenroom.domain.release import Release

Documents = Mapping[str, Mapping[str, Any]]
"""JSON documents about the images of a release, by file name (see ``domain.image.DOCUMENTS``)."""


class ImageBuilder(Protocol):
    """Makes the images of a release from its finished build, keeps them, and brings them to a registry."""

    def recorded(self, release: Release) -> Images | None:
        """The release's images as they were kept, whatever is asked for now; they may be in the registry alone."""

    def known(self, release: Release) -> Images | None:
        """The release's images as they were kept, when they are whole and what is asked for now is what was asked for then."""

    def build(self, release: Release, fresh: bool) -> Images:
        """Build both. ``fresh``: without any cache, on the bases as their names mean them now.

        Nothing is recorded before :meth:`keep`. Raises GreenroomError ``no-builder``, ``image-build``.
        """

    def keep(self, images: Images, documents: Documents) -> None:
        """Record the images beside the release, with JSON documents about them by file name; whole or not at all."""

    def documents(self, release: str) -> Documents:
        """The documents that were recorded with the release's images, by file name; those that are there."""

    def push(self, images: Images) -> Images:
        """Bring both to the registry, which has them under their digests afterwards, and the documents about them as their
        referrers; what is there is not sent again.

        Raises GreenroomError ``no-repository`` (exit 2), ``registry``, ``registry-login``, ``registry-digest``.
        """


class ImageReader(Protocol):
    """Opens images, wherever they are."""

    def read(self, what: str) -> Contents:
        """Every layer of an image: ``sha256:...`` of one that was built here, a file or folder, a name that a builder's store
        or a registry knows. Raises GreenroomError ``no-image`` (exit 2)."""


class IgnoreFile(Protocol):
    """The file that says what of a project stays out of an image."""

    name: str

    def read(self) -> str | None:
        """Its text; None when there is none."""

    def write(self, text: str) -> None:
        """Make it be that."""
