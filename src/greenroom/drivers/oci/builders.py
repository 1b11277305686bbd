"""The programs that build: BuildKit, buildah, docker. Each makes an OCI image from a Dockerfile, always the same one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.image import BuilderKind
from greenroom.drivers.system.processes import Completed, run

BUILD_SECONDS = 1800.0
ASK_SECONDS = 20.0
PULL_SECONDS = 600.0
COMPLAINT_LINES = 25


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be built. ``name`` is local and the same for every release, so that the layers before are found again.

    ``secrets``: files by id, for steps that ask for them; ``fresh``: nothing is taken from a cache.
    """

    dockerfile: Path
    context: Path
    name: str
    labels: Mapping[str, str]
    secrets: Mapping[str, Path]
    arguments: Mapping[str, str]
    platform: str | None = None
    fresh: bool = False

    def flags(self, label: str, secret: str, argument: str, source: str = "src") -> list[str]:
        """Labels, secrets and build arguments under a program's own names for them."""
        found = [f"{label}{key}={value}" for key, value in sorted(self.labels.items())]
        found += [f"{secret}id={key},{source}={path}" for key, path in sorted(self.secrets.items())]
        return found + [f"{argument}{key}={value}" for key, value in sorted(self.arguments.items())]


class Builder(Protocol):
    """One of them."""

    kind: BuilderKind

    def works(self) -> bool:
        """Is it there, and does it answer?"""

    def digest_of(self, name: str, fresh: bool) -> str:
        """The digest of a base image in its own store; empty where it has none, or does not know it."""

    def build(self, recipe: Recipe, target: Path) -> Path:
        """Build; the folder or file that holds the image, below ``target``."""


class Buildah:
    """buildah, without a daemon. Steps run in ``chroot`` isolation unless ``BUILDAH_ISOLATION`` says otherwise: that one
    works inside a pipeline's container as well."""

    kind = BuilderKind.BUILDAH

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {"BUILDAH_ISOLATION": "chroot", **environ}

    def works(self) -> bool:
        return _found("buildah", self._environ)

    def digest_of(self, name: str, fresh: bool) -> str:
        known = self._digest(name)
        if known and not fresh:
            return known
        run(["buildah", "pull", "-q", name], env=self._environ, timeout=PULL_SECONDS)
        return self._digest(name)

    def build(self, recipe: Recipe, target: Path) -> Path:
        words = ["bud", "--format", "oci", "--timestamp", "0", "--layers", "--pull-never", "--quiet"]
        words += ["--no-cache"] if recipe.fresh else []
        words += ["--platform", recipe.platform] if recipe.platform else []
        words += recipe.flags("--label=", "--secret=", "--build-arg=")
        before = self._id(recipe.name)
        where = ["-f", str(recipe.dockerfile), "-t", recipe.name, str(recipe.context)]
        _must(["buildah", *words, *where], self._environ)
        _must(["buildah", "push", "-q", recipe.name, f"oci:{target / 'oci'}"], self._environ)
        if before and before != self._id(recipe.name):
            run(["buildah", "rmi", before], env=self._environ, timeout=ASK_SECONDS)
        return target / "oci"

    def _digest(self, name: str) -> str:
        return self._inspected(name, "{{.FromImageDigest}}")

    def _id(self, name: str) -> str:
        return self._inspected(name, "{{.FromImageID}}")

    def _inspected(self, name: str, what: str) -> str:
        words = ["buildah", "inspect", "--type", "image", "--format", what, name]
        done = run(words, env=self._environ, timeout=ASK_SECONDS)
        return done.text if done.ok else ""


