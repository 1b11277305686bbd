"""docs/reference/greenroom.toml is whole, current, and loads."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from greenroom.config import json_schema, load
from greenroom.config.cluster_table import ClusterEdgeTable, ClusterTable
from greenroom.config.environment_table import EnvironmentTable
from greenroom.config.image_table import ImageTable
from greenroom.config.proving import ProveTable
from greenroom.config.reference import annotated
from greenroom.config.schema import (
    AppTable,
    DatabaseTable,
    EdgeTable,
    File,
    PolicyTable,
    RoleTable,
    WorseTable,
    table_at,
)
from greenroom.config.secret_table import SecretsTable
from greenroom.config.signin_table import SignInTable
from greenroom.config.store import StoreTable
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits, Edge, ProvePaths

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DOCUMENT = tomllib.loads((REFERENCE / "greenroom.toml").read_text())


def test_the_files_are_current() -> None:
    again = "run python -m greenroom.config > docs/reference/greenroom.toml"
    assert (REFERENCE / "greenroom.toml").read_text() == annotated(), again
    assert json.loads((REFERENCE / "greenroom.schema.json").read_text()) == json_schema(), again


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ((), File),
        (("app",), AppTable),
        (("policy",), PolicyTable),
        (("policy", "worse"), WorseTable),
        (("edge",), EdgeTable),
        (("signin",), SignInTable),
        (("database",), DatabaseTable),
        (("prove",), ProveTable),
        (("secrets",), SecretsTable),
        (("s3",), StoreTable),
        (("image",), ImageTable),
        (("kubernetes",), ClusterTable),
        (("kubernetes", "edge"), ClusterEdgeTable),
    ],
)
def test_every_key_appears(path: tuple[str, ...], table: type[BaseModel]) -> None:
    here: Any = DOCUMENT
    for part in path:
        here = here[part]
    assert set(here) == set(table.model_fields)
    assert table_at(path) is table


def test_every_key_of_an_environment_appears() -> None:
    keys = {key for environment in DOCUMENT["environments"] for key in environment}
    assert keys == set(EnvironmentTable.model_fields)
    assert table_at(("environments", 0)) is EnvironmentTable


def test_every_key_of_a_role_appears() -> None:
    assert {key for role in DOCUMENT["roles"].values() for key in role} == set(RoleTable.model_fields)


def test_it_loads_and_what_has_a_default_shows_it(tmp_path: Path) -> None:
    project = load(Path(shutil.copy(REFERENCE / "greenroom.toml", tmp_path)))
    assert project.policy == Policy()
    assert project.edge == Edge(port=8443)
    assert project.database == DatabaseLimits()
    assert project.prove.pages == ProvePaths().pages


def test_every_stated_default_is_the_default(tmp_path: Path) -> None:
    """Leaving out every key that states a plain default changes nothing."""
    text = (REFERENCE / "greenroom.toml").read_text()
    stated = re.compile(
        r"((?:^# .*\n)*^# (?:.*Default: (?!none)[^A-Za-z<]?[^A-Z<\n]*\.)\n)^\w+ = .*\n", re.MULTILINE
    )
    shorter, removed = stated.subn("", text)
    assert removed >= 15
    full, short = tmp_path / "full.toml", tmp_path / "short.toml"
    full.write_text(text)
    short.write_text(shorter)
    assert load(short).policy == load(full).policy
    assert load(short).database == load(full).database
    assert load(short).roles == load(full).roles


def test_the_schema_knows_the_keys() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["properties"]) == set(File.model_fields)
    assert schema["additionalProperties"] is False
