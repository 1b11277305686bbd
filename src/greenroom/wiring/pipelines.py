"""From a project to the files of its pipeline."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.pipelines.evaluating import Exists
from greenroom.domain.pipelines.generated import CONVERTER
from greenroom.domain.pipelines.making import INCLUDING, OURS, TEAMS, pipeline
from greenroom.domain.pipelines.reading import Pipeline, assemble
from greenroom.domain.pipelines.signed import signed
from greenroom.domain.project import Project


def generated(project: Project) -> tuple[dict[str, str], str]:
    """Path -> text of the files that are ours, and the text of the team's own where there is none yet.

    Raises (exit 2) when PyYAML is not there, or the project's file lacks what a pipeline needs.
    """
    try:
        from greenroom.drivers.pipelines.yaml_text import dumped
    except ImportError as error:
        raise no_yaml() from error
    converter = resources("greenroom.drivers.pipelines").joinpath("code_quality.py").read_text("utf-8")
    ours = {OURS: signed(dumped(pipeline(project)))}
    if project.ci.mypy:
        ours[CONVERTER] = signed(converter)
    return ours, dumped(INCLUDING)


def assembled(folder: Path) -> Pipeline:
    """The pipeline as GitLab puts it together. Raises (exit 2) when there is none, or it is no YAML."""
    try:
        from greenroom.drivers.pipelines.yaml_file import read
    except ImportError as error:
        raise no_yaml() from error
    if not (folder / TEAMS).is_file():
        hint = "greenroom ci generate writes one"
        raise GreenroomError("no-pipeline", f"there is no {TEAMS} here", hint, Exit.USAGE)
    return assemble(TEAMS, lambda name: read(folder, name))


def exists_in(folder: Path) -> Exists:
    """Is there a file for a pattern of ``rules:exists``?"""
    return lambda glob: any(path.is_file() for path in folder.glob(glob.lstrip("/") or "*"))


def no_yaml() -> GreenroomError:
    """The extra is not installed."""
    return GreenroomError("no-yaml", "PyYAML is not installed", "pip install 'greenroom[ci]'", Exit.USAGE)
