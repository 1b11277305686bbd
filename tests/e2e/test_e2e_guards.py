"""Mistakes that show only at a deploy: each is named, with its cause and its cure; the shop without them is clean."""

from __future__ import annotations

import shutil
import socket
import ssl
from http.client import HTTPConnection
from typing import Any

import pytest
from shop import Shop, git

SPOILED = ("memory-limiter", "large-pool", "cold", "liveness", "local-uploads")


BRIEF = """watch = "1s"
keep_warm = "1s"
cold_floor_ms = 2000
"""


def examined(shop: Shop, *arguments: str, exit: int = 0) -> dict[str, Any]:
    """The doctor's answers by check."""
    report = shop.json("doctor", *arguments, exit=exit, timeout=240.0)
    return {check["name"]: check for check in report["checks"]}


def only_finding(checks: dict[str, Any], name: str) -> dict[str, str]:
    """The one finding of a check, which must say why and what to do."""
    assert checks[name]["state"] == "found", checks[name]
    (finding,) = checks[name]["findings"]
    assert finding["cause"]
    assert finding["cure"]
    return dict(finding)


@pytest.fixture(scope="module", autouse=True)
def brief(shop: Shop) -> None:
    """Short deadlines: the doctor's own slots need the warm one to be gone. A busy machine is no cold app."""
    file = shop.folder / "greenroom.toml"
    file.write_text(file.read_text().replace('watch = "5s"', BRIEF))
    git(shop.folder, "commit", "-qam", "short deadlines")


def test_the_shop_is_clean(shop: Shop) -> None:
    before = shop.live()
    checks = examined(shop, "--deep", "--check")
    assert {name: (c["state"], c["findings"]) for name, c in checks.items()} == {
        name: ("clean", []) for name in checks
    }
    assert len(checks) == 10
    slots = shop.json("status")["slots"]
    assert [s["id"] for s in slots] == [before]
    done = shop.json("restart")
    assert done["figures"]["findings"] == []


@pytest.mark.parametrize(
    ("name", "code", "says", "cure"),
    [
        ("secret-key", "sessions-lost", "sign everybody out", "SECRET_KEY"),
        ("csrf-key", "csrf-lost", "refuse forms at random", "WTF_CSRF_SECRET_KEY"),
    ],
)
def test_keys_of_each_process_are_refused(shop: Shop, name: str, code: str, says: str, cure: str) -> None:
    before = shop.live()
    error = shop.json("deploy", shop.patched(name), exit=3)
    assert error["code"] == code
    assert says in error["message"]
    assert cure in error["hint"]
    assert shop.live() == before


def test_a_pool_that_does_not_fit_is_refused(shop: Shop) -> None:
    file, before = shop.folder / "greenroom.toml", shop.live()
    text = file.read_text()
    commit = shop.patched(*SPOILED)
    file.write_text(text + "\n[database]\nmax_connections = 70\n")
    try:
        error = shop.json("deploy", commit, exit=3)
    finally:
        file.write_text(text)
    assert error["code"] == "connection-budget"
    assert "may open 15 connections" in error["message"]
    assert shop.live() == before


def test_what_forbids_nothing_is_told_at_the_deploy(shop: Shop) -> None:
    done = shop.json("deploy", shop.patched(*SPOILED))
    found = {f["check"]: f for f in done["figures"]["findings"]}
    assert set(found) == {"connection-budget", "memory-limiter", "cold-workers"}
    assert all(f["severity"] == "warning" and f["cause"] and f["cure"] for f in found.values())
    assert "ms on /, later ones" in found["cold-workers"]["message"]


def test_the_doctor_names_every_mistake(shop: Shop) -> None:
    upload(shop, b"a picture of a lamp")
    checks = examined(shop, "--deep", "--check", exit=7)
    severities = {name: only_finding(checks, name)["severity"] for name in found_in(checks)}
    assert severities == {
        "connection-budget": "warning",
        "memory-limiter": "warning",
        "local-uploads": "problem",
        "cold-workers": "warning",
        "liveness": "problem",
    }
    assert "Flask-Limiter" in only_finding(checks, "memory-limiter")["message"]
    assert "shop/uploads/" in only_finding(checks, "local-uploads")["message"]
    assert "/healthz answers 503" in only_finding(checks, "liveness")["message"]
    assert "15 connections (shop.db: engine: 15)" in only_finding(checks, "connection-budget")["message"]


def test_the_screen_has_cause_and_cure(shop: Shop) -> None:
    shown = shop.run("doctor", "local-uploads", "memory-limiter").stdout
    assert "1 problem, 1 warning" in shown
    assert shown.count("cause: ") == shown.count("cure:  ") == 2
    assert shop.json("doctor", "no-such-check", exit=2)["hint"].startswith("there is: connection-budget")


def test_files_left_behind_are_told_at_the_next_deploy(shop: Shop) -> None:
    (finding,) = shop.json("deploy")["figures"]["findings"]
    assert finding["check"] == "local-uploads"
    assert finding["severity"] == "problem"


def test_a_certificate_that_is_not_served(shop: Shop) -> None:
    folder = shop.state / "caddy" / "certificates" / "local"
    own, other = folder / "shop.localhost", folder / "wildcard_.shop.localhost"
    shutil.copy(own / "shop.localhost.crt", own / "kept")
    shutil.copy(other / "wildcard_.shop.localhost.crt", own / "shop.localhost.crt")
    try:
        checks = examined(shop, "certificate", "--check", exit=7)
    finally:
        (own / "kept").replace(own / "shop.localhost.crt")
    finding = only_finding(checks, "certificate")
    assert finding["severity"] == "problem"
    assert "is not the one on disk" in finding["message"]
    assert examined(shop, "certificate", "--check")["certificate"]["state"] == "clean"


def found_in(checks: dict[str, Any]) -> list[str]:
    """The checks that found something."""
    return [name for name, check in checks.items() if check["state"] == "found"]


def upload(shop: Shop, body: bytes) -> None:
    """What a visitor sends; to 127.0.0.1, because not every resolver knows ``*.localhost``."""
    tls = ssl.create_default_context(cafile=str(shop.ca))
    connection = HTTPConnection("shop.localhost", shop.port)
    plain = socket.create_connection(("127.0.0.1", shop.port))
    connection.sock = tls.wrap_socket(plain, server_hostname="shop.localhost")
    connection.request("POST", "/api/echo", body)
    assert connection.getresponse().status == 200
    connection.close()
