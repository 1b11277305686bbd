"""The queue: jobs are written with the transaction that needs them and done by the worker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from shop.models import OutboxJob

log = logging.getLogger("shop.outbox")

Handler = Callable[[Session, OutboxJob], None]


def put(db: Session, kind: str, dedup_key: str, payload: dict[str, Any]) -> None:
    """Write a job in the current transaction; a second one with the same key is ignored."""
    row = insert(OutboxJob).values(kind=kind, dedup_key=dedup_key, payload=payload)
    db.execute(row.on_conflict_do_nothing(index_elements=["dedup_key"]))


def waiting(db: Session) -> int:
    """How many jobs are not done."""
    return db.scalar(select(func.count()).select_from(OutboxJob).where(OutboxJob.done_at.is_(None))) or 0


def unknown_kinds(db: Session, known: set[str]) -> list[str]:
    """Kinds of waiting jobs that this release cannot do."""
    query = select(OutboxJob.kind).where(OutboxJob.done_at.is_(None), OutboxJob.kind.not_in(known)).distinct()
    return sorted(db.scalars(query))


def do_one(sessions: sessionmaker[Session], handlers: Mapping[str, Handler]) -> str | None:
    """Do the oldest job that is due and free. Answers "done", "failed", or None if there is none.

    Kinds that this release does not know stay in the queue for the release that does.
    """
    with sessions() as db:
        job = db.scalar(
            select(OutboxJob)
            .where(
                OutboxJob.done_at.is_(None),
                OutboxJob.available_at <= func.now(),
                OutboxJob.kind.in_(handlers),
            )
            .order_by(OutboxJob.available_at, OutboxJob.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if job is None:
            return None
        try:
            with db.begin_nested():
                handlers[job.kind](db, job)
            job.done_at = func.now()
            outcome = "done"
        except Exception as error:
            log.exception("job failed", extra={"job": job.id, "kind": job.kind})
            delay = min(5 * 2 ** min(job.attempts, 10), 3600)
            job.last_error = f"{type(error).__name__}: {error}"[:1000]
            job.available_at = func.now() + timedelta(seconds=delay)
            outcome = "failed"
        job.attempts += 1
        db.commit()
        return outcome
