"""The demonstration catalogue."""

from __future__ import annotations

import pytest
from flask import Flask
from shop.config import Settings
from shop.models import Order, Product, ProductImage, Review, Seller, User
from shop.seed import images
from shop.seed.drawings import DRAWINGS
from shop.seed.texts import SHELVES
from shop.services import accounts, media
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def count(db: Session, table: type) -> int:
    return db.scalar(select(func.count()).select_from(table)) or 0


def test_seed_fills_the_shop_once(app: Flask, db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED_PASSWORD", "one for all of them")
    run = app.test_cli_runner()
    first = run.invoke(args=["seed", "--products", "80"])
    assert first.exit_code == 0, first.output
    assert "one for all" not in first.output
    numbers = [count(db, table) for table in (Product, Seller, User, Order, Review)]
    assert numbers == [80, 12, 73, 200, 480]
    assert "already" in run.invoke(args=["seed"]).output
    assert [count(db, table) for table in (Product, Seller, User, Order, Review)] == numbers
    assert accounts.check_password(db, "admin@example.test", "one for all of them")
    total = db.scalar(select(func.sum(Product.rating_count)))
    assert total == 480
    key = db.scalar(select(ProductImage.thumb_key).limit(1)) or ""
    settings = Settings.from_env()
    assert media.fetch(media.client(settings), settings.s3_bucket, key)
    assert app.test_client().get("/").status_code == 200


def test_seed_makes_up_a_password(app: Flask, db: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEED_PASSWORD", raising=False)
    output = app.test_cli_runner().invoke(args=["seed", "--products", "10"]).output
    password = output.strip().rpartition(": ")[2]
    assert accounts.check_password(db, "buyer@example.test", password)


def test_every_thing_has_a_drawing_that_never_changes() -> None:
    things = {thing for shelf in SHELVES for thing in shelf.things}
    assert things == set(DRAWINGS) and len(things) == 60
    assert images.make("mug", 0) == images.make("mug", 0) != images.make("mug", 1)


def test_create_user(app: Flask, db: Session) -> None:
    arguments = ["create-user", "boss@x.test", "--name", "Boss", "--role", "admin", "--password", "x" * 12]
    run = app.test_cli_runner()
    assert run.invoke(args=arguments).exit_code == 0
    assert run.invoke(args=arguments).exit_code == 1
    assert db.scalar(select(User.role).where(User.email == "boss@x.test")) == "admin"
    assert run.invoke(args=["cleanup-carts"]).output == "0 carts removed\n"
