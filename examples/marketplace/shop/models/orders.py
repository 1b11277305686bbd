"""Carts and orders. A checkout makes one order for each seller."""

from __future__ import annotations

import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.accounts import Seller, User
from shop.models.base import Base, Key, Moment
from shop.models.catalogue import Product


class State(StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Cart(Base):
    """A cart; the visitor's signed session names it."""

    __tablename__ = "carts"
    __table_args__ = (Index("ix_carts_updated_at", "updated_at"),)

    id: Mapped[uuid.UUID] = mapped_column(UUID, primary_key=True, default=uuid.uuid4)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    items: Mapped[list[CartItem]] = relationship(
        order_by="CartItem.id", cascade="all, delete-orphan", passive_deletes=True
    )


class CartItem(Base):
    """So many of one product in a cart."""

    __tablename__ = "cart_items"
    __table_args__ = (
        UniqueConstraint("cart_id", "product_id"),
        CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity"),
    )

    id: Mapped[Key]
    cart_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    product: Mapped[Product] = relationship()


class Order(Base):
    """An order of one buyer at one seller."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("checkout_id", "seller_id"),
        CheckConstraint("state IN ('placed', 'paid', 'shipped', 'delivered', 'cancelled')", name="state"),
        Index("ix_orders_buyer_id", "buyer_id", "placed_at"),
        Index("ix_orders_seller_id", "seller_id", "placed_at"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    checkout_id: Mapped[uuid.UUID] = mapped_column(UUID)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    seller_id: Mapped[int] = mapped_column(ForeignKey("sellers.id"))
    state: Mapped[str] = mapped_column(String(20), server_default=State.PLACED.value)
    total_cents: Mapped[int]
    ship_name: Mapped[str] = mapped_column(String(120))
    ship_street: Mapped[str] = mapped_column(String(200))
    ship_postcode: Mapped[str] = mapped_column(String(20))
    ship_city: Mapped[str] = mapped_column(String(80))
    ship_country: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(40))
    placed_at: Mapped[Moment]
    updated_at: Mapped[Moment]

    buyer: Mapped[User] = relationship()
    seller: Mapped[Seller] = relationship()
    items: Mapped[list[OrderItem]] = relationship(order_by="OrderItem.id", cascade="all, delete-orphan")
    events: Mapped[list[OrderEvent]] = relationship(order_by="OrderEvent.id", cascade="all, delete-orphan")


class OrderItem(Base):
    """A line of an order: name and price as they were."""

    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_order_items_order_id", "order_id"),
        Index("ix_order_items_product_id", "product_id"),
    )

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    name: Mapped[str] = mapped_column(String(160))
    unit_price_cents: Mapped[int]
    quantity: Mapped[int]
    product: Mapped[Product] = relationship()


class OrderEvent(Base):
    """One step in the life of an order."""

    __tablename__ = "order_events"
    __table_args__ = (Index("ix_order_events_order_id", "order_id"),)

    id: Mapped[Key]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(server_default=text("''"))
    at: Mapped[Moment]
