"""The images of a release: make them, bring them to where nodes pull them from, look into them."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.ignoring import Ignored, Ignoring, default_text, let_in
from greenroom.domain.image import ImageKind, Images
from greenroom.domain.image_contents import Inspection
from greenroom.domain.image_rules import judge
from greenroom.domain.release import Release
from greenroom.ports.imaging import IgnoreFile, ImageBuilder, ImageReader

SHORTEST = 4
"""Characters of a release's id that name it."""


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


def inspect(
    builder: ImageBuilder, reader: ImageReader, releases: Sequence[Release], what: str | None
) -> tuple[Inspection, ...]:
    """Open what is named: a release (its id or the beginning of one; both images), or any image. Without a name, the
    newest release's. Raises GreenroomError ``no-image`` (exit 2)."""
    named = [r for r in releases if what is None or (len(what) >= SHORTEST and r.id.startswith(what))]
    images = builder.known(named[-1]) if named else None
    if images is None and (what is None or named):
        whose = f"release {named[-1].id}" if named else "any release"
        raise GreenroomError(
            "no-image", f"there are no images of {whose}", "greenroom image build", Exit.USAGE
        )
    digests = [image.digest for image in images.all] if images else [what or ""]
    return tuple(judge(reader.read(digest)) for digest in digests)


def ignore(file: IgnoreFile, check: bool) -> Ignored:
    """Write the file where there is none, unless ``check``; say what it lets in."""
    text = file.read()
    if text is None and not check:
        file.write(default_text())
        return Ignored(file.name, True, ())
    return Ignored(file.name, False, let_in(Ignoring.parse(text or "")))
