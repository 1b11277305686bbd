"""Finding products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from shop.models import Category, Order, OrderItem, Product, Review, Seller, State

PAGE_SIZE = 24
SORTS = {
    "relevance": "Best match",
    "newest": "Newest",
    "price-asc": "Price: low to high",
    "price-desc": "Price: high to low",
    "rating": "Best rated",
}


def _whole(text: str | None, low: int, high: int) -> int | None:
    try:
        number = int(float(text or ""))
    except (ValueError, OverflowError):
        return None
    return min(max(number, low), high)


@dataclass(frozen=True)
class Filters:
    """What a visitor asked for."""

    text: str = ""
    category: str = ""
    seller_id: int | None = None
    low: int | None = None
    high: int | None = None
    in_stock: bool = False
    rating: int | None = None
    sort: str = "relevance"
    page: int = 1

    @classmethod
    def from_args(
        cls, args: Mapping[str, str], *, category: str = "", seller_id: int | None = None
    ) -> Filters:
        """Read the filters from a query string; nonsense is ignored."""
        sort = args.get("sort", "relevance")
        return cls(
            text=args.get("q", "").replace("\0", "").strip()[:200],
            category=category or args.get("category", "").replace("\0", "")[:80],
            seller_id=seller_id,
            low=_whole(args.get("min"), 0, 1_000_000),
            high=_whole(args.get("max"), 0, 1_000_000),
            in_stock=args.get("stock") == "1",
            rating=_whole(args.get("rating"), 1, 5),
            sort=sort if sort in SORTS else "relevance",
            page=_whole(args.get("page"), 1, 10_000) or 1,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything besides the shelf was asked for."""
        numbers = (self.low, self.high, self.rating)
        return bool(self.text or self.in_stock or any(n is not None for n in numbers))

    def query(self, **changes: Any) -> dict[str, Any]:
        """The query string for the same search with some changes."""
        values: dict[str, Any] = {
            "q": self.text,
            "min": self.low,
            "max": self.high,
            "stock": "1" if self.in_stock else None,
            "rating": self.rating,
            "sort": None if self.sort == "relevance" else self.sort,
            "page": None,
        } | changes
        return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True)
class Page:
    """One page of results."""

    products: list[Product]
    total: int
    filters: Filters
    size: int = field(default=PAGE_SIZE)

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // self.size))

    def around(self) -> list[int | None]:
        """Page numbers to show; None stands for a gap."""
        here, shown = self.filters.page, []
        for number in range(1, self.last + 1):
            if number in (1, self.last) or abs(number - here) <= 1:
                shown.append(number)
        result: list[int | None] = []
        for number in shown:
            if result and isinstance(result[-1], int) and number - result[-1] > 1:
                result.append(None)
            result.append(number)
        return result


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Product.active.is_(True)]
    if filters.category:
        wanted.append(Product.category.has(Category.slug == filters.category))
    if filters.seller_id is not None:
        wanted.append(Product.seller_id == filters.seller_id)
    if filters.text:
        wanted.append(Product.search.op("@@")(func.websearch_to_tsquery("english", filters.text)))
    if filters.low is not None:
        wanted.append(Product.price_cents >= filters.low * 100)
    if filters.high is not None:
        wanted.append(Product.price_cents <= filters.high * 100)
    if filters.in_stock:
        wanted.append(Product.stock > 0)
    if filters.rating is not None:
        wanted.append(Product.rating_count > 0)
        wanted.append(Product.rating_sum >= filters.rating * Product.rating_count)
    return wanted


