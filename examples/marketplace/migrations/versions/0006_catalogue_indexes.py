"""Indexes for search and for the shelves, built without blocking writers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

greenroom_phase = "expand"


def upgrade() -> None:
    # IF EXISTS: an index build that was interrupted leaves an invalid index behind.
    with op.get_context().autocommit_block():
        for name in ("ix_products_search", "ix_products_category_id_price_cents", "ix_products_created_at"):
            op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        op.create_index(
            "ix_products_search", "products", ["search"], postgresql_using="gin", postgresql_concurrently=True
        )
        op.create_index(
            "ix_products_category_id_price_cents",
            "products",
            ["category_id", "price_cents"],
            postgresql_concurrently=True,
        )
        op.create_index(
            "ix_products_created_at", "products", ["created_at"], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in ("ix_products_created_at", "ix_products_category_id_price_cents", "ix_products_search"):
            op.drop_index(name, "products", postgresql_concurrently=True, if_exists=True)
