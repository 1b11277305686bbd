"""The life of an order after the checkout."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from shop.models import Order, OrderEvent, OrderItem, Product, Role, State, User
from shop.services import outbox

# state -> next state -> who may do it
BUYER, SELLER = "buyer", "seller"
STEPS: dict[State, dict[State, frozenset[str]]] = {
    State.PLACED: {State.PAID: frozenset({BUYER}), State.CANCELLED: frozenset({BUYER, SELLER})},
    State.PAID: {State.SHIPPED: frozenset({SELLER}), State.CANCELLED: frozenset({SELLER})},
    State.SHIPPED: {State.DELIVERED: frozenset({BUYER, SELLER})},
    State.DELIVERED: {},
    State.CANCELLED: {},
}


class NotAllowedError(ValueError):
    """This step is not possible, or not for this account."""


def part_of(order: Order, user: User) -> set[str]:
    """Whether the account is the order's buyer, its seller, or both (an admin is both)."""
    parts = set()
    if order.buyer_id == user.id or user.is_a(Role.ADMIN):
        parts.add(BUYER)
    if (user.seller and user.seller.id == order.seller_id) or user.is_a(Role.ADMIN):
        parts.add(SELLER)
    return parts


def next_steps(order: Order, user: User) -> list[State]:
    """What this account may do with the order now."""
    parts = part_of(order, user)
    return [state for state, who in STEPS[State(order.state)].items() if who & parts]


def move(db: Session, order_id: int, to: State, actor: User, note: str = "") -> Order:
    """Take an order one step on; a cancelled order gives its stock back."""
    order = db.scalar(
        select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    )
    if order is None or to not in next_steps(order, actor):
        db.rollback()
        raise NotAllowedError("That step is not possible any more.")
    order.state = to.value
    order.updated_at = func.now()
    db.add(OrderEvent(order_id=order.id, state=to.value, actor_id=actor.id, note=note[:500]))
    if to is State.CANCELLED:
        _give_back(db, order)
    if to in (State.SHIPPED, State.CANCELLED):
        outbox.put(
            db, "order-update", f"order-update:{order.id}:{to}", {"order_id": order.id, "state": to.value}
        )
    db.commit()
    return order


def _give_back(db: Session, order: Order) -> None:
    for item in sorted(order.items, key=lambda line: line.product_id):
        db.execute(
            update(Product)
            .where(Product.id == item.product_id)
            .values(stock=Product.stock + item.quantity)
            .execution_options(synchronize_session=False)
        )


def by_number(db: Session, number: str) -> Order | None:
    """An order with everything its page shows."""
    options = (
        joinedload(Order.buyer),
        joinedload(Order.seller),
        selectinload(Order.items).joinedload(OrderItem.product).selectinload(Product.images),
        selectinload(Order.events),
    )
    return db.scalar(select(Order).where(Order.number == number).options(*options))


def of_buyer(db: Session, user_id: int, limit: int = 50) -> list[Order]:
    """The newest orders of an account."""
    query = select(Order).where(Order.buyer_id == user_id)
    options = (joinedload(Order.seller), selectinload(Order.items))
    return list(db.scalars(query.options(*options).order_by(Order.placed_at.desc(), Order.id).limit(limit)))


def of_seller(db: Session, seller_id: int, state: str = "", limit: int = 100) -> list[Order]:
    """The newest orders of a storefront, perhaps only those in one state."""
    query = select(Order).where(Order.seller_id == seller_id)
    if state in set(State):
        query = query.where(Order.state == state)
    options = (joinedload(Order.buyer), selectinload(Order.items))
    return list(db.scalars(query.options(*options).order_by(Order.placed_at.desc(), Order.id).limit(limit)))


def counts(db: Session, seller_id: int | None = None) -> dict[str, int]:
    """How many orders stand where."""
    query = select(Order.state, func.count()).group_by(Order.state)
    if seller_id is not None:
        query = query.where(Order.seller_id == seller_id)
    found = {state: number for state, number in db.execute(query)}
    return {state.value: found.get(state.value, 0) for state in State}
