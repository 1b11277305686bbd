"""The table [image]."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from greenroom.config import values
from greenroom.config.fields import Inside, Table, key
from greenroom.domain.image import BuilderKind, ImageSettings

_IMAGE = ImageSettings()

Reference = Annotated[str, AfterValidator(values.image_reference)]


class ImageTable(Table):
    """Container images of a release (greenroom image build): one with the app, one with nginx and its static files."""

    repository: Annotated[str, AfterValidator(values.image_repository)] | None = key(
        None,
        "Where they are pushed to: below it as /app and /static. Default: none; build and inspect do not need it.",
        "registry.example.org/company/shop",
    )
    base: Reference | None = key(
        None,
        "What the app's image is built on; it must have python3 of the release's version, with venv."
        " Default: docker.io/library/python:<version>-slim-bookworm.",
        "docker.io/library/python:3.11-slim-bookworm",
    )
    static_base: Reference = key(_IMAGE.static_base, "What the static image is built on; it must have nginx.")
    dockerfile: Inside | None = key(
        None, "A Dockerfile of the project's own for the app's image, in place of Greenroom's.", "Dockerfile"
    )
    builder: Literal["auto", "buildkit", "buildah", "docker"] = key(
        _IMAGE.builder.value, "What builds: auto takes the first of these that is there and answers."
    )
    insecure: bool = key(_IMAGE.insecure, "The registry speaks plain HTTP: for one on this machine.")
    platform: str | None = key(
        None,
        "What to build for. Default: what the builder runs on.",
        "linux/amd64",
        pattern="^linux/[a-z0-9/]+$",
    )


def image(table: ImageTable) -> ImageSettings:
    """What the domain knows of it."""
    return ImageSettings(**{**table.model_dump(), "builder": BuilderKind(table.builder)})
