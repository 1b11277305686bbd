"""Databases of environments on a cluster: one on a shared server, one from the chart; refused, killed, and gone without a trace."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import cluster_stand as stand
import pytest
from cluster_shop import ClusterShop, beside_the_stand
from shop import git

from greenroom.drivers.system.net import ask_tls

pytestmark = pytest.mark.timeout(900)

PROJECT = "dbs"
RULES = f"""
[[environments]]
name = "production"
refs = ["main"]
target = "kubernetes"

[[environments]]
name = "db-{{issue}}"
host = "{{name}}.{stand.HOST}"
refs = ["*/AFO-{{issue}}_*"]
target = "kubernetes"
database = "shared"
ttl = "1d"

[[environments]]
name = "own-{{issue}}"
host = "{{name}}.{stand.HOST}"
refs = ["*/OWN-{{issue}}_*"]
target = "kubernetes"
database = "chart"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ClusterShop, str]]:
    """The project, told of both servers; and the store's address on this machine."""
    with (
        beside_the_stand(tmp_path_factory.mktemp("databases"), PROJECT) as made,
        stand.store_here() as address,
    ):
        _told(made, address)
        for name, value in secrets_of_greenroom().items():
            made.give(name, value, "--for", "all")
        stand.kubectl("label", "namespace", made.control, "pod-security.kubernetes.io/enforce=restricted")
        yield made, address
        stand.kubectl("delete", "namespace", "-l", f"greenroom.dev/project={PROJECT}", "--wait=false")


@pytest.fixture
def shop(store: tuple[ClusterShop, str]) -> ClusterShop:
    return store[0]


def secrets_of_greenroom() -> dict[str, str]:
    """What is given once for all environments."""
    keys = {"GREENROOM_S3_KEY": "stand", "GREENROOM_S3_SECRET": stand.PASSWORD}
    return {"GREENROOM_DATABASE_ADMIN_URL": stand.admin_url(), **keys}


def _told(shop: ClusterShop, store: str) -> None:
    """Other environments than the shop's own file has."""
    toml = shop.folder / "greenroom.toml"
    image = f'[kubernetes]\ndatabase_image = "{stand.image("postgres")}"\n'
    text, _, more = toml.read_text().partition("# Branches and where they go")
    kept = more.partition("[prove]")[2]
    s3 = f'\n[s3]\nendpoint = "{store}"\ncluster_endpoint = "http://s3.{stand.NAMESPACE}.svc:8333"\n'
    toml.write_text(f"{text}[prove]{kept.replace('[kubernetes]', image, 1)}{s3}{RULES}")
    shop.commit("databases of environments")


def branch(shop: ClusterShop, name: str) -> None:
    """A branch at the commit of ``main``: all are one release."""
    git(shop.folder, "branch", name, "main")


def there(name: str) -> list[str]:
    """Databases and roles of that name."""
    query = f"select 'database' from pg_database where datname = '{name}' union all select 'role' from pg_roles where rolname = '{name}'"
    return stand.asked(query)


def serves(shop: ClusterShop, environment: str) -> bool:
    """Does the environment answer through the edge, with a page that reads the database?"""
    host, edge = f"{environment}.{stand.HOST}", shop.edge
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if ask_tls(host, edge.secure, "/search?q=lamp", str(edge.ca), 20.0, "127.0.0.1", {}).status == 200:
            return True
        time.sleep(0.3)
    return False


def of_environment(shop: ClusterShop, environment: str) -> set[str]:
    """Every object of the cluster with the environment's label or in its namespace, but records that the project keeps."""
    kinds = stand.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    listed = ",".join(k for k in kinds if not k.startswith(("events", "packagemanifests")))
    labels = f"greenroom.dev/project={shop.name},greenroom.dev/environment={environment}"
    found = json.loads(stand.kubectl("get", listed, "-A", "-l", labels, "-o", "json"))["items"]
    spaces = json.loads(stand.kubectl("get", "namespaces", "-o", "json"))["items"]
    names = {s["metadata"]["name"] for s in spaces}
    left = {f"Namespace/{n}" for n in names if n == f"{shop.name}-{environment}"}
    return left | {f"{one['kind']}/{one['metadata']['name']}" for one in found}


