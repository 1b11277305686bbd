"""Housekeeping, to be run once a day: `python -m shop.cron`."""

from __future__ import annotations

import logging
import os
import sys

from sqlalchemy.orm import Session

from shop import logs
from shop.config import Settings
from shop.db import make_engine
from shop.services import cart

log = logging.getLogger("shop.cron")
DAYS = 14


def clean_up(db: Session) -> int:
    """Delete abandoned carts; answers how many."""
    removed = cart.remove_abandoned(db, int(os.environ.get("CART_MAX_AGE_DAYS", DAYS)))
    log.info("abandoned carts removed", extra={"carts": removed})
    return removed


def main() -> int:
    """The command line."""
    settings = Settings.from_env()
    logs.configure(settings)
    engine = make_engine(settings)
    with Session(engine) as db:
        clean_up(db)
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
