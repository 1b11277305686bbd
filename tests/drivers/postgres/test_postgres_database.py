"""An environment's database: whose it is, who gets in, and what a kill anywhere leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from killing import at_every_statement

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.admin import Admin, statement
from greenroom.drivers.postgres.database import Database
from servers import postgres, project_of

PASSWORDS = {"fb-1": "one", "fb-2": "two"}


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    with postgres() as found:
        yield found


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    return project_of(request)


def password(environment: str) -> Secret:
    return Secret(PASSWORDS.get(environment, "other"))


def database(project: str, admin: Admin) -> Database:
    return Database(project, admin, password)


def as_app(
    made: Database, environment: str, database: str | None = None
) -> psycopg.Connection[tuple[object]]:
    url = made.values(environment)["DATABASE_URL"].reveal()
    return (
        psycopg.connect(url, dbname=database, autocommit=True)
        if database
        else psycopg.connect(url, autocommit=True)
    )


def test_it_is_there_and_gone(project: str, admin: Admin) -> None:
    made = database(project, admin)
    assert not made.observe("fb-1").there
    made.ensure("fb-1")
    made.ensure("fb-1")
    seen = made.observe("fb-1")
    assert seen.there
    assert seen.bytes is not None
    assert seen.bytes > 1_000_000
    assert list(made.found()) == ["fb-1"]
    assert made.heads("fb-1") == frozenset()
    with as_app(made, "fb-1") as connection:
        connection.execute("create table things (id int)")
    made.remove("fb-1")
    made.remove("fb-1")
    assert made.residue("fb-1") == ()
    assert made.found() == {}


def test_a_role_reaches_only_its_own_database(project: str, admin: Admin) -> None:
    made = database(project, admin)
    made.ensure("fb-1")
    made.ensure("fb-2")
    with as_app(made, "fb-1") as connection:
        connection.execute("create schema more; create table more.things (id int); drop schema more cascade")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create database another")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create role another")
    for other in (made.label("fb-2"), "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            as_app(made, "fb-1", other)
    made.remove("fb-1")
    made.remove("fb-2")


def test_a_database_that_was_open_to_all_is_closed(project: str, admin: Admin) -> None:
    made = database(project, admin)
    with admin.connect() as connection:
        connection.execute("create database left_open")
        made.ensure("fb-1")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            as_app(made, "fb-1", "left_open")
        connection.execute("drop database left_open")
    made.remove("fb-1")


def test_the_connection_limit_holds_and_follows(project: str, admin: Admin) -> None:
    limit = 1
    made = Database(project, admin, password, limits=lambda _: limit)
    made.ensure("fb-1")
    with as_app(made, "fb-1"):
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            as_app(made, "fb-1")
        limit = -1
        made.ensure("fb-1")
        as_app(made, "fb-1").close()
    made.remove("fb-1")


def test_two_names_do_not_share_a_database(project: str, admin: Admin) -> None:
    made = database(project, admin)
    made.ensure("fb-1")
    for act in (made.ensure, made.remove):
        with pytest.raises(GreenroomError, match="belongs to environment fb-1") as caught:
            act("fb_1")
        assert caught.value.exit is Exit.USAGE
    assert made.residue("fb_1") == ()
    assert made.residue("fb-1") != ()
    made.remove("fb-1")


def test_a_long_name_is_refused_and_not_cut(project: str, admin: Admin) -> None:
    with pytest.raises(GreenroomError, match="longer than 63") as caught:
        database(project, admin).ensure("x" * 60)
    assert caught.value.exit is Exit.USAGE


def test_what_was_made_before_there_were_comments_is_taken_over(project: str, admin: Admin) -> None:
    made = database(project, admin)
    label = made.label("production")
    with admin.connect() as connection:
        connection.execute(statement("create role {}", label))
        connection.execute(statement("create database {} owner {}", label, label))
    assert made.found() == {}
    assert len(made.residue("production")) == 2
    made.ensure("production")
    assert list(made.found()) == ["production"]
    made.remove("production")


def test_another_projects_environments_are_not_found(project: str, admin: Admin) -> None:
    made, other = database(project, admin), database(f"{project}-x", admin)
    other.ensure("fb-1")
    assert made.found() == {}
    with pytest.raises(GreenroomError, match="belongs to"):
        made.ensure("x-fb-1")
    other.remove("fb-1")


def test_a_role_with_things_elsewhere_goes_and_they_stay(project: str, admin: Admin) -> None:
    made = database(project, admin)
    made.ensure("fb-1")
    made.ensure("fb-2")
    one, two = made.label("fb-1"), made.label("fb-2")
    with admin.connect(two) as inside:
        inside.execute("create table kept (id int); insert into kept values (1)")
        inside.execute(statement("alter table kept owner to {}", one))
        inside.execute(statement("grant connect on database {} to {}", two, one))
    made.remove("fb-1")
    assert made.residue("fb-1") == ()
    with as_app(made, "fb-2") as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1,)
        connection.execute("drop table kept")
    made.remove("fb-2")


def test_an_interrupted_removal_is_finished(project: str, admin: Admin) -> None:
    made = database(project, admin)
    made.ensure("fb-1")
    with admin.connect() as connection:
        text = "update pg_database set datconnlimit = -2 where datname = %s"
        connection.execute(text, [made.label("fb-1")])
    assert not made.observe("fb-1").there
    assert "database" in made.residue("fb-1")[0]
    made.ensure("fb-1")
    assert made.observe("fb-1").there
    made.remove("fb-1")


@pytest.mark.parametrize("then", ["ensure", "remove"])
def test_killed_anywhere_in_ensure(project: str, admin: Admin, then: str) -> None:
    steps = 0
    for attempt in at_every_statement(admin, lambda killing: database(project, killing).ensure("fb-1")):
        killed = attempt()
        made = database(project, admin)
        if made.residue("fb-1"):
            assert list(made.found()) == ["fb-1"], "what a kill leaves must be found by looking"
        if then == "ensure":
            made.ensure("fb-1")
            with as_app(made, "fb-1") as connection:
                connection.execute("create table things (id int)")
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                as_app(made, "fb-1", "postgres")
        made.remove("fb-1")
        assert made.residue("fb-1") == ()
        if not killed:
            break
        steps += 1
    assert steps > 10


def test_killed_anywhere_in_remove(project: str, admin: Admin) -> None:
    steps = 0
    made = database(project, admin)
    for attempt in at_every_statement(admin, lambda killing: database(project, killing).remove("fb-1")):
        made.ensure("fb-1")
        killed = attempt()
        if made.residue("fb-1"):
            assert list(made.found()) == ["fb-1"]
        made.remove("fb-1")
        assert made.residue("fb-1") == ()
        if not killed:
            break
        steps += 1
    assert steps > 5


def test_many_come_and_go_at_once(project: str, admin: Admin) -> None:
    """As several commands do: none fails because of another one's changes."""

    def come_and_go(environment: str) -> None:
        made = database(project, Admin(admin.sockets, admin.password, admin.clock))
        for _ in range(3):
            made.ensure(environment)
            as_app(made, environment).close()
            made.remove(environment)
            assert made.residue(environment) == ()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(come_and_go, f"fb-{number}") for number in range(6)]:
            done.result()
    assert database(project, admin).found() == {}


def test_it_raises_when_it_cannot_look(project: str, tmp_path: Path, admin: Admin) -> None:
    blind = database(project, Admin(tmp_path, admin.password, admin.clock))
    for look in (blind.found, lambda: blind.residue("fb-1"), lambda: blind.observe("fb-1")):
        with pytest.raises(GreenroomError, match="does not let us in"):
            look()


def test_comments_are_json(project: str, admin: Admin) -> None:
    made = database(project, admin)
    made.ensure("fb-1")
    with admin.connect() as connection:
        text = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
        row = connection.execute(text, [made.label("fb-1")]).fetchone()
    assert row is not None
    assert json.loads(row[0]) == {"greenroom": project, "environment": "fb-1"}
    made.remove("fb-1")
