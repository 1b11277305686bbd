"""The shop's tables."""

from shop.models.accounts import Role, Seller, User
from shop.models.base import Base
from shop.models.catalogue import Category, Product, ProductImage, Review
from shop.models.orders import Cart, CartItem, Order, OrderEvent, OrderItem, State
from shop.models.outbox import OutboxJob

__all__ = [
    "Base",
    "Cart",
    "CartItem",
    "Category",
    "Order",
    "OrderEvent",
    "OrderItem",
    "OutboxJob",
    "Product",
    "ProductImage",
    "Review",
    "Role",
    "Seller",
    "State",
    "User",
]