def jobs(shop: ClusterShop) -> list[str]:
    """The Jobs of the control namespace."""
    return stand.kubectl("-n", shop.control, "get", "jobs", "-o", "name").split()


def app_values(shop: ClusterShop, environment: str) -> dict[str, str]:
    """What the environment's app is given in secret."""
    listed = json.loads(stand.kubectl("-n", f"{shop.name}-{environment}", "get", "secrets", "-o", "json"))
    found = [s for s in listed["items"] if "-env-" in s["metadata"]["name"]]
    return {k: base64.b64decode(v).decode() for s in found for k, v in s["data"].items()}


def test_a_review_environment_has_a_database_on_the_shared_server(
    shop: ClusterShop, store: tuple[ClusterShop, str]
) -> None:
    branch(shop, "anna/AFO-1_cart")
    shop.json("env", "create", "anna/AFO-1_cart", timeout=600)
    assert serves(shop, "db-1")
    assert there("dbs_db_1") == ["database", "role"]
    given = app_values(shop, "db-1")
    assert not set(given) & set(secrets_of_greenroom())
    assert given["DATABASE_URL"].startswith("postgresql://dbs_db_1:")
    assert stand.PASSWORD not in given["DATABASE_URL"]
    assert given["S3_BUCKET"] == "dbs-db-1"
    assert given["S3_ENDPOINT_URL"] == f"http://s3.{stand.NAMESPACE}.svc:8333"
    assert given["AWS_ACCESS_KEY_ID"] != "stand"
    assert jobs(shop) == []
    shop.json("-e", "db-1", "up", timeout=300)
    done = shop.json("env", "destroy", "db-1", "--yes", timeout=300)
    assert done["left"] == []
    assert there("dbs_db_1") == []
    with stand.s3(store[1]) as client:
        assert [b["Name"] for b in client.list_buckets()["Buckets"]] == ["shop"]
    assert of_environment(shop, "db-1") == set()
    assert jobs(shop) == []


def test_what_is_there_without_a_name_on_it_is_refused_and_left_alone(shop: ClusterShop) -> None:
    branch(shop, "anna/AFO-2_cart")
    stand.asked("create database dbs_db_2")
    refused = shop.json("env", "create", "anna/AFO-2_cart", exit=2, timeout=300)
    assert refused["code"] == "name-taken"
    assert "database dbs_db_2 belongs to somebody" in refused["message"]
    shop.json("env", "destroy", "db-2", "--yes", timeout=300)
    assert there("dbs_db_2") == ["database"]
    assert stand.asked(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = 'dbs_db_2'"
    ) == [""]
    assert of_environment(shop, "db-2") == set()
    stand.asked("drop database dbs_db_2")


def test_killed_while_its_job_runs_the_next_command_finishes(shop: ClusterShop) -> None:
    branch(shop, "anna/AFO-3_cart")
    for word in ("create", "destroy"):
        words = (
            ("env", "create", "anna/AFO-3_cart") if word == "create" else ("env", "destroy", "db-3", "--yes")
        )
        command = shop.start(*words)
        until = time.monotonic() + 300
        while "job.batch/database-db-3" not in jobs(shop):
            assert command.poll() is None, command.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        command.kill()
        command.communicate()
        shop.json(*words, timeout=600)
        if word == "create":
            assert serves(shop, "db-3")
            assert there("dbs_db_3") == ["database", "role"]
    assert there("dbs_db_3") == []
    assert of_environment(shop, "db-3") == set()
    assert jobs(shop) == []


def test_a_server_that_refuses_is_told_with_its_words(shop: ClusterShop) -> None:
    branch(shop, "anna/AFO-4_cart")
    shop.give("GREENROOM_DATABASE_ADMIN_URL", stand.admin_url().replace("@", "x@"), "--for", "all")
    try:
        told = shop.json("env", "create", "anna/AFO-4_cart", exit=1, timeout=300)
    finally:
        shop.give("GREENROOM_DATABASE_ADMIN_URL", stand.admin_url(), "--for", "all")
    assert "refuses the password of postgres" in told["message"]
    assert "password authentication failed" in told["details"]
    assert jobs(shop) == []
    shop.json("env", "destroy", "db-4", "--yes", timeout=300)
    assert of_environment(shop, "db-4") == set()


