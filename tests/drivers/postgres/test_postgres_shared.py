"""Databases on a server that environments share, made by psql: whose they are, who gets in, what is never touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from greenroom.domain.databases import ADDRESS
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.postgres.address import server_address
from greenroom.drivers.postgres.admin import Admin, statement
from greenroom.drivers.postgres.scram import scram_verifier
from greenroom.drivers.postgres.shared import MADE, SharedDatabase
from greenroom.drivers.postgres.shared_sql import EMPTY, LOOK, making, removing, script
from greenroom.drivers.system.secret_box import Change, SecretBox
from greenroom.ports import Done
from servers import postgres, project_of, psql_here

ADMIN_WORD = Secret("word of a mere administrator")


class Box(SecretBox):
    """Secrets in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Secret] = {}

    def all(self) -> dict[str, Secret]:
        return dict(self.kept)

    def change(self, how: Change) -> None:
        self.kept = dict(how(dict(self.kept)))

    def remove(self) -> None:
        self.kept = {}

    def exists(self) -> bool:
        return bool(self.kept)


@dataclass
class Made:
    """A project's databases on the server, and how often psql ran."""

    project: str
    url: Secret | None
    boxes: dict[str, Box] = field(default_factory=dict)
    ran: int = 0

    def resource(self, limit: int = -1, template: str | None = None) -> SharedDatabase:
        def counted(environment: str, service: str, sql: str) -> Done:
            self.ran += 1
            return psql_here(environment, service, sql)

        return SharedDatabase(self.project, lambda: self.url, counted, self.box, limit, template)

    def box(self, environment: str) -> Box:
        return self.boxes.setdefault(environment, Box())

    def address(self, environment: str) -> str:
        return self.resource().values(environment)[ADDRESS].reveal()


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    with postgres() as found:
        with found.connect() as connection:
            text = "create role {} login createdb createrole password {word}"
            connection.execute(statement(text, "mere", word=ADMIN_WORD.reveal()))
        yield found


@pytest.fixture(params=["superuser", "mere"])
def made(request: pytest.FixtureRequest, admin: Admin) -> Made:
    """As a superuser, and as one who may make roles and databases, which is what managed servers give."""
    who = ("postgres", admin.password()) if request.param == "superuser" else ("mere", ADMIN_WORD)
    return Made(f"{project_of(request)[:20]}-{request.param[0]}", admin.url(*who, "postgres"))


def there(admin: Admin, name: str) -> tuple[int, int]:
    """How many databases and roles have that name."""
    with admin.connect() as connection:
        counted = connection.execute(
            "select (select count(*) from pg_database where datname = %s),"
            " (select count(*) from pg_roles where rolname = %s)",
            [name, name],
        ).fetchone()
    assert counted is not None
    return counted[0], counted[1]


def test_it_comes_and_goes_and_asks_the_server_only_for_changes(made: Made, admin: Admin) -> None:
    resource = made.resource()
    assert not resource.observe("fb-1").there
    assert dict(resource.values("fb-1")) == {}
    assert made.ran == 0
    for _ in range(2):
        resource.ensure("fb-1")
        assert resource.observe("fb-1").there
    assert made.ran == 1
    with psycopg.connect(made.address("fb-1")) as app:
        app.execute("create table things (id int primary key)")
    name = resource.observe("fb-1").detail
    assert resource.residue("fb-1") == (f"database {name}", f"role {name}")
    assert resource.found() == {"fb-1": f"database {name}, role {name}"}
    with psycopg.connect(made.address("fb-1")):
        resource.remove("fb-1")
    assert there(admin, name) == (0, 0)
    assert resource.residue("fb-1") == ()
    assert resource.found() == {}
    assert made.box("fb-1").all() == {}
    resource.remove("fb-1")


def test_each_is_shut_to_the_others(made: Made, admin: Admin) -> None:
    for environment in ("fb-1", "fb-2"):
        made.resource(limit=3).ensure(environment)
    other = made.resource().observe("fb-2").detail
    with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
        psycopg.connect(made.address("fb-1"), dbname=other)
    with admin.connect() as connection:
        asked = "select rolconnlimit, rolcreatedb, rolcreaterole, rolsuper from pg_roles where rolname = %s"
        assert connection.execute(asked, [other]).fetchone() == (3, False, False, False)
    for environment in ("fb-1", "fb-2"):
        made.resource().remove(environment)


