"""Templates: copied while the source is in use, changed, sealed, cloned; killed anywhere, one of them is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from killing import at_every_statement

from greenroom.config.template_rules import load_rules
from greenroom.domain.anonymise import Kind, Rule, Rules, impossible, uncovered
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.admin import Admin, database_label, role_label
from greenroom.drivers.postgres.anonymiser import PostgresAnonymiser
from greenroom.drivers.postgres.database import Database
from greenroom.drivers.postgres.templates import Templates
from servers import postgres, project_of

pytestmark = pytest.mark.timeout(900)
"""A refresh for every kill; on a busy machine each takes seconds."""

SHOP = Path(__file__).parents[3] / "examples" / "marketplace"
SECRET = "ada@private.example"
SCHEMA = f"""
    create extension pg_trgm;
    create schema more;
    create type mood as enum ('good', 'bad');
    create table people (
        id bigint generated always as identity primary key, email varchar(40) unique, mood mood default 'good',
        check (email = lower(email)), upper_email text generated always as (upper(email)) stored);
    create table more.orders (person bigint references people, phone text, email varchar(40), note text, payload jsonb);
    create table audit (text text);
    create function watch() returns trigger language plpgsql as
        'begin insert into audit values (old.email); return new; end';
    create trigger watched before update on people for each row execute function watch();
    create materialized view mails as select email from people;
    create index on people using gin (email gin_trgm_ops);
    insert into people (email) values ('{SECRET}'), ('bob@private.example'), (null);
    insert into more.orders values (1, '+49 30 1234', '{SECRET}', 'call me', '{{"a": 1}}');
    refresh materialized view mails;
    create table alembic_version (version_num varchar(32)); insert into alembic_version values ('0007');
    analyze;
