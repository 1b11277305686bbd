"""The engine and one session per request."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app, g
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from shop.config import Settings


def make_engine(settings: Settings) -> Engine:
    """An engine with a small pool.

    `prepare_threshold=None` switches server-side prepared statements off: a migration that widens a
    column would break them in the release that is still running ("cached plan must not change result
    type").
    """
    return create_engine(
        settings.database,
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={"prepare_threshold": None, "connect_timeout": 5, "application_name": "shop"},
    )


class Database:
    """The engine of one application and its session factory."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sessions = sessionmaker(engine, expire_on_commit=False)
        event.listen(self.sessions, "loaded_as_persistent", _keep)


def _keep(session: Session, instance: object) -> None:
    """Hold what a session loaded until the session itself goes.

    Under several threads CPython 3.11 (3.11.2 and 3.11.7; not 3.12 and 3.13) crashes within seconds when rows
    are freed while their session is still open.
    """
    session.info.setdefault("kept", []).append(instance)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its database; nothing is connected yet."""
    app.extensions["shop.db"] = Database(make_engine(settings))
    app.teardown_appcontext(_close)


def database() -> Database:
    """The current application's database."""
    return cast(Database, current_app.extensions["shop.db"])


def session() -> Session:
    """The session of this request (or of this application context)."""
    if "db_session" not in g:
        g.db_session = database().sessions()
    return cast(Session, g.db_session)


def _close(_error: BaseException | None) -> None:
    opened: Session | None = g.pop("db_session", None)
    if opened is not None:
        opened.close()