@pytest.mark.parametrize("label", [None, "by hand", '{"greenroom": "another", "environment": "fb-1"}'])
def test_what_is_anothers_is_left_alone(made: Made, admin: Admin, label: str | None) -> None:
    resource = made.resource()
    name = resource.observe("fb-1").detail
    with admin.connect() as connection:
        connection.execute(statement("create database {}", name))
        connection.execute(statement("comment on database {} is {label}", name, label=label))
    with pytest.raises(GreenroomError) as refused:
        resource.ensure("fb-1")
    assert (refused.value.code, refused.value.exit) == ("name-taken", Exit.USAGE)
    assert name in refused.value.message
    assert (label or "no name on it") in refused.value.message
    resource.remove("fb-1")
    assert there(admin, name) == (1, 0)
    assert resource.residue("fb-1") == ()
    assert resource.found() == {}
    with admin.connect() as connection:
        connection.execute(statement("drop database {}", name))


def test_several_come_and_go_at_once(made: Made) -> None:
    resource, names = made.resource(), [f"fb-{n}" for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(resource.ensure, names))
        assert sorted(resource.found()) == names
        list(pool.map(resource.remove, names))
    assert dict(resource.found()) == {}


def test_an_app_that_writes_another_name_on_its_database_does_not_keep_it(made: Made, admin: Admin) -> None:
    resource, name = made.resource(), made.resource().observe("fb-1").detail
    resource.ensure("fb-1")
    with psycopg.connect(made.address("fb-1"), autocommit=True) as app:
        app.execute(statement("comment on database {} is 'mine'", name))
    assert resource.found() == {"fb-1": f"database {name}, role {name}"}
    resource.remove("fb-1")
    assert there(admin, name) == (0, 0)


def test_a_role_without_a_name_on_it_is_refused(made: Made, admin: Admin) -> None:
    name = made.resource().observe("fb-1").detail
    with admin.connect() as connection:
        connection.execute(statement("create role {}", name))
    with pytest.raises(GreenroomError, match=r"role \w+ belongs to somebody"):
        made.resource().ensure("fb-1")
    assert there(admin, name) == (0, 1)
    with admin.connect() as connection:
        connection.execute(statement("drop role {}", name))


def test_one_cut_short_anywhere_is_finished(made: Made, admin: Admin) -> None:
    """The script's statements one by one: cut after each, the whole runs again."""
    resource, name = made.resource(), made.resource().observe("fb-1").detail
    words = {
        "name": name,
        "label": json.dumps({"greenroom": made.project, "environment": "fb-1"}),
        "verifier": scram_verifier(Secret("word")),
        "limit": "-1",
        "template": EMPTY,
    }
    assert made.url is not None
    whole, service = making(words).splitlines(keepends=True), server_address(made.url).service()
    cuts = [n for n, line in enumerate(whole) if line.rstrip().endswith((";", "\\gexec"))]
    for cut in cuts[-9:]:
        psql_here("", service, "".join(whole[: cut + 1]))
        resource.ensure("fb-1")
        assert there(admin, name) == (1, 1)
        resource.remove("fb-1")
        assert there(admin, name) == (0, 0)


def test_a_removal_that_the_server_cut_short_is_finished(made: Made, admin: Admin) -> None:
    resource = made.resource()
    resource.ensure("fb-1")
    name = resource.observe("fb-1").detail
    with admin.connect() as connection:
        connection.execute("update pg_database set datconnlimit = -2 where datname = %s", [name])
    made.box("fb-1").drop(MADE)
    resource.ensure("fb-1")
    with psycopg.connect(made.address("fb-1")) as app:
        assert app.execute("select 1").fetchone() == (1,)
    resource.remove("fb-1")


