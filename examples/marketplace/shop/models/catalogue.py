"""Categories, products, their pictures and their reviews."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, String, UniqueConstraint, text, true
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.accounts import Seller, User
from shop.models.base import Base, Key, Moment

SEARCH_SQL = (
    "(setweight(to_tsvector('english'::regconfig, (name)::text), 'A'::\"char\") || "
    "setweight(to_tsvector('english'::regconfig, description), 'B'::\"char\"))"
)


class Category(Base):
    """A shelf of the shop."""

    __tablename__ = "categories"

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    blurb: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(server_default=text("0"))


class Product(Base):
    """Something for sale. Money is in cents; the stock cannot go below zero."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_cents > 0", name="price"),
        CheckConstraint("stock >= 0", name="stock"),
        Index("ix_products_search", "search", postgresql_using="gin"),
        Index("ix_products_category_id_price_cents", "category_id", "price_cents"),
        Index("ix_products_seller_id", "seller_id"),
        Index("ix_products_created_at", "created_at"),
    )

    id: Mapped[Key]
    seller_id: Mapped[int] = mapped_column(ForeignKey("sellers.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    slug: Mapped[str] = mapped_column(String(160), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    description: Mapped[str] = mapped_column(server_default="")
    price_cents: Mapped[int]
    compare_at_cents: Mapped[int | None]
    stock: Mapped[int] = mapped_column(server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=true())
    rating_sum: Mapped[int] = mapped_column(server_default=text("0"))
    rating_count: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Moment]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH_SQL, persisted=True), deferred=True)

    seller: Mapped[Seller] = relationship()
    category: Mapped[Category] = relationship()
    images: Mapped[list[ProductImage]] = relationship(
        order_by="ProductImage.position", cascade="all, delete-orphan"
    )

    @property
    def rating(self) -> float:
        """The average number of stars, 0 without reviews."""
        return self.rating_sum / self.rating_count if self.rating_count else 0.0

    @property
    def in_stock(self) -> bool:
        """Whether it can be bought now."""
        return self.active and self.stock > 0

    @property
    def discount(self) -> int:
        """Per cent off the earlier price, 0 if there is none."""
        old = self.compare_at_cents
        return round(100 * (old - self.price_cents) / old) if old and old > self.price_cents else 0


class ProductImage(Base):
    """A picture: `key` and `thumb_key` name objects below `public/` in the bucket."""

    __tablename__ = "product_images"
    __table_args__ = (Index("ix_product_images_product_id", "product_id", "position"),)

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(server_default=text("0"))
    key: Mapped[str]
    thumb_key: Mapped[str]
    alt: Mapped[str] = mapped_column(server_default="")
    width: Mapped[int]
    height: Mapped[int]


class Review(Base):
    """What a buyer thinks of a product; one for each buyer and product."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("product_id", "user_id"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    )

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    stars: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), server_default="")
    body: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[Moment]
    user: Mapped[User] = relationship()
