"""The printed account is enough for every command on a cluster, and for nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cluster
import cluster_stand as stand
import pytest
from cluster_account import DEFAULT, PREMADE, applied, refused
from cluster_shop import STAGING, ClusterShop, on_the_cluster

from greenroom.domain.cluster import ClusterEdge
from greenroom.drivers.kubernetes.account import account
from greenroom.drivers.kubernetes.names import Names

NAMES = Names("fenced")
CONTROL = NAMES.control
MINE = NAMES.labels("review")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
STRANGER = "stranger-of-fenced"
"""A namespace that is somebody else's."""


@pytest.fixture(scope="module", params=[DEFAULT, PREMADE])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterShop]:
    name = f"least-{request.param}"
    with on_the_cluster(tmp_path_factory.mktemp(name), name, request.param) as made:
        yield made


def test_it_is_enough_for_every_command(shop: ClusterShop) -> None:
    """``up`` came before this, and ``destroy`` comes after it."""
    first = shop.live()
    shop.json("deploy", shop.patched("good"), timeout=600)
    assert shop.json("rollback", timeout=120)["serving"] == first
    shop.json("restart", "--no-watch", timeout=300)
    ran = shop.run("run", "--", "python", "-c", "print(6 * 7)", timeout=120)
    assert "42" in ran.stdout, ran.stderr
    assert shop.run("logs", "web").stdout
    shop.give("SMTP_PASSWORD", "x")
    shop.json("maintenance", "on", timeout=120)
    assert shop.asked()[0] == 503
    shop.json("maintenance", "off", timeout=120)
    shop.json("down", timeout=300)
    up = shop.json("up", timeout=300)
    assert shop.answers(up["serving"])
    assert shop.json("ledger", "verify")["entries"] > 0
    found = shop.json("doctor", "cluster", "rights", timeout=120)
    assert found["problems"] == 0, found


def test_it_is_enough_for_a_private_environment_that_sleeps(shop: ClusterShop) -> None:
    toml = shop.folder / "greenroom.toml"
    before = toml.read_text()
    toml.write_text(before.replace('name = "staging"', 'name = "staging"\naccess = "private"'))
    staging = shop.at(STAGING)
    try:
        staging.goes_up()
        assert staging.asked()[0] == 401
        staging.json("env", "sleep", STAGING, timeout=300)
        assert staging.asked()[0] == 503
        staging.json("env", "wake", STAGING, timeout=300)
        assert staging.asked()[0] == 401
    finally:
        toml.write_text(before)


def test_who_makes_namespaces_removes_them(shop: ClusterShop) -> None:
    """The other size cannot: the administrator who made them removes them."""
    done = shop.at(STAGING).run("destroy", "--yes", timeout=300)
    there = stand.kubectl("get", "namespace", shop.at(STAGING).namespace, "-o", "name", "--ignore-not-found")
    if "default" in shop.name:
        assert (done.returncode, there) == (0, ""), done.stderr
    else:
        assert done.returncode == 5
        assert "namespaces" in done.stderr
        assert there


@pytest.fixture(scope="module")
def fenced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The account that makes namespaces, of a project that has none yet, and somebody else's namespace with a secret."""
    cluster.require()
    stand.kubectl("create", "namespace", STRANGER)
    stand.kubectl("-n", STRANGER, "create", "secret", "generic", "theirs", "--from-literal=a=b")
    objects = account(NAMES, ClusterEdge(gateway="edge/public"), None)
    try:
        with applied(objects, CONTROL, tmp_path_factory.mktemp("fenced")) as file:
            yield file
    finally:
        for name in (STRANGER, CONTROL, "fenced-review"):
            stand.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def namespace(name: str, labels: dict[str, str]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


def binding(where: str, kind: str, role: str, who: str = CONTROL) -> str:
    subject = {"kind": "ServiceAccount", "name": "greenroom", "namespace": who}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}
    metadata = {"name": "tried", "namespace": where}
    return json.dumps({**body, "metadata": metadata, "roleRef": reference, "subjects": [subject]})


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("other-review", {**MINE, **RESTRICTED}),
        ("fenced-review", RESTRICTED),
        ("fenced-review", {**Names("other").labels("review"), **RESTRICTED}),
        ("fenced-review", MINE),
        ("fenced-review", {**MINE, "pod-security.kubernetes.io/enforce": "privileged"}),
    ],
    ids=["of another name", "without a label", "with another's label", "unrestricted", "privileged"],
)
def test_no_namespace_is_made(fenced: Path, name: str, labels: dict[str, str]) -> None:
    told = refused(fenced, "create", "-f", "-", text=namespace(name, labels))
    assert "greenroom-fenced" in told, told


