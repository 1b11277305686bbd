"""The images of a release: make them, bring them to where nodes pull them from, look into them."""

from __future__ import annotations

from greenroom.domain.image import ImageKind, Images
from greenroom.domain.release import Release
from greenroom.ports.imaging import ImageBuilder


def build(builder: ImageBuilder, release: Release, fresh: bool = False) -> Images:
    """The release's images; what is there already is returned at once, unless ``fresh``.

    Raises GreenroomError ``no-builder`` (exit 2) and ``image-build``.
    """
    found = None if fresh else builder.known(release)
    if found is not None:
        return found
    made = builder.build(release, fresh)
    builder.keep(made, {})
    return made


def push(builder: ImageBuilder, release: Release, fresh: bool = False) -> Images:
    """Build if needed, and bring both to the registry. Raises what :func:`build` does, ``no-repository`` (exit 2) and
    ``registry``, ``registry-login``, ``registry-digest``."""
    pushed = builder.push(build(builder, release, fresh))
    builder.keep(pushed, {})
    return pushed


def references(builder: ImageBuilder, release: Release, repository: str | None) -> tuple[str, str]:
    """What nodes pull for a release: the app's image and the static one, by digest.

    What was pushed to this repository once stays what the release is, also when other images would be made now; else
    it is made and pushed. Raises what :func:`push` does.
    """
    found = builder.recorded(release)
    if found is None or repository is None or found.repository != repository:
        found = push(builder, release)
    return found.reference(ImageKind.APP), found.reference(ImageKind.STATIC)
