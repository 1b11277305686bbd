"""Container images: from a project to its builder of images, and to the one who opens them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from greenroom import __version__
from greenroom.domain.release import Release
from greenroom.domain.roles import web_of
from greenroom.drivers.local.slot_units import SERVER
from greenroom.drivers.oci import ImageStore, OciImages, OciReader, Source
from greenroom.services import imaging

if TYPE_CHECKING:
    from greenroom.wiring.project import Wiring

FOLDER = "images"
"""Below the state folder: the blobs of all images."""


class ProjectImages:
    """The images of one project's releases."""

    def __init__(self, wiring: Wiring) -> None:
        project, builds = wiring.project, wiring.builds
        web = web_of(project.roles)
        self.settings = project.image
        store = ImageStore(wiring.layout.root / FOLDER)
        source = Source(project.name, project.app, web, builds.path, builds.python, SERVER)
        now, plain_http = wiring.clock.now, self.settings.plain_http
        builder = OciImages(source, self.settings, store, os.environ, now, wiring.say)
        reader = OciReader(store, os.environ, plain_http)

        def written() -> str:
            return datetime.fromtimestamp(now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

        origin = partial(builds.provenance, deep=False)
        self.imagery = imaging.Imagery(project.name, builder, reader, origin, written, __version__)

    def references(self, release: Release) -> tuple[str, str]:
        """App and static image by digest, as nodes pull them; made and pushed when they are not there yet."""
        return imaging.references(self.imagery, release, self.settings.repository)

    def push(self, release: Release) -> None:
        """Bring them there, also when they were pushed before; the same release has the same digests."""
        imaging.push(self.imagery, release)


def images_of(wiring: Wiring) -> ProjectImages:
    """Those of a project."""
    return ProjectImages(wiring)
