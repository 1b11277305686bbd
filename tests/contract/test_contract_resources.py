"""One suite for what an environment owns: memory, secret files, files, database and bucket keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from greenroom.domain.secret import Secret
from greenroom.drivers.local.app_secrets import AppSecrets
from greenroom.drivers.local.layout import open_layout
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.local.traces import Traces
from greenroom.drivers.memory import World
from greenroom.drivers.memory.keeping import MemoryResource
from greenroom.drivers.postgres.database import Database
from greenroom.drivers.postgres.shared import SharedDatabase
from greenroom.drivers.s3.bucket import Bucket
from greenroom.drivers.s3.issuers import issuer_of
from greenroom.drivers.s3.store import Key, Store
from greenroom.drivers.system.real import this_machine
from greenroom.ports import Resource
from servers import postgres, psql_here, seaweed

KINDS = ("memory", "secrets", "database", "shared", "bucket")


@pytest.fixture(scope="module", params=KINDS)
def resource(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resource]:
    folder = tmp_path_factory.mktemp("state")
    (folder / "secrets").mkdir()
    with ExitStack() as running:
        if request.param == "memory":
            yield MemoryResource(set(), world=World())
        elif request.param == "secrets":
            yield AppSecrets(folder / "secrets", folder / "mail", lambda env: f"https://{env}.localhost")
        elif request.param == "database":
            admin = running.enter_context(postgres())
            yield Database("shop", admin, lambda env: Secret(f"of-{env}"))
        elif request.param == "shared":
            admin = running.enter_context(postgres())
            url = admin.url("postgres", admin.password(), "postgres")
            yield SharedDatabase("shop", lambda: url, psql_here, lambda e: SecretFile(folder / "secrets", e))
        else:
            address, id, secret = running.enter_context(seaweed())
            store = Store(address, lambda: Key(id, secret), this_machine().clock)
            yield Bucket("shop", store, issuer_of("iam", store), lambda e: SecretFile(folder / "secrets", e))


def test_it_comes_and_goes(resource: Resource) -> None:
    assert not resource.observe("fb-1").there
    assert resource.residue("fb-1") == ()
    assert resource.found() == {}
    for _ in range(2):
        resource.ensure("fb-1")
        seen = resource.observe("fb-1")
        assert seen.there
        assert seen.bytes is not None or isinstance(resource, SharedDatabase)  # asking costs it a Job
        assert resource.residue("fb-1") != ()
        assert list(resource.found()) == ["fb-1"]
    for _ in range(2):
        resource.remove("fb-1")
        assert not resource.observe("fb-1").there
        assert resource.observe("fb-1").bytes is None
        assert resource.residue("fb-1") == ()
        assert resource.found() == {}


def test_each_environment_has_its_own(resource: Resource) -> None:
    for environment in ("fb-1", "fb-12", "production"):
        resource.ensure(environment)
    assert sorted(resource.found()) == ["fb-1", "fb-12", "production"]
    values = [
        tuple(value.reveal() for value in resource.values(environment).values())
        for environment in ("fb-1", "fb-12", "production")
    ]
    assert len(set(values)) == 3
    resource.remove("fb-1")
    assert sorted(resource.found()) == ["fb-12", "production"]
    for environment in ("fb-12", "production"):
        assert resource.observe(environment).there
        resource.remove(environment)


def test_values_stay(resource: Resource) -> None:
    resource.ensure("fb-1")
    before = resource.values("fb-1")
    resource.ensure("fb-1")
    assert resource.values("fb-1") == before
    resource.remove("fb-1")


def test_secret_files_that_a_kill_left_are_found_and_go(tmp_path: Path) -> None:
    secrets = AppSecrets(tmp_path / "secrets", tmp_path / "mail", lambda env: env)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / ".fb-1.json.4711").write_text('{"SECRET_KEY": "x"}')
    (tmp_path / "secrets" / "_platform.json").write_text("{}")
    (tmp_path / "mail" / "fb-2").mkdir(parents=True)
    assert secrets.found() == {"fb-1": "secrets of fb-1", "fb-2": "mail of fb-2"}
    for environment in ("fb-1", "fb-2"):
        secrets.remove(environment)
    assert secrets.found() == {}
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["_platform.json"]


def test_secret_files_that_cannot_be_listed_are_no_empty_answer(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("not a folder")
    with pytest.raises(OSError):
        AppSecrets(tmp_path / "secrets", tmp_path / "mail", lambda env: env).found()


def test_traces_find_whose_they_are(tmp_path: Path) -> None:
    layout = open_layout(tmp_path / "state", str(tmp_path))
    traces = Traces(layout, this_machine())
    root = layout.root
    assert traces.found() == {}
    names = (
        f"logs/web-{'a' * 12}.fb-1-3.log",
        "logs/migrate-fb-2.log.1",
        "jobs/run-fb-3.flask.json",
        f"logs/web-{'a' * 12}-4.log",
        "logs/supervisor.log",
        "edge/caddy-0123.json",
        "leases/fb-9.lock",
    )
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "edge" / "fb-4").mkdir()
    assert sorted(traces.found()) == ["fb-1", "fb-2", "fb-3", "fb-4", "production"]
    for environment in ("fb-1", "fb-2", "fb-3", "fb-4"):
        traces.remove(environment)
    assert list(traces.found()) == ["production"]
