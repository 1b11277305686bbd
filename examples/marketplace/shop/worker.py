"""The background worker: `python -m shop.worker` (`--once`: until the queue is empty).

SIGTERM and SIGINT let it finish the job in hand.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Mapping
from threading import Event
from types import FrameType

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from shop import logs
from shop.config import Settings
from shop.db import make_engine
from shop.metrics import JOBS
from shop.services import mail, outbox

log = logging.getLogger("shop.worker")


def drain(sessions: sessionmaker[Session], jobs: Mapping[str, outbox.Handler], stop: Event) -> int:
    """Do what is due until nothing is left or the worker is told to stop."""
    number = 0
    while not stop.is_set():
        outcome = outbox.do_one(sessions, jobs)
        if outcome is None:
            break
        JOBS.labels(outcome).inc()
        number += 1
    return number


def run(settings: Settings, *, once: bool, poll: float, stop: Event) -> int:
    """Work until told to stop. A database that is away for a while is no reason to die."""
    engine = make_engine(settings)
    sessions = sessionmaker(engine, expire_on_commit=False)
    jobs = mail.handlers(settings)
    log.info("worker started", extra={"kinds": sorted(jobs)})
    done = 0
    while not stop.is_set():
        try:
            done += drain(sessions, jobs, stop)
        except OperationalError:
            if once:
                raise
            log.warning("database unreachable, trying again")
        if once:
            break
        stop.wait(poll)
    engine.dispose()
    log.info("worker stopped", extra={"jobs": done})
    return done


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m shop.worker", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop when the queue is empty")
    parser.add_argument("--poll", type=float, default=1.0, metavar="SECONDS", help="pause between looks")
    parser.add_argument("--kinds", action="store_true", help="print the kinds of jobs as JSON and stop")
    options = parser.parse_args(arguments)
    settings = Settings.from_env()
    if options.kinds:
        sys.stdout.write(json.dumps(sorted(mail.handlers(settings))) + "\n")
        return 0
    logs.configure(settings)
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    run(settings, once=options.once, poll=options.poll, stop=stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
