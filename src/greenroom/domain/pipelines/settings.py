"""What a project says of its pipeline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CiSettings:
    """Every command is a line for a shell; empty: there is no such job.

    ``install`` comes before each check, ``image`` is what checks run in where the runner has containers. ``coverage``:
    pytest-cov is there. ``tags`` choose the runner that deploys; ``home`` is the folder on its machine that the local
    target's state lies in (None: ``/srv/<name>``), ``tools`` the image with Greenroom for environments on a cluster.
    """

    install: str = "python -m pip install -r requirements.txt"
    mypy: str = "python -m mypy"
    unit: str = "python -m pytest"
    migrations: str = ""
    coverage: bool = False
    image: str = "docker.io/library/python:3.13-slim-bookworm"
    tools: str = ""
    tags: tuple[str, ...] = ("greenroom",)
    home: str | None = None
