"""Alembic's environment: DATABASE_URL, one transaction per revision, also offline (`--sql`).

Timeouts are not set here. Whoever runs the migrations gives them through PGOPTIONS.
"""

from alembic import context
from shop.config import database_url
from shop.models import Base
from sqlalchemy import create_engine, pool


def run_offline() -> None:
    """Write SQL instead of running it."""
    context.configure(
        url=database_url(),
        target_metadata=Base.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the revisions, each in a transaction of its own."""
    engine = create_engine(
        database_url(),
        poolclass=pool.NullPool,
        connect_args={"prepare_threshold": None, "connect_timeout": 10},
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
