"""Every revision up, down and up again; no drift; no network needed for SQL."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from shop.config import database_url
from shop.models import Base
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine

from tests.conftest import ROOT, alembic_config

REVISIONS = [script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]


@pytest.fixture
def engine(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine on an empty database that Alembic uses too."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    return create_engine(database_url(), connect_args={"prepare_threshold": None})


def shape(engine: Engine) -> dict[str, object]:
    """What is in the database: tables, columns, indexes, constraints."""
    look = inspect(engine)
    found: dict[str, object] = {}
    for table in look.get_table_names():
        found[table] = (
            sorted(
                (c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in look.get_columns(table)
            ),
            sorted(str(index["name"]) for index in look.get_indexes(table)),
            sorted(str(check["name"]) for check in look.get_check_constraints(table)),
            sorted(str(key["name"]) for key in look.get_foreign_keys(table)),
        )
    return found


def test_stairway(engine: Engine) -> None:
    """Up, down, up: each step leaves no trace, and the way back is real."""
    config, before = alembic_config(), "base"
    for revision in REVISIONS:
        empty = shape(engine)
        command.upgrade(config, revision)
        full = shape(engine)
        command.downgrade(config, before)
        assert {k: v for k, v in shape(engine).items() if k != "alembic_version"} == {
            k: v for k, v in empty.items() if k != "alembic_version"
        }, revision
        command.upgrade(config, revision)
        assert shape(engine) == full, revision
        before = revision
    engine.dispose()


def test_no_drift(engine: Engine) -> None:
    command.upgrade(alembic_config(), "head")
    command.check(alembic_config())
    assert set(shape(engine)) - {"alembic_version"} == set(Base.metadata.tables)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) == 0
    engine.dispose()


def test_one_head_and_a_phase_everywhere() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert len(scripts.get_heads()) == 1 and len(REVISIONS) >= 6
    phases = {s.revision: s.module.greenroom_phase for s in scripts.walk_revisions()}
    assert set(phases.values()) <= {"expand", "contract", "offline"}
    assert len(set(phases.values())) == 3


def test_offline_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@/nowhere")
    config = alembic_config()
    config.output_buffer = out = io.StringIO()
    command.upgrade(config, "head", sql=True)
    sql = out.getvalue()
    assert sql.count("BEGIN;") >= len(REVISIONS) and "CREATE INDEX CONCURRENTLY" in sql
    assert "LOCK TABLE users, products IN ACCESS EXCLUSIVE MODE" in sql


def test_timeouts_of_the_caller_hold(empty_database: str) -> None:
    """PGOPTIONS reaches the migrations: a blocked one gives up instead of stopping the shop."""
    env = os.environ | {"DATABASE_URL": empty_database, "PGOPTIONS": "-c lock_timeout=200ms"}
    migrate = [sys.executable, "-m", "alembic", "upgrade"]
    subprocess.run([*migrate, "0003"], cwd=ROOT, env=env, check=True, capture_output=True)
    url = database_url({"DATABASE_URL": empty_database})
    engine = create_engine(url)
    with engine.connect() as reader:
        reader.execute(text("SELECT * FROM products"))
        blocked = subprocess.run(
            [*migrate, "0004"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert blocked.returncode != 0 and "lock timeout" in blocked.stderr
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0003"
    engine.dispose()
