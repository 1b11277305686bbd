"""Carts of visitors and of accounts."""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from shop.models import Cart, CartItem, Product

MOST = 20


def load(db: Session, cart_id: str | None) -> Cart | None:
    """The cart with its lines, or None."""
    try:
        key = uuid.UUID(cart_id or "")
    except ValueError:
        return None
    lines = selectinload(Cart.items).joinedload(CartItem.product)
    query = select(Cart).where(Cart.id == key)
    return db.scalar(query.options(lines.joinedload(Product.seller), lines.selectinload(Product.images)))


def count(db: Session, cart_id: str | None) -> int:
    """How many things are in the cart."""
    try:
        key = uuid.UUID(cart_id or "")
    except ValueError:
        return 0
    return (
        db.scalar(select(func.coalesce(func.sum(CartItem.quantity), 0)).where(CartItem.cart_id == key)) or 0
    )


def total_cents(cart: Cart | None) -> int:
    """The sum of all lines."""
    return sum(item.quantity * item.product.price_cents for item in cart.items) if cart else 0


def add(db: Session, cart_id: str | None, user_id: int | None, product_id: int, quantity: int) -> str:
    """Put a product in the cart (making one if there is none); answers the cart's id."""
    key = _ensure(db, cart_id, user_id)
    line = insert(CartItem).values(cart_id=key, product_id=product_id, quantity=min(max(quantity, 1), MOST))
    sum_of_both = func.least(CartItem.quantity + line.excluded.quantity, MOST)
    db.execute(
        line.on_conflict_do_update(index_elements=["cart_id", "product_id"], set_={"quantity": sum_of_both})
    )
    _touch(db, key)
    db.commit()
    return str(key)


def change(db: Session, cart_id: str | None, product_id: int, quantity: int) -> None:
    """Set the number of a line; none removes it."""
    cart = load(db, cart_id)
    line = next((item for item in cart.items if item.product_id == product_id), None) if cart else None
    if cart is None or line is None:
        return
    if quantity < 1:
        cart.items.remove(line)
    else:
        line.quantity = min(quantity, MOST)
    cart.updated_at = func.now()
    db.commit()


def adopt(db: Session, cart_id: str | None, user_id: int) -> str | None:
    """After signing in: the visitor's cart flows into the account's cart."""
    own = db.scalar(select(Cart).where(Cart.user_id == user_id))
    visitors = load(db, cart_id)
    if visitors is None or visitors.user_id is not None:
        return str(own.id) if own else None
    if own is None:
        visitors.user_id = user_id
        db.commit()
        return str(visitors.id)
    for item in visitors.items:
        add(db, str(own.id), user_id, item.product_id, item.quantity)
    db.delete(visitors)
    db.commit()
    return str(own.id)


def remove_abandoned(db: Session, days: int, batch: int = 500) -> int:
    """Delete carts that nobody touched for so many days, a batch at a time."""
    removed = 0
    while True:
        old = (
            select(Cart.id)
            .where(Cart.updated_at < func.now() - timedelta(days=days))
            .limit(batch)
            .with_for_update(skip_locked=True)
        )
        gone = db.scalars(delete(Cart).where(Cart.id.in_(old.scalar_subquery())).returning(Cart.id)).all()
        db.commit()
        removed += len(gone)
        if len(gone) < batch:
            return removed


def _ensure(db: Session, cart_id: str | None, user_id: int | None) -> uuid.UUID:
    cart = load(db, cart_id)
    if cart is None and user_id is not None:
        cart = db.scalar(select(Cart).where(Cart.user_id == user_id))
    if cart is not None:
        return cart.id
    new = Cart(id=uuid.uuid4(), user_id=user_id)
    db.add(new)
    db.flush()
    return new.id


def _touch(db: Session, key: uuid.UUID) -> None:
    cart = db.get_one(Cart, key)
    cart.updated_at = func.now()
