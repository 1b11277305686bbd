"""A branch's environment starts with a copy of production's data, without the people in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shop import Shop, git, processes_of

BRANCH = "ada/AFO-7_lamps"
LOOK = (
    "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']); "
    "print(c.execute('select count(*) from products').fetchone()[0]); "
    "print(*[r[0] for r in c.execute('select email from users')])"
)
INTRUDE = (
    "import os, psycopg\n"
    "for name in ('shop_production', 'postgres', 'shop.demo'):\n"
    "    try: psycopg.connect(os.environ['DATABASE_URL'], dbname=name); print('in')\n"
    "    except psycopg.OperationalError as error: print('absent' if 'not exist' in str(error) else 'out')\n"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop") / "marketplace")
    made.make()
    toml = made.folder / "greenroom.toml"
    toml.write_text(
        toml.read_text().replace('name = "fb-{issue}"\n', 'name = "fb-{issue}"\ntemplate = "demo"\n')
    )
    made.commit("environments start with the template")
    git(made.folder, "branch", BRANCH)
    try:
        made.json("up")
        made.seed(24)
        yield made
    finally:
        made.destroy()


def lines(shop: Shop, environment: str, script: str) -> list[str]:
    done = shop.run("-e", environment, "run", "--job", "--", "python", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_without_its_template_there_is_no_environment(shop: Shop) -> None:
    error = shop.json("env", "create", BRANCH, exit=2, timeout=300)
    assert error["code"] == "no-template"


def test_a_column_without_a_rule_is_refused(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    rules = (shop.folder / "template-rules.toml").read_text()
    file.write_text(rules.replace('email = "fake:email"\n', ""))
    error = shop.json("template", "refresh", "demo", "--rules", str(file), exit=3)
    assert error["details"] == "users.email"
    assert shop.json("template", "list") == []


def test_a_template_is_made_of_what_serves(shop: Shop) -> None:
    before = lines(shop, "production", LOOK)
    made = shop.json("template", "refresh", "demo", timeout=300)
    assert made["source"] == "production"
    assert made["changed"]["users"] > 0
    assert lines(shop, "production", LOOK) == before
    (listed,) = shop.json("template", "list")
    assert listed["heads"] == shop.json("status")["heads"]
    assert (
        not list((shop.state / "template-dumps").iterdir())
        if (shop.state / "template-dumps").exists()
        else True
    )


def test_an_environment_starts_with_it(shop: Shop) -> None:
    made = shop.json("env", "create", BRANCH, timeout=300)
    assert made["environment"] == "fb-7"
    count, emails = lines(shop, "fb-7", LOOK)
    assert int(count) == 24
    assert all(email.endswith("@example.invalid") for email in emails.split())
    tried = lines(shop, "fb-7", INTRUDE)
    assert tried == ["out", "out", "out"]


def test_nothing_is_left_of_it(shop: Shop) -> None:
    shop.json("env", "destroy", "fb-7", "--yes", timeout=300)
    shop.json("template", "remove", "demo", "--yes")
    assert shop.json("template", "list") == []
    assert [line for _, line in processes_of(shop.state) if "fb-7" in line] == []
    assert shop.json("status", "--check")["healthy"]
