"""One PostgreSQL and one S3 server for the whole run; a fresh database for each test that writes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from flask.testing import FlaskClient
from shop import create_app
from shop.config import Settings, database_url
from shop.db import make_engine
from shop.models import Base, Category, Product, User
from shop.services import accounts
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from werkzeug.test import TestResponse

from tests import services

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a long enough password"
_HASH = accounts.hash_password(PASSWORD)


def alembic_config() -> Config:
    """Alembic's configuration of the shop; DATABASE_URL says where."""
    return Config(str(ROOT / "alembic.ini"))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A private folder for everything the servers write."""
    with services.private_folder() as path:
        yield path


@pytest.fixture(scope="session")
def cluster(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL, with a place for the database's name."""
    with services.postgres(folder) as address:
        yield address


@pytest.fixture(scope="session")
def bucket(folder: Path) -> Iterator[dict[str, str]]:
    """An S3 server with the bucket `shop`."""
    with services.object_store(folder) as env:
        yield env


def _sql(address: str, *statements: str) -> None:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://").format(name="postgres"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def migrated(cluster: str) -> str:
    """The address of the database most tests share."""
    _sql(cluster, "CREATE DATABASE shared")
    address = cluster.format(name="shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", address)
        command.upgrade(alembic_config(), "head")
    return address


@pytest.fixture
def empty_database(cluster: str) -> Iterator[str]:
    """The address of a database without a single table."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    _sql(cluster, f"CREATE DATABASE {name}")
    yield cluster.format(name=name)
    _sql(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(migrated: str) -> Iterator[str]:
    """The address of a migrated database, emptied after each test."""
    yield migrated
    tables = ", ".join(Base.metadata.tables)
    engine = create_engine(database_url({"DATABASE_URL": migrated}), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))


@pytest.fixture
def env(
    database: str, bucket: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment of a shop, also set for this process."""
    values = bucket | {
        "DATABASE_URL": database,
        "SECRET_KEY": "a key for tests",
        "MAIL_DIR": str(tmp_path / "mail"),
        "PUBLIC_URL": "https://shop.test",
        "GREENROOM_RELEASE": "r42",
        "GREENROOM_SLOT": "blue",
        "GREENROOM_ENVIRONMENT": "tests",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ("STATIC_MANIFEST", "STATIC_URL", "SMTP_URL", "SHOP_SLOW_PAGE", "PROMETHEUS_MULTIPROC_DIR"):
        monkeypatch.delenv(name, raising=False)
    return values


@pytest.fixture
def app(env: dict[str, str]) -> Iterator[Flask]:
    """A shop with an empty catalogue."""
    made = create_app()
    yield made
    made.extensions["shop.db"].engine.dispose()


@pytest.fixture
def db(env: dict[str, str]) -> Iterator[Session]:
    """A session of the test's own."""
    engine = make_engine(Settings.from_env())
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


@dataclass
class Browser:
    """A visitor who fills in forms, tokens and all."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=lambda: {"Referer": "https://shop.test/"})

    def get(self, path: str) -> TestResponse:
        """Open a page over https."""
        return self.client.get(path, base_url="https://shop.test")

    def post(
        self, path: str, data: Mapping[str, object] | None = None, page: str = "/sign-in"
    ) -> TestResponse:
        """Send a form with the token of a page."""
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.get(page).text)
        token = {"csrf_token": found[1]} if found else {}
        return self.client.post(
            path, data={**token, **(data or {})}, base_url="https://shop.test", headers=self.headers
        )

    def sign_in(self, email: str) -> Browser:
        """Sign in with the password of all tests."""
        answer = self.post("/sign-in", {"email": email, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        return self


@pytest.fixture
def visit(app: Flask) -> Callable[[], Browser]:
    """Makes visitors."""
    return lambda: Browser(app.test_client())


@pytest.fixture
def browser(visit: Callable[[], Browser]) -> Browser:
    """A visitor without an account."""
    return visit()


@dataclass
class Stock:
    """A small catalogue."""

    admin: User
    seller: User
    other_seller: User
    buyer: User
    other_buyer: User
    mug: Product
    lamp: Product
    gone: Product


def _account(db: Session, email: str, name: str, shop: str = "", role: str = "") -> User:
    user = accounts.sign_up(db, email=email, name=name, password=PASSWORD, shop_name=shop)
    if role:
        user.role = role
        db.commit()
    return user


@pytest.fixture
def stock(db: Session, monkeypatch: pytest.MonkeyPatch) -> Stock:
    """Two sellers, two buyers, an admin, three products."""
    monkeypatch.setattr(accounts, "hash_password", lambda _password: _HASH)
    people = {
        "admin": _account(db, "admin@x.test", "Ada", role="admin"),
        "seller": _account(db, "seller@x.test", "Sam", "Sam's Pots"),
        "other_seller": _account(db, "other@x.test", "Olga", "Olga's Lamps"),
        "buyer": _account(db, "buyer@x.test", "Bea"),
        "other_buyer": _account(db, "buyer2@x.test", "Ben"),
    }
    shelves = [
        Category(slug="ceramics", name="Ceramics"),
        Category(slug="lighting", name="Lighting", position=1),
    ]
    db.add_all(shelves)
    db.flush()
    pots, lamps = people["seller"].seller, people["other_seller"].seller
    assert pots and lamps

    def product(owner: int, shelf: int, name: str, text: str, price: int, pieces: int) -> Product:
        slug = accounts.slugify(name)
        item = Product(seller_id=owner, category_id=shelves[shelf].id, slug=slug, name=name, description=text)
        item.price_cents, item.stock = price, pieces
        return item

    mug = product(pots.id, 0, "Blue Mug", "A stoneware mug for coffee", 1450, 5)
    lamp = product(lamps.id, 1, "Brass Lamp", "A lamp for reading; no mug included", 8900, 2)
    gone = product(pots.id, 0, "Old Plate", "Nobody has it any more", 2000, 0)
    db.add_all([mug, lamp, gone])
    db.commit()
    return Stock(**people, mug=mug, lamp=lamp, gone=gone)
