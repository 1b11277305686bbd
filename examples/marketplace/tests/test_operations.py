"""Probes, metrics, logs, the worker, the static snippet, settings."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from shop import create_app, logs
from shop.config import ConfigError, Settings, database_url
from shop.models import OutboxJob
from shop.readiness import Revision, own_revisions, schema_problem
from shop.services import mail, outbox
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from tests.conftest import ROOT, Stock
from tests.services import free_port
from tests.test_orders import place


def ready(app: Flask) -> tuple[int, list[str]]:
    answer = app.test_client().get("/readyz")
    assert answer.json
    return answer.status_code, answer.json.get("reasons", [])


APPS: list[Flask] = []


@pytest.fixture(autouse=True)
def connections_are_closed() -> Iterator[None]:
    """Close what the applications of a test have opened."""
    yield
    while APPS:
        APPS.pop().extensions["shop.db"].engine.dispose()


def made(monkeypatch: pytest.MonkeyPatch, **env: str) -> Flask:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    APPS.append(create_app())
    return APPS[-1]


def test_ready(app: Flask) -> None:
    assert ready(app) == (200, [])


def test_without_a_database_alive_but_not_ready(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = made(monkeypatch, DATABASE_URL="postgresql://shop@/none?host=/nonexistent")
    assert app.test_client().get("/healthz").status_code == 200
    status, reasons = ready(app)
    assert status == 503 and len(reasons) == 1 and reasons[0].startswith("database")
    answer = app.test_client().get("/")
    assert answer.status_code == 503 and "Back in a moment" in answer.text


def test_without_a_bucket_not_ready(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, reasons = ready(made(monkeypatch, S3_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}"))
    assert status == 503 and "unreachable" in reasons[0]
    status, reasons = ready(made(monkeypatch, S3_ENDPOINT_URL=env["S3_ENDPOINT_URL"], S3_BUCKET="other"))
    assert status == 503 and "404" in reasons[0]


def test_missing_migrations_are_not_ready_newer_ones_are(app: Flask, db: Session) -> None:
    head = own_revisions()[0].name
    for revision, status in (("0006", 503), ("0007", 503), ("9999", 200), (head, 200)):
        db.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        db.commit()
        assert ready(app)[0] == status, revision
    db.execute(text("ALTER TABLE alembic_version RENAME TO hidden"))
    db.commit()
    try:
        status, reasons = ready(app)
        assert status == 503 and reasons[0].startswith("migrations missing: 0001, 0002")
    finally:
        db.execute(text("ALTER TABLE hidden RENAME TO alembic_version"))
        db.commit()


def test_schema_rules() -> None:
    own = (Revision("c", ("b",)), Revision("b", ("a",)), Revision("a", ()))
    assert schema_problem(["c"], own) is None
    assert schema_problem(["b"], own) == "migrations missing: c"
    assert schema_problem(["newer"], own) is None, "after a roll-back"
    assert schema_problem(["a"], own) == "migrations missing: b, c"
    assert schema_problem([], own) == "migrations missing: a, b, c"


def test_metrics_count_requests(app: Flask) -> None:
    client = app.test_client()
    client.get("/healthz")
    text = client.get("/metrics").text
    assert re.search(
        r'shop_http_requests_total\{endpoint="operations.healthz",method="GET",status="200"\} [1-9]', text
    )


COUNT = """
import sys
from shop import create_app
client = create_app().test_client()
for _ in range(3):
    client.get("/healthz")
sys.stdout.write(client.get("/metrics").text)
"""


def test_metrics_of_several_processes_add_up(env: dict[str, str], tmp_path: Path) -> None:
    child = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    for total in ("3.0", "6.0"):
        run = subprocess.run(
            [sys.executable, "-c", COUNT], cwd=ROOT, env=child, capture_output=True, text=True, check=True
        )
        assert f'endpoint="operations.healthz",method="GET",status="200"}} {total}' in run.stdout


def test_json_logs_carry_the_request_id(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    app = made(monkeypatch, LOG_FORMAT="json")
    lines: list[str] = []
    handler = logging.getLogger("shop").handlers[0]
    monkeypatch.setattr(handler, "emit", lambda record: lines.append(handler.format(record)))
    app.test_client().get("/nowhere", headers={"X-Request-ID": "me-1"})
    app.test_client().get("/healthz")
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["request_id"], line["status"], line["release"], line["slot"]) == ("me-1", 404, "r42", "blue")


def test_json_logs_show_exceptions() -> None:
    try:
        raise ValueError("x")
    except ValueError:
        record = logging.LogRecord("shop", logging.ERROR, __file__, 1, "m", None, sys.exc_info())
    assert "ValueError: x" in json.loads(logs.JsonFormatter().format(record))["exception"]


def mails(env: dict[str, str]) -> list[Path]:
    return sorted(Path(env["MAIL_DIR"]).glob("*.eml"))


@contextmanager
def worker(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process."""
    command = [sys.executable, "-m", "shop.worker", *arguments]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_worker_sends_the_confirmation(env: dict[str, str], db: Session, stock: Stock) -> None:
    order = place(db, stock)
    for _ in range(2):
        with worker("--once") as process:
            assert process.wait(30) == 0
    (message,) = mails(env)
    body = message.read_text()
    assert "To: buyer@x.test" in body and order.number in body and "https://shop.test/orders/" in body
    assert outbox.waiting(db) == 0


