"""A believable catalogue for demonstrations, reviews and load proofs. The same every time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from shop.config import Settings
from shop.models import User
from shop.seed import rows
from shop.seed.images import make
from shop.seed.texts import SHELVES
from shop.services import media
from shop.services.accounts import hash_password

VARIANTS = 2
ADMIN, SELLER, BUYER = "admin@example.test", "seller@example.test", "buyer@example.test"


def run(db: Session, settings: Settings, products: int) -> Iterator[str]:
    """Fill the shop in one transaction; says what it did."""
    db.execute(text("SELECT pg_advisory_xact_lock(hashtext('shop.seed'))"))
    if db.scalar(select(User.id).where(User.email == ADMIN)) is not None:
        db.rollback()
        yield "the shop has its catalogue already"
        return
    password = os.environ.get("SEED_PASSWORD", "")
    made_up = "" if password else secrets.token_urlsafe(12)
    pictures = _pictures(settings)
    yield f"{len(pictures)} pictures in the bucket"
    made = rows.fill(db, products, pictures, hash_password(password or made_up))
    db.commit()
    db.execute(text("ANALYZE"))
    db.commit()
    yield ", ".join(f"{number} {name}" for name, number in made.items())
    yield f"accounts: {ADMIN}, {SELLER}, {BUYER}"
    yield f"their password, shown only now: {made_up}" if made_up else "their password: SEED_PASSWORD"


def _pictures(settings: Settings) -> dict[tuple[str, int], media.Stored]:
    """Draw and upload all pictures, several at a time."""
    s3 = media.client(settings)
    media.ensure_bucket(s3, settings.s3_bucket)

    def one(wanted: tuple[str, int]) -> media.Stored:
        stored = make(*wanted)
        media.upload(s3, settings.s3_bucket, stored)
        return stored

    wanted = [(thing, variant) for shelf in SHELVES for thing in shelf.things for variant in range(VARIANTS)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))