"""
RULES = Rules(
    {
        "people.email": Rule.parse("fake:email"),
        "more.orders.email": Rule.parse("fake:email"),
        "more.orders.phone": Rule.parse("hash:phones"),
        "more.orders.note": Rule.parse("null"),
        "more.orders.payload": Rule.parse("const:{}"),
        "audit.text": Rule.parse("keep"),
    },
    script="update people set mood = 'bad' where email like 'bob@%'",
)


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    with postgres() as found:
        yield found


class Stand:
    """A project with a source of some rows, and what the tests do with it."""

    def __init__(self, project: str, admin: Admin, scratch: Path) -> None:
        self.project, self.admin, self.scratch = project, admin, scratch
        self.plain = self.database(admin, None)

    def database(self, admin: Admin, template: str | None) -> Database:
        return Database(self.project, admin, lambda env: Secret(f"of-{env}"), template=lambda _: template)

    def templates(self, admin: Admin | None = None) -> Templates:
        return Templates(self.project, admin or self.admin, self.plain.label, self.scratch)

    def connect(self, environment: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.plain.values(environment)["DATABASE_URL"].reveal(), autocommit=True)

    def refresh(self, admin: Admin | None = None, name: str = "demo") -> None:
        self.templates(admin).refresh(name, "production", _apply)

    def cleared(self) -> None:
        for name in ("production", "fb-1", "fb-2"):
            self.plain.remove(name)
        self.templates().remove("demo")
        with self.admin.connect() as connection:
            left = connection.execute(
                "select datname from pg_database where datname like %s union "
                "select rolname from pg_roles where rolname like %s",
                [f"{self.project.replace('-', '_')}%"] * 2,
            ).fetchall()
        assert left == []
        assert not self.scratch.exists() or not any(self.scratch.iterdir()), "no dump is left"


def _apply(url: Secret, rules: Rules = RULES) -> dict[str, int]:
    anonymiser = PostgresAnonymiser()
    assert uncovered(anonymiser.columns(url), rules) == ()
    assert impossible(anonymiser.columns(url), rules) == ()
    return dict(anonymiser.apply(url, rules))


@pytest.fixture
def stand(request: pytest.FixtureRequest, admin: Admin, tmp_path: Path) -> Iterator[Stand]:
    made = Stand(project_of(request), admin, tmp_path / "scratch")
    made.plain.ensure("production")
    with made.connect("production") as connection:
        connection.execute(SCHEMA)
    yield made
    made.cleared()


def one(connection: psycopg.Connection[tuple[object, ...]], text: str) -> object:
    row = connection.execute(text.encode()).fetchone()
    assert row is not None
    return row[0]


def test_a_clone_holds_what_the_rules_leave_and_is_its_owners(stand: Stand) -> None:
    with stand.connect("production") as busy:
        one(busy, "select count(*) from people")
        stand.refresh()
    (template,) = stand.templates().list()
    assert (template.name, template.source, template.whole) == ("demo", "production", True)
    assert template.heads == {"0007"}
    assert template.bytes > 1_000_000
    cloning = stand.database(stand.admin, "demo")
    cloning.ensure("fb-1")
    cloning.ensure("fb-1")
    with stand.connect("fb-1") as connection:
        mails = connection.execute("select email, mood, upper_email from people order by id").fetchall()
        assert str(mails[0][0]).endswith("@example.invalid")
        assert mails[0][2] == str(mails[0][0]).upper()
        assert mails[1][1] == "bad", "the team's script saw the original"
        assert mails[2][0] is None
        assert one(connection, "select email from more.orders") == mails[0][0], "equal stays equal"
        assert one(connection, "select count(*) from audit") == 0, "no trigger wrote old values"
        assert one(connection, "select note is null and payload = '{}' from more.orders") is True
        assert one(connection, "select count(*) from mails where email like '%private%'") == 0
        connection.execute(
            "alter table people add column x int; alter table more.orders drop column note; drop function watch cascade;"
            "alter type mood add value 'new'; drop schema more cascade; drop materialized view mails; drop table people;"
            "drop extension pg_trgm"
        )
    assert cloning.heads("fb-1") == frozenset({"0007"})
    with stand.admin.connect(stand.plain.label("production")) as connection:
        row = connection.execute("select count(*) from people where email like '%private%'").fetchone()
        assert row == (2,), "the source is as it was"


def test_nothing_of_the_old_values_is_in_the_files(stand: Stand) -> None:
    """Not in tables, indexes or statistics: a clone copies files, dead rows too."""
    stand.refresh()
    with stand.admin.connect() as connection:
        connection.execute("checkpoint")
        row = connection.execute(
            "select oid, current_setting('data_directory') from pg_database where datname like %s",
            [f"{stand.project.replace('-', '_')}.demo"],
        ).fetchone()
    assert row is not None
    files = [file for file in (Path(row[1]) / "base" / str(row[0])).iterdir() if file.is_file()]
    assert len(files) > 100
    needle = SECRET.encode()
    assert [file.name for file in files if needle in file.read_bytes()] == []


def test_others_do_not_reach_a_clone_or_a_template(stand: Stand) -> None:
    stand.refresh()
    cloning = stand.database(stand.admin, "demo")
    for environment in ("fb-1", "fb-2"):
        cloning.ensure(environment)
    url = cloning.values("fb-1")["DATABASE_URL"].reveal()
    for other in (cloning.label("fb-2"), cloning.label("production")):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(url, dbname=other)
    with pytest.raises(
        psycopg.OperationalError, match=r"not currently accepting connections|permission denied"
    ):
        psycopg.connect(url, dbname=f"{stand.project.replace('-', '_')}.demo")


def test_an_extension_of_the_superusers_comes_along(stand: Stand) -> None:
    with stand.admin.connect(stand.plain.label("production")) as connection:
        connection.execute("create schema tools; create extension pageinspect schema tools")
    stand.refresh()
    stand.database(stand.admin, "demo").ensure("fb-1")
    with stand.connect("fb-1") as connection:
        assert one(connection, "select count(*) from pg_extension where extname = 'pageinspect'") == 1
        connection.execute("create table tools.mine (id int)")


def test_a_failed_prepare_leaves_the_old_template_and_no_copy(stand: Stand) -> None:
    stand.refresh()
    before = stand.templates().list()

    def refuse(url: Secret) -> None:
        raise GreenroomError("rules", "no", exit=Exit.REFUSED)

    with pytest.raises(GreenroomError) as caught:
        stand.templates().refresh("demo", "production", refuse)
    assert caught.value.exit is Exit.REFUSED
    assert stand.templates().list() == before
    with stand.admin.connect() as connection:
        assert database_label(connection, f"{stand.project.replace('-', '_')}.demo.new") is None


def test_one_refresh_at_a_time(stand: Stand) -> None:
    def again(url: Secret) -> None:
        with pytest.raises(GreenroomError, match="another command") as caught:
            stand.refresh()
        assert caught.value.exit is Exit.LOCKED
        _apply(url)

    stand.templates().refresh("demo", "production", again)


def test_two_templates_are_refreshed_at_once(stand: Stand) -> None:
    def both(url: Secret) -> None:
        stand.refresh(name="other")
        _apply(url)

    stand.templates().refresh("demo", "production", both)
    assert [template.name for template in stand.templates().list()] == ["demo", "other"]
    stand.templates().remove("other")


def test_no_template_and_no_source_are_named(stand: Stand) -> None:
    with pytest.raises(GreenroomError, match="no template demo") as caught:
        stand.database(stand.admin, "demo").ensure("fb-1")
    assert caught.value.exit is Exit.USAGE
    with pytest.raises(GreenroomError, match="has no database") as caught:
        stand.templates().refresh("demo", "nowhere", lambda url: None)
    assert caught.value.exit is Exit.USAGE
    for wrong in ("", "x" * 25, "a.b", "A", "-a"):
        with pytest.raises(GreenroomError, match="no name for a template"):
            stand.templates().remove(wrong)


def test_killed_anywhere_a_template_is_whole(stand: Stand) -> None:
    """Every third statement of a refresh, with an old template there; a rerun cleans up."""
    stand.refresh()
    kills = 0
    attempts: Iterator[Callable[[], bool]] = at_every_statement(
        stand.admin, lambda admin: stand.refresh(admin)
    )
    for number, attempt in enumerate(attempts):
        if number % 3:
            continue
        killed = attempt()
        (template,) = stand.templates().list()
        assert template.whole
        stand.database(stand.admin, "demo").ensure("fb-1")
        with stand.connect("fb-1") as connection:
            assert one(connection, "select count(*) from people where email like '%private%'") == 0
            connection.execute("drop table more.orders")
        stand.plain.remove("fb-1")
        if not killed:
            break
        kills += 1
    assert kills >= 10


def test_killed_anywhere_while_cloning(stand: Stand) -> None:
    stand.refresh()
    for attempt in at_every_statement(
        stand.admin, lambda admin: stand.database(admin, "demo").ensure("fb-1")
    ):
        killed = attempt()
        if killed and stand.plain.residue("fb-1"):
            assert "fb-1" in stand.plain.found()
        if killed:
            stand.refresh()
        stand.database(stand.admin, "demo").ensure("fb-1")
        with stand.connect("fb-1") as connection:
            connection.execute("alter table people add column x int; drop table more.orders")
        stand.plain.remove("fb-1")
        assert stand.plain.residue("fb-1") == ()
        if not killed:
            return
    raise AssertionError("it never ended")


def test_removing_while_a_first_refresh_was_killed(stand: Stand) -> None:
    attempts = at_every_statement(stand.admin, lambda admin: stand.refresh(admin))
    for number, attempt in enumerate(attempts):
        if number == 14:
            assert attempt()
            break
    assert [template.whole for template in stand.templates().list()] in ([], [False])
    stand.templates().remove("demo")
    with stand.admin.connect() as connection:
        assert role_label(connection, f"{stand.project.replace('-', '_')}.demo.new") is None


def test_the_marketplace_is_covered(admin: Admin, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    stand = Stand(project_of(request), admin, tmp_path / "scratch")
    stand.plain.ensure("production")
    url = stand.plain.values("production")["DATABASE_URL"].reveal()
    migrate = [str(Path(sys.executable).parent / "alembic"), "upgrade", "heads"]
    subprocess.run(
        migrate, cwd=SHOP, env={**os.environ, "DATABASE_URL": url}, check=True, capture_output=True
    )
    rules = load_rules(SHOP / "template-rules.toml")
    found = stand.templates().columns("production")
    assert uncovered(found, rules) == ()
    assert impossible(found, rules) == ()
    assert {"users.email", "users.password_hash", "orders.ship_street"} <= set(uncovered(found, Rules()))
    with stand.connect("production") as connection:
        connection.execute(
            "insert into users (email, name, password_hash) values ('ada@private.example', 'Ada', 'hash')"
        )
    stand.templates().refresh("demo", "production", lambda url: _apply(url, rules))
    stand.database(admin, "demo").ensure("fb-1")
    with stand.connect("fb-1") as connection:
        assert str(one(connection, "select email from users")).endswith("@example.invalid")
    kept = [key for key, rule in rules.columns.items() if rule.kind is Kind.KEEP]
    assert "products.name" in kept
    stand.cleared()