def _order(filters: Filters) -> list[ColumnElement[Any]]:
    average = Product.rating_sum * 1.0 / func.greatest(Product.rating_count, 1)
    orders: dict[str, list[ColumnElement[Any]]] = {
        "newest": [Product.created_at.desc()],
        "price-asc": [Product.price_cents.asc()],
        "price-desc": [Product.price_cents.desc()],
        "rating": [average.desc(), Product.rating_count.desc()],
        "relevance": [Product.rating_count.desc()],
    }
    if filters.sort == "relevance" and filters.text:
        query = func.websearch_to_tsquery("english", filters.text)
        orders["relevance"] = [func.ts_rank(Product.search, query).desc()]
    return [*orders[filters.sort], Product.id.asc()]


def for_cards() -> Select[Product]:
    """A query for products with what their cards show."""
    return select(Product).options(joinedload(Product.seller), selectinload(Product.images))


def find(db: Session, filters: Filters, size: int = PAGE_SIZE) -> Page:
    """One page of the products that fit."""
    wanted = _conditions(filters)
    total = db.scalar(select(func.count()).select_from(Product).where(*wanted)) or 0
    last = max(1, -(-total // size))
    page = min(filters.page, last)
    found = db.scalars(
        for_cards().where(*wanted).order_by(*_order(filters)).limit(size).offset((page - 1) * size)
    )
    return Page(list(found), total, Filters(**(vars(filters) | {"page": page})), size)


def categories(db: Session) -> list[tuple[Category, int]]:
    """The shelves with the number of products on each."""
    count = func.count(Product.id)
    query = (
        select(Category, count)
        .outerjoin(Product, (Product.category_id == Category.id) & Product.active)
        .group_by(Category.id)
        .order_by(Category.position, Category.name)
    )
    return [(category, number) for category, number in db.execute(query)]


def shelves(db: Session) -> list[Category]:
    """The shelves, for the navigation."""
    return list(db.scalars(select(Category).order_by(Category.position, Category.name)))


def product(db: Session, slug: str) -> Product | None:
    """A product with everything its page shows."""
    options = (joinedload(Product.seller), joinedload(Product.category), selectinload(Product.images))
    return db.scalar(select(Product).where(Product.slug == slug).options(*options))


def reviews(db: Session, product_id: int, limit: int = 30) -> list[Review]:
    """The newest reviews of a product."""
    query = select(Review).where(Review.product_id == product_id).options(joinedload(Review.user))
    return list(db.scalars(query.order_by(Review.created_at.desc(), Review.id.desc()).limit(limit)))


def similar(db: Session, item: Product, limit: int = 4) -> list[Product]:
    """Others from the same shelf."""
    query = for_cards().where(
        Product.category_id == item.category_id, Product.id != item.id, Product.active, Product.stock > 0
    )
    return list(db.scalars(query.order_by(func.abs(Product.id - item.id), Product.id).limit(limit)))


def shelf(db: Session, order: ColumnElement[Any], limit: int, *wanted: ColumnElement[bool]) -> list[Product]:
    """A short row of products that can be bought now."""
    query = for_cards().where(Product.active, Product.stock > 0, *wanted)
    return list(db.scalars(query.order_by(order, Product.id).limit(limit)))


def sellers(db: Session) -> list[tuple[Seller, int, float]]:
    """The storefronts with their number of products and average rating."""
    stars = func.coalesce(
        func.sum(Product.rating_sum) * 1.0 / func.nullif(func.sum(Product.rating_count), 0), 0
    )
    query = (
        select(Seller, func.count(Product.id), stars)
        .outerjoin(Product, (Product.seller_id == Seller.id) & Product.active)
        .group_by(Seller.id)
        .order_by(Seller.name)
    )
    return [(seller, number, float(average)) for seller, number, average in db.execute(query)]


def has_bought(db: Session, user_id: int, product_id: int) -> bool:
    """Whether the account has an order with this product that was not cancelled."""
    query = (
        select(func.count())
        .select_from(OrderItem)
        .join(Order, Order.id == OrderItem.order_id)
        .where(
            Order.buyer_id == user_id,
            OrderItem.product_id == product_id,
            Order.state != State.CANCELLED.value,
        )
    )
    return bool(db.scalar(query))
