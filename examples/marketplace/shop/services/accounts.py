"""Signing up and checking passwords."""

from __future__ import annotations

import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.models import Role, Seller, User

_hasher = PasswordHasher()
# Checked when nobody has that address, so that the answer takes as long.
_NOBODY = _hasher.hash("nobody at all")


class EmailTakenError(ValueError):
    """An account with this address exists."""


def hash_password(password: str) -> str:
    """The argon2id hash of a password."""
    return _hasher.hash(password)


def slugify(text: str) -> str:
    """Lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:70] or "item"


def sign_up(db: Session, *, email: str, name: str, password: str, shop_name: str = "") -> User:
    """Make an account, with a storefront if the shop has a name."""
    role = Role.SELLER if shop_name else Role.BUYER
    user = User(
        email=email.strip().lower(), name=name.strip(), password_hash=hash_password(password), role=role.value
    )
    db.add(user)
    try:
        db.flush()
    except IntegrityError as error:
        db.rollback()
        raise EmailTakenError(email) from error
    if shop_name:
        slug = slugify(shop_name)
        if db.scalar(select(func.count()).where(Seller.slug == slug)):
            slug = f"{slug}-{user.id}"
        db.add(Seller(user_id=user.id, slug=slug, name=shop_name.strip()))
    db.commit()
    return user


def check_password(db: Session, email: str, password: str) -> User | None:
    """The account with this address and password, or None."""
    user = db.scalar(select(User).where(User.email == email.strip().lower()))
    try:
        _hasher.verify(user.password_hash if user else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    if user is None or not user.active:
        return None
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
        db.commit()
    return user