def test_one_from_the_chart_goes_with_its_volume(shop: ClusterShop, volume: str) -> None:
    branch(shop, "anna/OWN-5_cart")
    shop.json("env", "create", "anna/OWN-5_cart", timeout=600)
    assert serves(shop, "own-5")
    given = app_values(shop, "own-5")
    assert "@database.dbs-own-5.svc:5432/app" in given["DATABASE_URL"]
    who = "select rolsuper from pg_roles where rolname = current_user"
    line = ("exec", "database-0", "--", "psql", "-X", "-A", "-t", given["DATABASE_URL"], "-c", who)
    assert stand.kubectl("-n", "dbs-own-5", *line).split() == ["f"]
    stand.kubectl("-n", "dbs-own-5", "delete", "pod", "database-0")
    shop.json("-e", "own-5", "up", timeout=300)
    assert serves(shop, "own-5")
    done = shop.json("env", "destroy", "own-5", "--yes", timeout=300)
    assert done["left"] == []
    assert of_environment(shop, "own-5") == set()
    assert stand.kubectl("get", "persistentvolume", volume, "--ignore-not-found") == ""


def pods(shop: ClusterShop) -> list[str]:
    """Of the environment that is looked at, whatever they are."""
    return stand.kubectl("-n", shop.namespace, "get", "pods", "-o", "name").split()


def test_one_from_the_chart_rests_with_its_environment(shop: ClusterShop, volume: str) -> None:
    """It ends last and comes back first, with its data: by up and by deploy after down, by wake after sleep."""
    branch(shop, "anna/OWN-6_cart")
    shop.json("env", "create", "anna/OWN-6_cart", timeout=600)
    own = shop.at("own-6")
    address = app_values(shop, "own-6")["DATABASE_URL"]
    asked = ("-n", own.namespace, "exec", "database-0", "--", "psql", "-X", "-q", "-A", "-t", address, "-c")
    stand.kubectl(*asked, "create table kept as select 42 as answer")
    for rest, back in (("down", ("up",)), ("down", ("restart",)), ("sleep", ("env", "wake", "own-6"))):
        own.json(*(("env", "sleep", "own-6") if rest == "sleep" else (rest,)), timeout=300)
        stand.kubectl("-n", own.namespace, "wait", "--for=delete", "pods", "--all", "--timeout=90s")
        assert pods(own) == [], rest
        own.json(*back, timeout=300)
        assert "pod/database-0" in pods(own)
        assert serves(shop, "own-6"), back
        assert stand.kubectl(*asked, "select answer from kept").split() == ["42"]
    shop.json("env", "destroy", "own-6", "--yes", timeout=300)


def test_a_volume_made_by_hand_loses_its_object_and_keeps_its_data(shop: ClusterShop, volume: str) -> None:
    """Its policy is Retain: nobody removes the folder, and the receipt says where it is."""
    stand.kubectl("patch", "pv", volume, "-p", '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}')
    branch(shop, "anna/OWN-7_cart")
    shop.json("env", "create", "anna/OWN-7_cart", timeout=600)
    (node,) = stand.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}").split()
    done = shop.json("env", "destroy", "own-7", "--yes", timeout=300)
    folder = Path("/tmp") / volume
    assert (done["left"], done["stuck"]) == ([], [])
    assert done["stays"] == [f"volume {volume} (data-database-0): {folder} on node {node}"]
    assert stand.kubectl("get", "persistentvolume", volume, "--ignore-not-found") == ""
    assert (folder / "pg" / "PG_VERSION").exists()
    assert of_environment(shop, "own-7") == set()


@pytest.fixture
def volume() -> Iterator[str]:
    """A volume of the one node, whose folder goes with it; a cluster with a default class has no need of it."""
    name = f"{stand.NAMESPACE}-volume"
    folder = Path("/tmp") / name
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    spec = {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"]}
    spec |= {"hostPath": {"path": str(folder)}, "persistentVolumeReclaimPolicy": "Delete"}
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    stand.kubectl("apply", "-f", "-", text=json.dumps(body))
    yield name
    stand.kubectl("delete", "persistentvolume", name, "--ignore-not-found", "--wait=false")
    shutil.rmtree(folder, ignore_errors=True)