def test_no_namespace_of_others_is_changed_or_removed(fenced: Path) -> None:
    for name in (STRANGER, "kube-system", CONTROL):
        for words in (
            ("patch", "namespace", name, "-p", namespace(name, {**MINE, **RESTRICTED})),
            ("delete", "namespace", name, "--wait=false"),
        ):
            told = refused(fenced, *words)
            assert "forbidden" in told or "greenroom-fenced" in told, (words, told)
    assert stand.kubectl("get", "namespace", STRANGER, "-o", "jsonpath={.status.phase}") == "Active"


@pytest.mark.parametrize("kind", ["secrets", "configmaps", "pods", "deployments"])
def test_nothing_of_others_is_read(fenced: Path, kind: str) -> None:
    """The doctor's part may list pods and deployments, and nothing that holds a value."""
    for where in (("-n", STRANGER), ("-n", "kube-system"), ("-A",)):
        told = refused(fenced, "get", kind, *where)
        assert ("forbidden" in told) == (kind in ("secrets", "configmaps")), told


def test_it_binds_itself_nowhere_else_and_to_nothing_else(fenced: Path) -> None:
    mine = "greenroom-fenced-environment"
    made = refused(fenced, "create", "-f", "-", text=namespace("fenced-review", {**MINE, **RESTRICTED}))
    assert made == ""
    for text in (
        binding(STRANGER, "ClusterRole", mine),
        binding(CONTROL, "ClusterRole", mine),
        binding("fenced-review", "ClusterRole", "cluster-admin"),
        binding("fenced-review", "ClusterRole", "view"),
        binding("fenced-review", "ClusterRole", mine, who="default"),
    ):
        assert "forbidden" in refused(fenced, "create", "-f", "-", text=text), text
    above = ("create", "clusterrolebinding", "tried", "--clusterrole=cluster-admin", "--user=me")
    assert "forbidden" in refused(fenced, *above)
    assert refused(fenced, "create", "-f", "-", text=binding("fenced-review", "ClusterRole", mine)) == ""
    loose = ("label", "namespace", "fenced-review", "--overwrite")
    for label in ("pod-security.kubernetes.io/enforce=privileged", "greenroom.dev/project=other"):
        assert "greenroom-fenced" in refused(fenced, *loose, label)
    assert refused(fenced, "delete", "namespace", "fenced-review", "--wait=false") == ""


def test_no_volume_of_others_is_removed(fenced: Path) -> None:
    """Nor one of its own that is still somebody's; what a claim of its namespaces has left may go."""
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv/x"}}
    for name, where in (("tried-theirs", STRANGER), ("tried-mine", "fenced-gone")):
        claim = {"namespace": where, "name": "data", "uid": "00000000-0000-0000-0000-000000000000"}
        body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}}
        stand.kubectl("apply", "-f", "-", text=json.dumps({**body, "spec": {**spec, "claimRef": claim}}))
    try:
        for name in ("tried-theirs", "tried-mine"):
            stand.kubectl("wait", f"pv/{name}", "--for=jsonpath={.status.phase}=Released", "--timeout=60s")
        gone = ("delete", "persistentvolume", "--wait=false")
        assert "greenroom-fenced" in refused(fenced, *gone, "tried-theirs")
        assert refused(fenced, *gone, "tried-mine") == ""
    finally:
        stand.kubectl(
            "delete", "persistentvolume", "tried-theirs", "tried-mine", "--ignore-not-found", "--wait=false"
        )
