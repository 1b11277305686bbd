"""From a cart to orders. Stock cannot go below zero, whoever else buys at the same moment."""

from __future__ import annotations

import secrets
import uuid
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.models import Cart, CartItem, Order, OrderEvent, OrderItem, Product, State
from shop.services import outbox

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class CheckoutError(ValueError):
    """The cart cannot be ordered as it is; the text is for the buyer."""


class OutOfStockError(CheckoutError):
    """Somebody was faster."""


@dataclass(frozen=True)
class Address:
    """Where the parcels go."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    phone: str | None = None


def new_number() -> str:
    """An order number that is easy to read aloud and hard to guess."""
    return "LM-" + "".join(secrets.choice(ALPHABET) for _ in range(8))


def place(
    db: Session, *, cart_id: uuid.UUID, buyer_id: int, checkout_id: uuid.UUID, to: Address
) -> list[Order]:
    """Order what is in the cart: one order for each seller, all of them or none.

    The cart's row is locked, so two clicks on the button run one after the other, and the second one
    gets the orders of the first.
    """
    try:
        cart = db.scalar(select(Cart).where(Cart.id == cart_id).with_for_update())
        placed = list(
            db.scalars(select(Order).where(Order.checkout_id == checkout_id, Order.buyer_id == buyer_id))
        )
        if placed:
            return placed
        lines = _lines(db, cart)
        _take_stock(db, lines)
        orders = _orders(db, lines, buyer_id, checkout_id, to)
        for item in lines:
            db.delete(item)
        db.commit()
    except BaseException:
        db.rollback()
        raise
    return orders


def _lines(db: Session, cart: Cart | None) -> list[CartItem]:
    if cart is None:
        raise CheckoutError("Your cart is empty.")
    query = select(CartItem).where(CartItem.cart_id == cart.id).order_by(CartItem.product_id)
    lines = list(db.scalars(query))
    if not lines:
        raise CheckoutError("Your cart is empty.")
    return lines


def _take_stock(db: Session, lines: list[CartItem]) -> None:
    """Always in the order of the products' ids, so that two checkouts cannot deadlock."""
    for item in lines:
        taken = db.scalar(
            update(Product)
            .where(Product.id == item.product_id, Product.active, Product.stock >= item.quantity)
            .values(stock=Product.stock - item.quantity)
            .returning(Product.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None:
            left = db.get_one(Product, item.product_id, populate_existing=True)
            how_many = f"only {left.stock} left" if left.in_stock else "sold out"
            raise OutOfStockError(f"{left.name} is {how_many}. Please change your cart.")


def _orders(
    db: Session, lines: list[CartItem], buyer_id: int, checkout_id: uuid.UUID, to: Address
) -> list[Order]:
    by_seller: dict[int, list[CartItem]] = defaultdict(list)
    for item in lines:
        by_seller[item.product.seller_id].append(item)
    orders = [_order(items, buyer_id, seller, checkout_id, to) for seller, items in by_seller.items()]
    db.add_all(orders)
    db.flush()
    for order in orders:
        outbox.put(db, "order-confirmation", f"order-confirmation:{order.id}", {"order_id": order.id})
    return orders


def _order(
    lines: list[CartItem], buyer_id: int, seller_id: int, checkout_id: uuid.UUID, to: Address
) -> Order:
    order = Order(
        number=new_number(),
        checkout_id=checkout_id,
        buyer_id=buyer_id,
        seller_id=seller_id,
        state=State.PLACED.value,
        total_cents=sum(line.quantity * line.product.price_cents for line in lines),
        ship_name=to.name,
        ship_street=to.street,
        ship_postcode=to.postcode,
        ship_city=to.city,
        ship_country=to.country,
        phone=to.phone,
    )
    order.items = [
        OrderItem(
            product_id=line.product_id,
            name=line.product.name,
            unit_price_cents=line.product.price_cents,
            quantity=line.quantity,
        )
        for line in lines
    ]
    order.events = [OrderEvent(state=State.PLACED.value, actor_id=buyer_id)]
    return order
