"""The rows of the demonstration catalogue, inserted in bulk."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from shop.models import (
    Category,
    Order,
    OrderEvent,
    OrderItem,
    Product,
    ProductImage,
    Review,
    Role,
    Seller,
    State,
    User,
)
from shop.seed import texts
from shop.services.accounts import slugify
from shop.services.checkout import ALPHABET
from shop.services.media import Stored

Row = dict[str, Any]
Pictures = dict[tuple[str, int], Stored]
EPOCH = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
BUYERS, ORDERS, REVIEWS = 60, 200, 900
PATH = (State.PLACED, State.PAID, State.SHIPPED, State.DELIVERED)


def fill(db: Session, products: int, pictures: Pictures, password_hash: str) -> dict[str, int]:
    """Insert everything; answers how many of each."""
    rng = random.Random(20260401)
    ids = _people(db, rng, password_hash)
    buyers, sellers = ids
    shelves = _insert(db, Category, [_shelf_row(i, s) for i, s in enumerate(texts.SHELVES)])
    items = _products(rng, products, sellers, shelves)
    things = [item.pop("thing") for item in items]
    for item, key in zip(items, _insert(db, Product, items), strict=True):
        item["id"] = key
    images = list(_images(rng, items, things, pictures))
    _insert(db, ProductImage, images)
    orders = _orders(db, rng, items, buyers)
    reviews = _reviews(rng, items, buyers, min(REVIEWS, len(items) * 6))
    _insert(db, Review, reviews)
    _sum_up(db)
    return {
        "sellers": len(sellers),
        "buyers": len(buyers),
        "products": len(items),
        "images": len(images),
        "orders": orders,
        "reviews": len(reviews),
    }


def _insert(db: Session, table: type[Any], rows: list[Row]) -> list[int]:
    """Insert rows and answer their ids, in the same order."""
    if not rows:
        return []
    return list(db.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows))


def _ago(rng: random.Random, most_days: int) -> datetime:
    return EPOCH - timedelta(minutes=rng.randrange(60, most_days * 1440))


def _people(db: Session, rng: random.Random, password_hash: str) -> tuple[list[int], list[int]]:
    names = [f"{first} {last}" for last in texts.LAST for first in texts.FIRST]
    rng.shuffle(names)

    def account(email: str, name: str, role: Role) -> Row:
        made = _ago(rng, 700)
        return {
            "email": email,
            "name": name,
            "role": role.value,
            "password_hash": password_hash,
            "created_at": made,
        }

    sellers = [
        account("seller@example.test" if n == 0 else f"seller{n + 1}@example.test", names.pop(), Role.SELLER)
        for n in range(len(texts.SELLERS))
    ]
    buyers = [
        account("buyer@example.test" if n == 0 else f"buyer{n + 1}@example.test", names.pop(), Role.BUYER)
        for n in range(BUYERS)
    ]
    _insert(db, User, [account("admin@example.test", "Ada Admin", Role.ADMIN)])
    owners = _insert(db, User, sellers)
    shops = [
        {
            "user_id": owner,
            "slug": slugify(name),
            "name": name,
            "tagline": tagline,
            "city": city,
            "about": f"{tagline}. We are a workshop of {rng.randint(1, 7)} in {city} and have been at it since "
            f"{rng.randint(1996, 2021)}. Everything you see here was made, checked and packed by us. "
            "Write to us if you want it in another size.",
            "created_at": _ago(rng, 900),
        }
        for owner, (name, tagline, city) in zip(owners, texts.SELLERS, strict=True)
    ]
    return _insert(db, User, buyers), _insert(db, Seller, shops)


def _shelf_row(position: int, shelf: texts.Shelf) -> Row:
    return {"slug": shelf.slug, "name": shelf.name, "blurb": shelf.blurb, "position": position}


def _products(rng: random.Random, number: int, sellers: list[int], shelves: list[int]) -> list[Row]:
    """Shelves in turn, each with its things in turn; names never repeat."""
    taken: set[str] = set()
    items = []
    for n in range(number):
        at = n % len(texts.SHELVES)
        shelf = texts.SHELVES[at]
        thing = shelf.things[(n // len(texts.SHELVES)) % len(shelf.things)]
        name = _name(rng, shelf, thing, taken)
        price = round(rng.uniform(shelf.low, shelf.low + (shelf.high - shelf.low) * rng.random()) / 50) * 50
        sale = rng.random() < 0.12
        items.append(
            {
                "thing": thing,
                "seller_id": sellers[at if rng.random() < 0.75 else rng.randrange(10, len(sellers))],
                "category_id": shelves[at],
                "slug": slugify(name),
                "name": name,
                "description": _description(rng, shelf, thing, name),
                "price_cents": max(price, 250),
                "compare_at_cents": round(price * rng.choice((1.15, 1.25, 1.4)) / 50) * 50 if sale else None,
                "stock": rng.choice((0, 1, 2, 3, *range(5, 40))),
                "created_at": _ago(rng, 400),
            }
        )
    return items


def _name(rng: random.Random, shelf: texts.Shelf, thing: str, taken: set[str]) -> str:
    for attempt in range(1000):
        series = rng.choice(texts.NAMES)
        name = f"{rng.choice(shelf.materials)} {thing.title()} “{series}”"
        if attempt > 50:
            name += f" No. {rng.randint(2, 999)}"
        if slugify(name) not in taken:
            taken.add(slugify(name))
            return name
    raise RuntimeError("no more names")


def _description(rng: random.Random, shelf: texts.Shelf, thing: str, name: str) -> str:
    material = name.partition(f" {thing.title()}")[0]
    first = rng.choice(texts.OPENINGS).format(thing=thing)
    return f"{first}\n{material} {thing}, {shelf.makes}. {rng.choice(texts.CLOSINGS)}"


def _images(rng: random.Random, items: list[Row], things: list[str], pictures: Pictures) -> list[Row]:
    variants = 1 + max(variant for _, variant in pictures)
    rows = []
    for item, thing in zip(items, things, strict=True):
        first = rng.randrange(variants)
        for position in range(variants):
            picture = pictures[thing, (first + position) % variants]
            where = "" if position == 0 else f", view {position + 1}"
            rows.append(
                {
                    "product_id": item["id"],
                    "position": position,
                    "key": picture.key,
                    "thumb_key": picture.thumb_key,
                    "alt": item["name"] + where,
                    "width": picture.width,
                    "height": picture.height,
                }
            )
    return rows


def _orders(db: Session, rng: random.Random, items: list[Row], buyers: list[int]) -> int:
    by_seller: dict[int, list[Row]] = defaultdict(list)
    for item in items:
        by_seller[item["seller_id"]].append(item)
    drafts = [_order(rng, rng.choice(list(by_seller.values())), rng.choice(buyers)) for _ in range(ORDERS)]
    drafts.sort(key=lambda draft: draft[0]["placed_at"])
    keys = _insert(db, Order, [order for order, _, _ in drafts])
    lines = [line | {"order_id": key} for key, draft in zip(keys, drafts, strict=True) for line in draft[1]]
    events = [
        event | {"order_id": key} for key, draft in zip(keys, drafts, strict=True) for event in draft[2]
    ]
    _insert(db, OrderItem, lines)
    _insert(db, OrderEvent, events)
    return len(keys)


def _order(rng: random.Random, shop: list[Row], buyer: int) -> tuple[Row, list[Row], list[Row]]:
    lines: list[Row] = [
        {
            "product_id": item["id"],
            "name": item["name"],
            "unit_price_cents": item["price_cents"],
            "quantity": rng.choice((1, 1, 1, 2, 3)),
        }
        for item in rng.sample(shop, min(len(shop), rng.choice((1, 1, 2, 3))))
    ]
    placed = _ago(rng, 120)
    postcode, city, country = rng.choice(texts.CITIES)
    path = list(PATH[: rng.choice((1, 2, 3, 4, 4, 4))])
    if rng.random() < 0.06:
        path = [State.PLACED, State.CANCELLED]
    events = [{"state": s.value, "at": placed + timedelta(hours=7 * n)} for n, s in enumerate(path)]
    order = {
        "number": "LM-" + "".join(rng.choices(ALPHABET, k=8)),
        "checkout_id": uuid.UUID(int=rng.getrandbits(128), version=4),
        "buyer_id": buyer,
        "seller_id": shop[0]["seller_id"],
        "state": path[-1].value,
        "total_cents": sum(line["unit_price_cents"] * line["quantity"] for line in lines),
        "ship_name": f"{rng.choice(texts.FIRST)} {rng.choice(texts.LAST)}",
        "ship_street": f"{rng.choice(texts.STREETS)} {rng.randint(1, 140)}",
        "ship_postcode": postcode,
        "ship_city": city,
        "ship_country": country,
        "placed_at": placed,
        "updated_at": events[-1]["at"],
    }
    return order, lines, events


def _reviews(rng: random.Random, items: list[Row], buyers: list[int], number: int) -> list[Row]:
    pairs = rng.sample([(item["id"], buyer) for item in items for buyer in buyers], number)
    rows = []
    for product, buyer in pairs:
        stars = rng.choices((5, 4, 3, 2, 1), (52, 29, 11, 5, 3))[0]
        title, body = rng.choice(texts.REVIEWS[stars])
        made = _ago(rng, 300)
        rows.append(
            {
                "product_id": product,
                "user_id": buyer,
                "stars": stars,
                "title": title,
                "body": body,
                "created_at": made,
            }
        )
    return rows


def _sum_up(db: Session) -> None:
    db.execute(
        text(
            "UPDATE products SET rating_sum = r.total, rating_count = r.number FROM (SELECT product_id, "
            "sum(stars) AS total, count(*) AS number FROM reviews GROUP BY product_id) r "
            "WHERE r.product_id = products.id"
        )
    )
