"""Carts, the checkout race, and the life of an order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from shop import cron
from shop.models import Cart, CartItem, Order, OrderEvent, OutboxJob, Product, State
from shop.services import cart, checkout, orders
from sqlalchemy import func, select, text, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from tests.conftest import Browser, Stock

TO = checkout.Address("B", "Street 1", "10115", "Berlin", "Germany")
FORM = {"name": "Bea", "street": "Street 1", "postcode": "10115", "city": "Berlin", "country": "Germany"}


def fill(db: Session, user_id: int | None, *lines: tuple[Product, int]) -> uuid.UUID:
    key: str | None = None
    for product, quantity in lines:
        key = cart.add(db, key, user_id, product.id, quantity)
    assert key
    return uuid.UUID(key)


def test_cart_of_a_visitor(browser: Browser, stock: Stock) -> None:
    browser.post("/cart/add", {"product_id": stock.mug.id, "quantity": 2}, page="/p/blue-mug")
    browser.post("/cart/add", {"product_id": stock.mug.id, "quantity": 1}, page="/p/blue-mug")
    assert browser.get("/api/cart").json == {
        "total_cents": 4350,
        "items": [{"slug": "blue-mug", "name": "Blue Mug", "quantity": 3}],
    }
    browser.post("/cart/change", {"product_id": stock.mug.id, "quantity": 0}, page="/cart")
    assert "Nothing in it yet" in browser.get("/cart").text


@pytest.mark.parametrize("product", ["0", "999999", "words"])
def test_what_is_not_for_sale_stays_out(browser: Browser, stock: Stock, product: str) -> None:
    browser.post("/cart/add", {"product_id": product}, page="/p/blue-mug")
    browser.post("/cart/add", {"product_id": stock.gone.id}, page="/p/blue-mug")
    assert browser.get("/api/cart").json == {"total_cents": 0, "items": []}


def test_the_cart_comes_along(visit: Callable[[], Browser], stock: Stock) -> None:
    at_home, at_work = visit(), visit()
    at_home.post("/cart/add", {"product_id": stock.mug.id}, page="/p/blue-mug")
    at_home.sign_in("buyer@x.test")
    at_work.post("/cart/add", {"product_id": stock.lamp.id}, page="/p/blue-mug")
    at_work.sign_in("buyer@x.test")
    for browser in (at_home, at_work):
        answer = browser.get("/api/cart").json
        assert answer and {item["slug"] for item in answer["items"]} == {"blue-mug", "brass-lamp"}


def test_checkout_makes_one_order_for_each_seller(browser: Browser, stock: Stock, db: Session) -> None:
    browser.sign_in("buyer@x.test")
    for product in (stock.mug, stock.lamp):
        browser.post("/cart/add", {"product_id": product.id, "quantity": 2}, page="/p/blue-mug")
    key = str(uuid.uuid4())
    assert browser.post("/checkout", FORM | {"checkout_id": key}, page="/checkout").status_code == 302
    # a second click
    assert browser.post("/checkout", FORM | {"checkout_id": key}, page="/p/blue-mug").status_code == 302
    placed = db.scalars(select(Order).order_by(Order.id)).all()
    assert sorted(order.total_cents for order in placed) == [2900, 17800]
    assert db.scalar(select(func.count()).select_from(OutboxJob)) == 2
    assert db.scalar(select(func.count()).select_from(CartItem)) == 0
    assert {db.get_one(Product, p.id, populate_existing=True).stock for p in (stock.mug, stock.lamp)} == {
        3,
        0,
    }


def test_checkout_needs_an_account_a_cart_and_an_address(browser: Browser, stock: Stock) -> None:
    assert browser.get("/checkout").headers["Location"].startswith("/sign-in")
    browser.sign_in("buyer@x.test")
    assert browser.get("/checkout").headers["Location"] == "/cart"
    browser.post("/cart/add", {"product_id": stock.mug.id}, page="/p/blue-mug")
    answer = browser.post(
        "/checkout", FORM | {"checkout_id": str(uuid.uuid4()), "city": ""}, page="/checkout"
    )
    assert answer.status_code == 422
    assert browser.post("/checkout", FORM | {"checkout_id": "x"}, page="/checkout").status_code == 400


def test_too_much_is_refused_whole(db: Session, stock: Stock) -> None:
    key = fill(db, stock.buyer.id, (stock.mug, 1), (stock.lamp, 3))
    with pytest.raises(checkout.OutOfStockError, match="only 2 left"):
        checkout.place(db, cart_id=key, buyer_id=stock.buyer.id, checkout_id=uuid.uuid4(), to=TO)
    assert db.get_one(Product, stock.mug.id, populate_existing=True).stock == 5
    assert db.scalar(select(func.count()).select_from(CartItem)) == 2
    assert db.scalar(select(func.count()).select_from(OutboxJob)) == 0


def race(engine: Engine, attempts: list[tuple[uuid.UUID, int, uuid.UUID]]) -> list[str]:
    """Check out from many threads at the same moment."""
    barrier = Barrier(len(attempts))

    def one(attempt: tuple[uuid.UUID, int, uuid.UUID]) -> str:
        cart_id, buyer, key = attempt
        with Session(engine) as own:
            barrier.wait()
            try:
                checkout.place(own, cart_id=cart_id, buyer_id=buyer, checkout_id=key, to=TO)
            except checkout.CheckoutError as error:
                return type(error).__name__
            return "placed"

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(one, attempts))


def engine_of(db: Session) -> Engine:
    from sqlalchemy import create_engine

    bind = db.get_bind()
    assert isinstance(bind, Engine)
    return create_engine(bind.url, pool_size=16, connect_args={"prepare_threshold": None})


def test_stock_never_goes_below_zero(db: Session, stock: Stock) -> None:
    """Twelve carts want five mugs and two lamps, in both orders of adding."""
    attempts = []
    for n in range(12):
        lines = [(stock.mug, 1), (stock.lamp, 1)] if n % 2 else [(stock.lamp, 1), (stock.mug, 1)]
        attempts.append((fill(db, None, *lines), stock.buyer.id, uuid.uuid4()))
    engine = engine_of(db)
    results = race(engine, attempts)
    engine.dispose()
    assert sorted(set(results)) == ["OutOfStockError", "placed"]
    assert results.count("placed") == 2
    left = {p.id: db.get_one(Product, p.id, populate_existing=True).stock for p in (stock.mug, stock.lamp)}
    assert left == {stock.mug.id: 3, stock.lamp.id: 0}


def test_many_clicks_make_one_order(db: Session, stock: Stock) -> None:
    attempt = (fill(db, stock.buyer.id, (stock.mug, 1)), stock.buyer.id, uuid.uuid4())
    engine = engine_of(db)
    results = race(engine, [attempt] * 8)
    engine.dispose()
    assert set(results) == {"placed"}
    assert db.scalar(select(func.count()).select_from(Order)) == 1
    assert db.get_one(Product, stock.mug.id, populate_existing=True).stock == 4


def place(db: Session, stock: Stock) -> Order:
    key = fill(db, stock.buyer.id, (stock.mug, 2))
    return checkout.place(db, cart_id=key, buyer_id=stock.buyer.id, checkout_id=uuid.uuid4(), to=TO)[0]


def test_the_life_of_an_order(visit: Callable[[], Browser], db: Session, stock: Stock) -> None:
    number = place(db, stock).number
    page = f"/orders/{number}"
    buyer, seller = visit().sign_in("buyer@x.test"), visit().sign_in("seller@x.test")
    for who, state in ((buyer, "paid"), (seller, "shipped"), (buyer, "delivered")):
        assert who.post(f"{page}/state", {"state": state}, page=page).status_code == 302
    assert db.scalars(select(OrderEvent.state).order_by(OrderEvent.id)).all() == [
        "placed",
        "paid",
        "shipped",
        "delivered",
    ]
    assert number in seller.get("/desk/?state=delivered").text
    assert number not in seller.get("/desk/?state=placed").text


def test_orders_are_private(visit: Callable[[], Browser], db: Session, stock: Stock) -> None:
    page = f"/orders/{place(db, stock).number}"
    for email in ("buyer2@x.test", "other@x.test"):
        browser = visit().sign_in(email)
        assert browser.get(page).status_code == 404
        assert browser.post(f"{page}/state", {"state": "cancelled"}, page="/orders").status_code == 404
    for email in ("buyer@x.test", "seller@x.test", "admin@x.test"):
        assert visit().sign_in(email).get(page).status_code == 200


def test_steps_that_do_not_exist(visit: Callable[[], Browser], db: Session, stock: Stock) -> None:
    page = f"/orders/{place(db, stock).number}"
    browser = visit().sign_in("buyer@x.test")
    assert browser.post(f"{page}/state", {"state": "nonsense"}, page=page).status_code == 400
    browser.post(f"{page}/state", {"state": "shipped"}, page=page)
    assert db.scalar(select(Order.state)) == "placed"


def test_cancelling_gives_the_stock_back_once(db: Session, stock: Stock) -> None:
    order = place(db, stock)
    orders.move(db, order.id, State.CANCELLED, stock.buyer)
    with pytest.raises(orders.NotAllowedError):
        orders.move(db, order.id, State.CANCELLED, stock.buyer)
    assert db.get_one(Product, stock.mug.id, populate_existing=True).stock == 5


def test_the_database_itself_refuses_negative_stock(db: Session, stock: Stock) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError):
        db.execute(update(Product).values(stock=-1))
    db.rollback()


def test_abandoned_carts_go(db: Session, stock: Stock) -> None:
    old, new = fill(db, None, (stock.mug, 1)), fill(db, None, (stock.mug, 1))
    db.execute(text("UPDATE carts SET updated_at = now() - interval '15 days' WHERE id = :id"), {"id": old})
    db.commit()
    assert cron.clean_up(db) == 1
    assert db.scalars(select(Cart.id)).all() == [new]
    assert cart.remove_abandoned(db, days=-1, batch=1) == 1