THINGS = """
    create schema apart;
    create type apart.size as enum ('s', 'l');
    create domain positive as int check (value > 0);
    create table apart.things (id serial primary key, size apart.size, n positive);
    create sequence numbers;
    create view seen as select id from apart.things;
    create function twice(x int) returns int language sql as 'select 2 * x';
    insert into apart.things (size, n) values ('s', 1);
"""


def test_a_copy_of_a_template_is_the_roles_own(made: Made, admin: Admin) -> None:
    source = f"{made.project.replace('-', '_')}.demo"
    assert made.url is not None
    owner = server_address(made.url).parameters["user"]
    with admin.connect() as connection:
        connection.execute(statement("create database {} owner {}", source, owner))
    with psycopg.connect(made.url.reveal(), dbname=source) as inside:
        inside.execute(THINGS)
    made.resource(template="demo").ensure("fb-1")
    with psycopg.connect(made.address("fb-1"), autocommit=True) as app:
        for text in (
            "alter table apart.things add column more text",
            "alter type apart.size add value 'xl'",
            "alter domain positive drop constraint positive_check",
            "drop view seen",
            "drop function twice",
            "drop sequence numbers",
            "drop schema apart cascade",
        ):
            app.execute(text)
    with admin.connect() as connection:
        kept = "select pg_get_userbyid(datdba) from pg_database where datname = %s"
        assert connection.execute(kept, [source]).fetchone() == (owner,)
        made.resource().remove("fb-1")
        connection.execute(statement("drop database {}", source))


def test_a_template_that_is_missing_is_told(made: Made) -> None:
    with pytest.raises(GreenroomError) as told:
        made.resource(template="demo").ensure("fb-1")
    assert told.value.code == "no-template"
    made.resource().remove("fb-1")


def test_a_server_that_refuses_is_told_with_its_words(made: Made) -> None:
    assert made.url is not None
    made.url = Secret(made.url.reveal().replace("@", "x@", 1))
    with pytest.raises(GreenroomError) as told:
        made.resource().ensure("fb-1")
    assert "refuses the password" in told.value.message
    assert "password authentication failed" in told.value.details
    assert not made.resource().observe("fb-1").there


def test_without_a_server_nothing_is_there_to_be_found(made: Made) -> None:
    made.url = None
    resource = made.resource()
    assert (resource.residue("fb-1"), dict(resource.found())) == ((), {})
    resource.remove("fb-1")
    with pytest.raises(GreenroomError) as told:
        resource.ensure("fb-1")
    assert told.value.code == "no-admin-address"
    assert made.ran == 0


def test_an_answer_cut_short_is_no_empty_one(admin: Admin) -> None:
    url = admin.url("postgres", admin.password(), "postgres")
    resource = SharedDatabase("shop", lambda: url, lambda *_: Done(0, ("",)), lambda _: Box())
    with pytest.raises(GreenroomError, match="cut short"):
        resource.residue("fb-1")


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=WORDS, label=WORDS)
@example(name="""a'b"c\\d :x :'x' :"x" $$ %I""", label="$$; drop role mere; --")
@example(name="\\! touch x\n\\q", label="'")
@example(name="dbname='postgres' user=mere", label='{"')
def test_hostile_words_are_words(name: str, label: str, admin: Admin) -> None:
    service = server_address(admin.url("postgres", admin.password(), "postgres")).service()
    words = {"name": name, "label": label, "verifier": scram_verifier(Secret("word")), "limit": "1"}
    done = psql_here("", service, making({**words, "template": "template1"}))
    assert done.exit == 0, done.tail
    assert there(admin, name) == (1, 1)
    with psycopg.connect(admin.url(name, Secret("word"), name).reveal()) as app:
        row = app.execute("select current_database(), current_user").fetchone()
        assert row == (name, name)
    found = [json.loads(x) for x in psql_here("", service, script({}, LOOK)).tail if x.startswith("{")]
    listed = [(x["name"], x["label"]) for x in found if x["thing"] == "role"]
    assert ((name, label) in listed) == label.startswith("{")
    assert psql_here("", service, removing({"name": name, "label": label})).exit == 0
    assert there(admin, name) == (0, 0)
    assert there(admin, "mere") == (0, 1)
