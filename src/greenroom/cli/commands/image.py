"""image build|push|inspect|sbom|provenance|dockerignore: the container images of a release, and what lies in an image."""

from __future__ import annotations

import json
from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit
from greenroom.domain.release import Release

release_argument = click.argument("release", required=False)
fresh_option = click.option("--fresh", is_flag=True, help="Without any cache, on the bases as they are now.")


@click.group()
def image() -> None:
    """Container images of a release: one with the app, one with nginx and its static files."""


@image.command()
@release_argument
@fresh_option
@pass_session
def build(session: Session, release: str | None, fresh: bool) -> None:
    """Build both images of RELEASE, or of the newest commit. The same release makes the same digests."""
    from greenroom.cli.render import images
    from greenroom.services import imaging
    from greenroom.wiring.images import images_of

    made = imaging.build(images_of(session.wiring).imagery, _release(session, release), fresh)
    session.answer(made.to_json(), lambda: images.made(made))


@image.command()
@release_argument
@fresh_option
@pass_session
def push(session: Session, release: str | None, fresh: bool) -> None:
    """Build what is missing, and bring both images to [image] repository. What is there is not sent again."""
    from greenroom.cli.render import images
    from greenroom.services import imaging
    from greenroom.wiring.images import images_of

    made = imaging.push(images_of(session.wiring).imagery, _release(session, release), fresh)
    session.answer(made.to_json(), lambda: images.made(made))


@image.command()
@click.argument("what", metavar="[RELEASE|NAME|FILE]", required=False)
@click.option("--check", is_flag=True, help="Exit 7 when something is found that must not be there.")
@pass_session
def inspect(session: Session, what: str | None, check: bool) -> None:
    """Open every layer of an image, deleted files too: sizes, and what must not be in it.

    WHAT is a release (both of its images), a name that a builder here or a registry knows, an OCI layout, or an archive.
    """
    from greenroom.cli.render import images
    from greenroom.services import imaging
    from greenroom.wiring.images import images_of

    known = images_of(session.wiring).imagery
    found = imaging.inspect(known, session.wiring.builds.releases(), what)
    session.answer([i.to_json() for i in found], lambda: "\n\n".join(map(images.inspected, found)))
    if check and any(i.bad for i in found):
        raise click.exceptions.Exit(Exit.PENDING)


@image.command()
@release_argument
@click.option("--static", is_flag=True, help="Of the static image. Default: of the app's.")
@pass_session
def sbom(session: Session, release: str | None, static: bool) -> None:
    """Print what is installed in an image: its bill of materials, CycloneDX 1.6 in JSON."""
    from greenroom.domain.image import ImageKind

    _print(session, release, (ImageKind.STATIC if static else ImageKind.APP).bill)


@image.command()
@release_argument
@pass_session
def provenance(session: Session, release: str | None) -> None:
    """Print where the images of RELEASE come from: an in-toto statement with SLSA provenance 1.0, in JSON."""
    from greenroom.domain.image import PROVENANCE

    _print(session, release, PROVENANCE)


@image.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 7 when the file lets in what no image needs."
)
@pass_session
def dockerignore(session: Session, check: bool) -> None:
    """Write a .dockerignore, or say what the one that is there lets in. For those with a Dockerfile of their own."""
    from greenroom.cli.render import images
    from greenroom.drivers.oci.ignorefile import IgnoreFile
    from greenroom.services import imaging

    found = imaging.ignore(IgnoreFile(Path(session.folder)), check)
    session.answer(found.to_json(), lambda: images.ignored(found))
    if check and found.lets_in:
        raise click.exceptions.Exit(Exit.PENDING)


def _print(session: Session, release: str | None, name: str) -> None:
    from greenroom.services import imaging
    from greenroom.wiring.images import images_of

    found = imaging.document(images_of(session.wiring).imagery, _release(session, release), name)
    session.answer(found, lambda: json.dumps(found, indent=2))


def _release(session: Session, named: str | None) -> Release:
    from greenroom.services.provenance import build as make

    return session.wiring.builds.get(named) if named else make(session.target)
