"""The table [ci]."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from greenroom.config import values
from greenroom.config.fields import Table, key
from greenroom.domain.pipelines.settings import CiSettings

_CI = CiSettings()

Line = Annotated[str, AfterValidator(values.shell_line)]
Reference = Annotated[str, AfterValidator(values.image_reference)]


class CiTable(Table):
    """The pipeline on GitLab (greenroom ci generate). Commands are lines for a shell; empty: there is no such job."""

    install: Line = key(_CI.install, "What comes before each check.")
    mypy: Line = key(_CI.mypy, "Checks the types; --output json is added.")
    unit: Line = key(_CI.unit, "Runs the tests; --junitxml is added.")
    migrations: Line = key(
        _CI.migrations,
        "Runs the tests of the migrations, likewise.",
        "python -m pytest tests/test_migrations.py",
    )
    coverage: bool = key(_CI.coverage, "pytest-cov is there: count what the tests go through.")
    image: Reference = key(_CI.image, "What the checks run in, where the runner has containers.")
    tools: Reference | None = key(
        None,
        "An image with greenroom, git, helm and buildctl (or buildah), for environments on a cluster.",
        "registry.example.org/company/greenroom:1.4",
    )
    tags: list[Line] = key(list(_CI.tags), "Tags of the runner that deploys.", max_length=20)
    home: Annotated[str, AfterValidator(values.absolute)] | None = key(
        None,
        "The folder on that runner's machine that the local target's state lies in. Default: /srv/<name>.",
        "/srv/shop",
    )


def ci(table: CiTable) -> CiSettings:
    """What the domain knows of it."""
    told = table.model_dump()
    return CiSettings(**{**told, "tools": table.tools or "", "tags": tuple(table.tags)})