def test_worker_stops_on_sigterm(env: dict[str, str], db: Session, stock: Stock) -> None:
    with worker("--poll", "0.1") as process:
        place(db, stock)
        end = time.monotonic() + 20
        while outbox.waiting(db) and time.monotonic() < end:
            db.rollback()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert len(mails(env)) == 1 and outbox.waiting(db) == 0


def test_worker_names_its_kinds(env: dict[str, str]) -> None:
    with worker("--kinds") as process:
        out, _ = process.communicate(timeout=30)
    assert json.loads(out) == ["order-confirmation", "order-update"]


def test_many_workers_do_each_job_once(db: Session, env: dict[str, str]) -> None:
    for n in range(60):
        outbox.put(db, "count", f"count:{n}", {"n": n})
        outbox.put(db, "count", f"count:{n}", {"n": n})
    db.commit()
    done: list[int] = []
    sessions = sessionmaker(db.get_bind())
    handlers: dict[str, outbox.Handler] = {"count": lambda _db, job: done.append(job.payload["n"])}

    def work(_n: int) -> None:
        while outbox.do_one(sessions, handlers):
            pass

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(work, range(5)))
    assert sorted(done) == list(range(60))


def test_a_failing_job_waits_and_is_tried_again(db: Session, env: dict[str, str]) -> None:
    outbox.put(db, "fragile", "fragile:1", {})
    db.commit()
    sessions = sessionmaker(db.get_bind())

    def fail(inner: Session, _job: OutboxJob) -> None:
        inner.execute(text("SELECT 1 / 0"))

    assert outbox.do_one(sessions, {"fragile": fail}) == "failed"
    assert outbox.do_one(sessions, {"fragile": fail}) is None
    job = db.scalars(select(OutboxJob)).one()
    assert job.attempts == 1 and "division by zero" in (job.last_error or "")
    job.available_at = func.now()
    db.commit()
    assert outbox.do_one(sessions, {"fragile": lambda _db, _job: None}) == "done"


def test_jobs_of_a_newer_release_stay(db: Session, env: dict[str, str]) -> None:
    outbox.put(db, "from-the-future", "f:1", {})
    db.commit()
    known = mail.handlers(Settings.from_env())
    assert outbox.do_one(sessionmaker(db.get_bind()), known) is None
    assert outbox.unknown_kinds(db, set(known)) == ["from-the-future"]


def test_static_names_come_from_the_manifest(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"css/shop.css": "css/shop.1a2b3c4d5e.css"}))
    app = made(monkeypatch, STATIC_MANIFEST=str(manifest), STATIC_URL="/static/")
    page = app.test_client().get("/sign-in").text
    assert 'href="/static/css/shop.1a2b3c4d5e.css"' in page
    assert 'href="/static/css/base.css"' in page
    with app.test_request_context():
        assert app.url_for("storefront.home") == "/"


def test_static_names_are_plain_without_it(app: Flask) -> None:
    assert 'href="/static/css/shop.css"' in app.test_client().get("/sign-in").text
    with app.test_client().get("/static/css/shop.css") as answer:
        assert answer.status_code == 200


def test_settings() -> None:
    for scheme in ("postgresql", "postgres", "postgresql+psycopg2"):
        url = database_url({"DATABASE_URL": f"{scheme}://u:p%40w@/d?host=/tmp/x&port=5432"})
        assert url.drivername == "postgresql+psycopg" and url.password == "p@w"
        assert url.query == {"host": "/tmp/x", "port": "5432"}
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        Settings.from_env({"PUBLIC_URL": "https://shop.test"})
    with pytest.raises(ConfigError, match="DB_POOL_SIZE"):
        Settings.from_env({"DB_POOL_SIZE": "many"})
    defaults = Settings.from_env({})
    assert (defaults.pool_size, defaults.max_overflow, defaults.secure) == (3, 2, False)


def test_statements_are_never_prepared(app: Flask, db: Session) -> None:
    """Or widening a column would break the running release."""
    with app.app_context():
        from shop.db import session

        for _ in range(12):
            session().execute(text("SELECT 1"))
        assert session().scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0
