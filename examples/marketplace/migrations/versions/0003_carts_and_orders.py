"""Carts and orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

greenroom_phase = "expand"


def key() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.execute("LOCK TABLE users, sellers, products IN SHARE ROW EXCLUSIVE MODE")
    create_carts()
    create_orders()
    create_order_parts()


def create_carts() -> None:
    op.create_table(
        "carts",
        sa.Column("id", postgresql.UUID(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        moment("created_at"),
        moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_carts_user_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("user_id", name=op.f("uq_carts_user_id")),
    )
    op.create_index("ix_carts_updated_at", "carts", ["updated_at"])
    op.create_table(
        "cart_items",
        key(),
        sa.Column("cart_id", postgresql.UUID(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name=op.f("ck_cart_items_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_items")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_cart_items_cart_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_cart_items_product_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("cart_id", "product_id", name=op.f("uq_cart_items_cart_id_product_id")),
    )


def create_orders() -> None:
    op.create_table(
        "orders",
        key(),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("checkout_id", postgresql.UUID(), nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), server_default="placed", nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("ship_name", sa.String(120), nullable=False),
        sa.Column("ship_street", sa.String(200), nullable=False),
        sa.Column("ship_postcode", sa.String(20), nullable=False),
        sa.Column("ship_city", sa.String(80), nullable=False),
        sa.Column("ship_country", sa.String(80), nullable=False),
        sa.Column("phone", sa.String(40)),
        moment("placed_at"),
        moment("updated_at"),
        sa.CheckConstraint(
            "state IN ('placed', 'paid', 'shipped', 'delivered', 'cancelled')",
            name=op.f("ck_orders_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.ForeignKeyConstraint(["buyer_id"], ["users.id"], name=op.f("fk_orders_buyer_id")),
        sa.ForeignKeyConstraint(["seller_id"], ["sellers.id"], name=op.f("fk_orders_seller_id")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
        sa.UniqueConstraint("checkout_id", "seller_id", name=op.f("uq_orders_checkout_id_seller_id")),
    )
    op.create_index("ix_orders_buyer_id", "orders", ["buyer_id", "placed_at"])
    op.create_index("ix_orders_seller_id", "orders", ["seller_id", "placed_at"])


def create_order_parts() -> None:
    op.create_table(
        "order_items",
        key(),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("unit_price_cents", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_items_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_items_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_items_product_id")),
    )
    op.create_index("ix_order_items_order_id", "order_items", ["order_id"])
    op.create_index("ix_order_items_product_id", "order_items", ["product_id"])
    op.create_table(
        "order_events",
        key(),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.BigInteger()),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        moment("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_order_events_actor_id")),
    )
    op.create_index("ix_order_events_order_id", "order_events", ["order_id"])


def downgrade() -> None:
    op.execute("LOCK TABLE users, sellers, products, carts, orders IN ACCESS EXCLUSIVE MODE")
    for table in ("order_events", "order_items", "orders", "cart_items", "carts"):
        op.drop_table(table)
