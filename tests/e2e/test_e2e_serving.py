"""What the public reaches, and what it does not."""

from __future__ import annotations

import re

from shop import Shop, processes_of

from greenroom.drivers.system.net import Answer, ask_tls


def ask(shop: Shop, path: str, host: str = "shop.localhost") -> Answer:
    return ask_tls(host, shop.port, path, str(shop.ca))


def test_the_catalogue_is_served_over_verified_tls(shop: Shop) -> None:
    answer = ask(shop, "/")
    assert answer.status == 200
    assert answer.headers["x-release"] == shop.live()
    assert "<html" in answer.body


def test_probes_and_metrics_do_not_go_through_the_edge(shop: Shop) -> None:
    for path in (
        "/metrics",
        "/metrics/x",
        "/healthz",
        "/readyz",
        "/.greenroom/sign",
        "/.greenroom/verify",
        "/.greenroom/about",
    ):
        assert ask(shop, path).status == 404, path


def test_an_unknown_host_gets_421(shop: Shop) -> None:
    assert ask(shop, "/", "other.shop.localhost").status == 421


def test_static_files_have_hashed_names_and_live_for_ever(shop: Shop) -> None:
    names = re.findall(r"/static/[\w./-]+\.[0-9a-f]{10}\.css", ask(shop, "/").body)
    assert names
    answer = ask(shop, names[0])
    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]
    assert ask(shop, "/static/no/such.css").headers["cache-control"] == "no-store"


def test_uploads_are_public_and_nothing_else_of_the_bucket(shop: Shop) -> None:
    images = re.findall(r"/media/[\w./-]+", ask(shop, "/").body)
    assert images
    good = ask(shop, images[0])
    assert good.status == 200
    assert "sandbox" in good.headers["content-security-policy"]
    assert ask(shop, "/media/../private").status == 404
    assert ask(shop, "/media/").status == 404


def test_up_again_changes_nothing(shop: Shop) -> None:
    before = shop.live()
    assert shop.json("up")["outcome"] is None
    assert shop.live() == before


def test_status_and_releases_say_what_is_there(shop: Shop) -> None:
    status = shop.json("status")
    assert status["healthy"] is True
    parts = {p["name"]: p["state"] for p in status["parts"]}
    assert parts["supervisor"] == parts["edge"] == parts["postgres"] == parts["s3"] == "running"
    (line,) = shop.json("releases")
    assert line["state"] == "live"


def test_a_command_runs_in_the_release(shop: Shop) -> None:
    done = shop.run("run", "--", "python", "-c", "import flask, os; print(os.environ['S3_BUCKET'])")
    assert done.returncode == 0
    assert done.stdout.strip() == "shop-production"
    assert shop.run("run", "--", "sh", "-c", "exit 9").returncode == 9


def test_secrets_are_in_no_process_list(shop: Shop) -> None:

    secrets = [
        s
        for f in (shop.state / "secrets").glob("*.json")
        for s in re.findall(r'": "([^"]{16,})"', f.read_text())
    ]
    assert len(secrets) >= 5
    lines = "\n".join(line for _, line in processes_of(shop.state))
    assert not [s for s in secrets if s in lines]


def test_restart_is_a_new_slot_of_the_same_release(shop: Shop) -> None:
    before = shop.live()
    after = shop.json("restart", "--no-watch")["serving"]
    assert after != before
    assert after.split("-")[0] == before.split("-")[0]


def test_the_ledger_holds(shop: Shop) -> None:
    assert shop.json("ledger", "verify")["entries"] > 3


def test_maintenance_is_one_page(shop: Shop) -> None:
    shop.json("maintenance", "on")
    try:
        answer = ask(shop, "/")
        assert answer.status == 503
        assert answer.headers["retry-after"]
    finally:
        shop.json("maintenance", "off")
    assert ask(shop, "/").status == 200


def test_a_release_behind_the_page(shop: Shop) -> None:
    """It comes on stage unseen: the page is a person's, who alone ends it; so it is after a rest, too."""
    before = shop.live()
    shop.json("maintenance", "on")
    try:
        done = shop.json("restart", "--no-watch")
        assert done["serving"] != before
        assert ask(shop, "/").status == 503
        shop.json("down")
        assert shop.json("up")["serving"] == done["serving"]
        assert ask(shop, "/").status == 503
    finally:
        shop.json("maintenance", "off")
    answer = ask(shop, "/")
    assert (answer.status, answer.headers["x-release"]) == (200, done["serving"])


def test_down_keeps_and_up_brings_back(shop: Shop) -> None:
    before = shop.live()
    shop.json("down")
    assert shop.run("status").returncode == 0
    shop.json("up")
    assert shop.live() == before
    assert ask(shop, "/").status == 200
