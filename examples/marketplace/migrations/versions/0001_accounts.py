"""Accounts and sellers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

greenroom_phase = "expand"


def moment(name: str = "created_at") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("nickname", sa.String(40)),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(20), server_default="buyer", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        moment(),
        sa.CheckConstraint("role IN ('buyer', 'seller', 'admin')", name=op.f("ck_users_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "sellers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("tagline", sa.Text(), server_default="", nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.String(80), server_default="", nullable=False),
        moment(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sellers")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sellers_user_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_sellers_user_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_sellers_slug")),
    )


def downgrade() -> None:
    op.drop_table("sellers")
    op.drop_table("users")
