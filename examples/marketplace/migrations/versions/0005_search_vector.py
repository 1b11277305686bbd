"""The search vector of products."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

greenroom_phase = "offline"

# A stored generated column rewrites the table, so this one asks for a window.
SEARCH = (
    "(setweight(to_tsvector('english'::regconfig, (name)::text), 'A'::\"char\") || "
    "setweight(to_tsvector('english'::regconfig, description), 'B'::\"char\"))"
)


def upgrade() -> None:
    op.add_column(
        "products",
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(SEARCH, persisted=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("products", "search")
