"""People and the shops they keep."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base, Key, Moment


class Role(StrEnum):
    """What an account may do."""

    BUYER = "buyer"
    SELLER = "seller"
    ADMIN = "admin"


class User(Base):
    """An account. The e-mail address is kept in lower case."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('buyer', 'seller', 'admin')", name="role"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(String(20), server_default=Role.BUYER.value)
    active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[Moment]
    seller: Mapped[Seller | None] = relationship(back_populates="user")

    is_anonymous = False
    is_authenticated = True

    @property
    def is_active(self) -> bool:
        """Flask-Login asks for this name."""
        return self.active

    def get_id(self) -> str:
        """What Flask-Login keeps in the session."""
        return str(self.id)

    def is_a(self, *roles: str) -> bool:
        """Whether the account has one of these roles."""
        return self.role in roles


class Seller(Base):
    """A storefront, kept by one account."""

    __tablename__ = "sellers"

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    tagline: Mapped[str] = mapped_column(server_default="")
    about: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str] = mapped_column(String(80), server_default="")
    created_at: Mapped[Moment]
    user: Mapped[User] = relationship(back_populates="seller")
