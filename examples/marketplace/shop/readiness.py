"""Whether the shop can do its work: database, its tables, its bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from shop.config import Settings
from shop.services import media

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@dataclass(frozen=True)
class Revision:
    """A migration that this release brings."""

    name: str
    before: tuple[str, ...]


@lru_cache(maxsize=1)
def own_revisions() -> tuple[Revision, ...]:
    """The migrations that this release brings, newest first."""
    from alembic.script import ScriptDirectory
    from alembic.util import to_tuple

    return tuple(
        Revision(s.revision, to_tuple(s.down_revision, default=()))
        for s in ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    )


def schema_problem(found: Iterable[str], own: Sequence[Revision]) -> str | None:
    """Why the tables do not fit, or None.

    A revision that this release does not know was brought by a newer one and contains ours: that is
    what a roll-back meets, and it is fine. Whether an older release survives a newer table is not for
    it to know: the release tool decides that before it lets it serve.
    """
    by_name = {revision.name: revision for revision in own}
    todo, done = list(found), set[str]()
    while todo:
        name = todo.pop()
        if name not in by_name:
            return None
        if name not in done:
            done.add(name)
            todo.extend(by_name[name].before)
    missing = sorted(r.name for r in own if r.name not in done)
    return f"migrations missing: {', '.join(missing)}" if missing else None


class Readiness:
    """Checks with connections of their own, so that a busy pool does not look like a dead database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine = create_engine(
            settings.database,
            poolclass=NullPool,
            connect_args={"connect_timeout": 2, "prepare_threshold": None, "application_name": "shop-ready"},
        )
        self._s3 = media.client(settings, connect=1, read=2, attempts=1)

    def problems(self) -> list[str]:
        """Everything that is wrong; nothing means ready."""
        return [problem for problem in (self._database(), self._bucket()) if problem]

    def _database(self) -> str | None:
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SET statement_timeout = '2s'"))
                there = connection.scalar(text("SELECT to_regclass('alembic_version')"))
                found = (
                    connection.scalars(text("SELECT version_num FROM alembic_version")).all() if there else ()
                )
                return schema_problem(found, own_revisions())
        except SQLAlchemyError as error:
            return f"database: {type(getattr(error, 'orig', None) or error).__name__}"

    def _bucket(self) -> str | None:
        return media.problem(self._s3, self._settings.s3_bucket)
