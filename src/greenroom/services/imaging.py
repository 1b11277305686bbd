"""The images of a release: make them, bring them to where nodes pull them from, look into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.ignoring import Ignored, Ignoring, default_text, let_in
from greenroom.domain.image import DOCUMENTS, RECORD, ImageKind, Images
from greenroom.domain.image_contents import Inspection
from greenroom.domain.image_documents import documents
from greenroom.domain.image_parts import installed
from greenroom.domain.image_rules import judge
from greenroom.domain.provenance import Provenance
from greenroom.domain.release import Release
from greenroom.ports.imaging import Documents, IgnoreFile, ImageBuilder, ImageReader

SHORTEST = 4
"""Characters of a release's id that name it."""


@dataclass(frozen=True, slots=True)
class Imagery:
    """What the use cases stand on. ``provenance`` says where a release's build comes from, ``now`` gives the time as
    RFC 3339 writes it, ``version`` is Greenroom's."""

    project: str
    builder: ImageBuilder
    reader: ImageReader
    provenance: Callable[[str], Provenance]
    now: Callable[[], str]
    version: str


def build(imagery: Imagery, release: Release, fresh: bool = False) -> Images:
    """The release's images, recorded with their bills of materials and their provenance; what is there already is returned at
    once, unless ``fresh``.

    Raises GreenroomError ``no-builder`` (exit 2) and ``image-build``.
    """
    builder = imagery.builder
    found = None if fresh else builder.known(release)
    if found is not None and not DOCUMENTS - {RECORD} - set(builder.documents(release.id)):
        return found
    made = found or builder.build(release, fresh)
    builder.keep(made, _documents(imagery, made))
    return made


def push(imagery: Imagery, release: Release, fresh: bool = False) -> Images:
    """Build if needed, and bring both to the registry, with the documents about them. Raises what :func:`build` does,
    ``no-repository`` (exit 2) and ``registry``, ``registry-login``, ``registry-digest``."""
    pushed = imagery.builder.push(build(imagery, release, fresh))
    imagery.builder.keep(pushed, {})
    return pushed


def references(imagery: Imagery, release: Release, repository: str | None) -> tuple[str, str]:
    """What nodes pull for a release: the app's image and the static one, by digest.

    What was pushed to this repository once stays what the release is, also when other images would be made now; else
    it is made and pushed. Raises what :func:`push` does.
    """
    found = imagery.builder.recorded(release)
    if found is None or repository is None or found.repository != repository:
        found = push(imagery, release)
    return found.reference(ImageKind.APP), found.reference(ImageKind.STATIC)


def document(imagery: Imagery, release: Release, name: str) -> Mapping[str, Any]:
    """One document about a release's images, by file name. Raises GreenroomError ``no-image`` (exit 2)."""
    found = imagery.builder.documents(release.id).get(name)
    if found is None:
        words = f"nothing is recorded about images of release {release.id}"
        raise GreenroomError("no-image", words, f"greenroom image build {release.id}", Exit.USAGE)
    return found


def inspect(imagery: Imagery, releases: Sequence[Release], what: str | None) -> tuple[Inspection, ...]:
    """Open what is named: a release (its id or the beginning of one; both images), or any image. Without a name, the
    newest release's. Raises GreenroomError ``no-image`` (exit 2)."""
    named = [r for r in releases if what is None or (len(what) >= SHORTEST and r.id.startswith(what))]
    images = imagery.builder.known(named[-1]) if named else None
    if images is None and (what is None or named):
        whose = f"release {named[-1].id}" if named else "any release"
        raise GreenroomError(
            "no-image", f"there are no images of {whose}", "greenroom image build", Exit.USAGE
        )
    digests = [image.digest for image in images.all] if images else [what or ""]
    return tuple(judge(imagery.reader.read(digest)) for digest in digests)


def ignore(file: IgnoreFile, check: bool) -> Ignored:
    """Write the file where there is none, unless ``check``; say what it lets in."""
    text = file.read()
    if text is None and not check:
        file.write(default_text())
        return Ignored(file.name, True, ())
    return Ignored(file.name, False, let_in(Ignoring.parse(text or "")))


def _documents(imagery: Imagery, images: Images) -> Documents:
    parts = {image.kind: installed(imagery.reader.read(image.digest)) for image in images.all}
    made = imagery.provenance(images.release)
    return documents(imagery.project, images, parts, made, imagery.now(), imagery.version)
