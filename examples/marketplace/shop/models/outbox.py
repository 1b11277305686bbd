"""Work to be done after a transaction, written in that transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base, Key, Moment


class OutboxJob(Base):
    """One job. `dedup_key` keeps the same job from being written twice."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_pending", "available_at", "id", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(60))
    dedup_key: Mapped[str] = mapped_column(String(120), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    created_at: Mapped[Moment]
    available_at: Mapped[Moment]
    done_at: Mapped[datetime | None]