class BuildKit:
    """A BuildKit daemon, by ``buildctl``; ``BUILDKIT_HOST`` says where it is."""

    kind = BuilderKind.BUILDKIT

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def works(self) -> bool:
        asked = ["buildctl", "debug", "workers"]
        return _found("buildctl", self._environ) and run(asked, env=self._environ, timeout=ASK_SECONDS).ok

    def digest_of(self, name: str, fresh: bool) -> str:
        return ""

    def build(self, recipe: Recipe, target: Path) -> Path:
        file, folder = target / "image.tar", recipe.dockerfile.parent
        words = ["build", "--progress", "plain", "--frontend", "dockerfile.v0"]
        words += ["--local", f"context={recipe.context}", "--local", f"dockerfile={folder}"]
        words += ["--opt", f"filename={recipe.dockerfile.name}", "--opt", f"build-arg:{EPOCH}=0"]
        words += ["--no-cache"] if recipe.fresh else []
        words += ["--opt", f"platform={recipe.platform}"] if recipe.platform else []
        words += recipe.flags("--opt=label:", "--secret=", "--opt=build-arg:")
        _must(["buildctl", *words, "--output", _output(file)], self._environ)
        return file


class Docker:
    """docker with buildx. Its builder must be able to write OCI archives: a ``docker-container`` one, or containerd's store."""

    kind = BuilderKind.DOCKER

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def works(self) -> bool:
        asked = ["docker", "info", "--format", "{{.ServerVersion}}"]
        return _found("docker", self._environ) and run(asked, env=self._environ, timeout=ASK_SECONDS).ok

    def digest_of(self, name: str, fresh: bool) -> str:
        return ""

    def build(self, recipe: Recipe, target: Path) -> Path:
        file = target / "image.tar"
        words = ["buildx", "build", "--progress", "plain", "--provenance=false", "--sbom=false"]
        words += ["--build-arg", f"{EPOCH}=0", "-f", str(recipe.dockerfile)]
        words += ["--no-cache"] if recipe.fresh else []
        words += ["--platform", recipe.platform] if recipe.platform else []
        words += recipe.flags("--label=", "--secret=", "--build-arg=")
        _must(["docker", *words, "--output", _output(file), str(recipe.context)], self._environ)
        return file


EPOCH = "SOURCE_DATE_EPOCH"
"""The time that BuildKit gives to everything (https://reproducible-builds.org/docs/source-date-epoch/)."""


def choose(kind: BuilderKind, environ: Mapping[str, str]) -> Builder:
    """The builder that is asked for, or the first that works. Raises ``no-builder`` (exit 2)."""
    known: tuple[Builder, ...] = (BuildKit(environ), Buildah(environ), Docker(environ))
    wanted = [b for b in known if kind in (BuilderKind.AUTO, b.kind)]
    found = next((b for b in wanted if b.works()), None)
    if found is None:
        names = (
            "none of BuildKit (buildctl), buildah and docker" if kind is BuilderKind.AUTO else f"no {kind}"
        )
        hint = "apt install buildah, or start the daemon; [image] builder chooses"
        raise GreenroomError("no-builder", f"{names} is here and answers", hint, Exit.USAGE)
    return found


def _output(file: Path) -> str:
    return f"type=oci,dest={file},rewrite-timestamp=true,oci-mediatypes=true,force-compression=false"


def _found(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH", "")) is not None


def _must(argv: Sequence[str], environ: Mapping[str, str]) -> Completed:
    done = run(argv, env=environ, timeout=BUILD_SECONDS)
    if not done.ok:
        lines = (done.text + "\n" + done.complaint).strip().splitlines()[-COMPLAINT_LINES:]
        raise GreenroomError(
            "image-build", f"{argv[0]} could not build the image", _hint(lines), details="\n".join(lines)
        )
    return done


def _hint(lines: Sequence[str]) -> str:
    text = "\n".join(lines).lower()
    if "oci exporter is not supported" in text:
        return "make a builder that can: docker buildx create --use; or [image] builder"
    if "failed building wheel" in text or "gcc" in text:
        return "a package has no wheel for this Python and must be compiled: [image] dockerfile, with compilers in its first stage"
    if "--python" in text and "no such option" in text:
        return "the base's pip is older than 22.3: choose another [image] base"
    return "what it said is below"
