"""From a cluster of Kubernetes 1.18 to one of today, over HTTP: what is taken, made, left behind, and the same afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_server import TODAY, Server, old_objects, serving

from greenroom.cli.render import moving as render
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.moving.export import Export
from greenroom.domain.moving.taking import Choice
from greenroom.drivers.kubernetes.export_folder import ExportFolder
from greenroom.drivers.kubernetes.objects import ClusterObjects
from greenroom.drivers.system.clock import SystemClock
from greenroom.services.moving.comparing import compare
from greenroom.services.moving.exporting import Wanted, export
from greenroom.services.moving.importing import NO_NODE, How, Imported, bring, quieted

Json = dict[str, Any]
EVERYTHING = Choice(secrets=True)


@pytest.fixture
def old() -> Iterator[ClusterObjects]:
    with serving(Server("v1.18.20", old_objects())) as cluster:
        yield cluster


@pytest.fixture
def new() -> Server:
    roles = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "shop-reader"},
    }
    return Server("v1.36.3", [roles], TODAY)


def taken(cluster: ClusterObjects, choice: Choice = EVERYTHING, **wanted: Any) -> Export:
    return export(cluster, SystemClock(), Wanted(**wanted) if wanted else Wanted(("shop",)), choice)


def brought(server: Server, made: Export, **how: Any) -> Imported:
    with serving(server) as cluster:
        return bring(cluster, made, How(**how), print)


def one(made: Export, kind: str, name: str) -> Json:
    (found,) = [o for o in made.objects if o["kind"] == kind and o["metadata"]["name"] == name]
    return found


def test_what_a_person_made_is_taken_and_all_else_is_told(old: ClusterObjects) -> None:
    made = taken(old)
    assert made.index.counts == {
        "ConfigMap": 1,
        "CronJob": 1,
        "Deployment": 1,
        "Endpoints": 1,
        "HorizontalPodAutoscaler": 1,
        "Ingress": 1,
        "Namespace": 1,
        "NetworkPolicy": 1,
        "PersistentVolumeClaim": 1,
        "PodDisruptionBudget": 2,
        "RoleBinding": 1,
        "Secret": 1,
        "Service": 2,
        "ServiceAccount": 1,
        "ServiceMonitor": 1,
    }
    left = {t.what: t.why for t in made.index.left_out}
    assert left["shop/ReplicaSet (1)"] == left["shop/Pod (1)"] == "made by the objects that own them"
    assert left["shop/Endpoints/web"] == "made from its Service"
    assert left["shop/RoleBinding/rb-x7k2p"] == "made by Rancher for a project or its members"
    assert left["shop/Secret/shop-token-9qq1z"] == "a token of the old cluster"
    assert left["shop/App/something"] == "Rancher's own"
    assert "it would run again" in left["shop/Job/migrate-41"]
    assert "the level privileged fits; it allows privileged" in left["PodSecurityPolicy/default-psp"]
    assert left["PodSecurityPolicy/restricted"].endswith("the level restricted fits")
    whole = {
        (o["kind"], o["metadata"]["name"]) for o in old_objects() if o["metadata"].get("namespace") == "shop"
    }
    known = {(o["kind"], o["metadata"]["name"]) for o in made.objects} | {
        tuple(t.what.split("/")[1:]) for t in made.index.left_out if t.what.count("/") == 2
    }
    assert whole - known == {("Pod", "web-5d9c7b8f6d-abcde"), ("ReplicaSet", "web-5d9c7b8f6d")}, (
        "nothing is dropped silently"
    )


def test_nothing_of_the_server_or_of_rancher_goes_along(old: ClusterObjects) -> None:
    made = taken(old)
    text = json.dumps([o for o in made.objects if o["kind"] != "Deployment"])
    for word in (
        "uid",
        "resourceVersion",
        "selfLink",
        "creationTimestamp",
        "field.cattle.io",
        "31080",
        "10.43",
        '"status"',
    ):
        assert word not in text, word
    web = one(made, "Deployment", "web")
    assert "annotations" not in web["metadata"]
    assert "annotations" not in web["spec"]["template"]["metadata"]
    assert web["spec"]["selector"]["matchLabels"] == web["spec"]["template"]["metadata"]["labels"]
    assert one(made, "Namespace", "shop")["metadata"] == {
        "name": "shop",
        "annotations": {"example.org/owner": "shop-team"},
        "labels": {"team": "shop"},
    }
    assert "secrets" not in one(made, "ServiceAccount", "shop")
    assert one(made, "Service", "db")["spec"]["clusterIP"] == "None"
    kept = taken(old, Choice(node_ports=True))
    assert one(kept, "Service", "web")["spec"]["ports"][0]["nodePort"] == 31080


def test_volumes_secrets_and_what_lies_above_are_listed(old: ClusterObjects) -> None:
    index = taken(old, Choice()).index
    (volume,) = index.volumes
    assert (volume.size, volume.storage_class, volume.reclaim) == ("20Gi", "local-path", "Delete")
    assert (volume.node, volume.kind, volume.path) == (
        "node-2",
        "hostPath",
        "/opt/local-path-provisioner/pvc-77",
    )
    assert [(s.what, s.keys) for s in index.secrets] == [("shop/Secret/database", ("password", "user"))]
    assert index.needs == {
        "ClusterRole": ("shop-reader",),
        "CustomResourceDefinition": ("ServiceMonitor (monitoring.coreos.com/v1)",),
        "PriorityClass": ("customers-first",),
        "StorageClass": ("local-path",),
    }
    assert index.levels == {"shop": "baseline"}
    text = render.exported(index, Path("out"))
    assert "hunter2" not in text + json.dumps(index.to_json())
    assert "hostPath node-2 /opt/local-path-provisioner/pvc-77" in text


def test_a_namespace_is_chosen(old: ClusterObjects) -> None:
    assert taken(old, all=True).index.namespaces == ("shop",)
    assert taken(old, mine={"shop", "elsewhere"}).index.namespaces == ("shop",)
    for wanted in (Wanted(("shop", "nowhere")), Wanted(mine={"elsewhere"})):
        with pytest.raises(GreenroomError) as error:
            export(old, SystemClock(), wanted, EVERYTHING)
        assert (error.value.code, error.value.exit) == ("no-namespace", Exit.USAGE)


def test_it_is_made_on_a_cluster_of_today_and_is_the_same_there(
    old: ClusterObjects, new: Server, tmp_path: Path
) -> None:
    folder = ExportFolder(tmp_path / "out")
    folder.write(taken(old))
    kept = folder.read()
    made = brought(new, kept)
    assert [t.what for t in made.refused] == ["shop/ServiceMonitor/web"]
    assert {t.what for t in made.absent} == {
        "CustomResourceDefinition/ServiceMonitor (monitoring.coreos.com/v1)",
        *("PriorityClass/customers-first", "StorageClass/local-path"),
    }
    assert made.applied[0] == "Namespace/shop"
    assert made.applied[-1] == "shop/Ingress/web"
    with serving(new) as there:
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
        assert (found.only_here, found.only_there, found.differing) == (("shop/ServiceMonitor/web",), (), ())
        new.there["v1", "configmaps", "shop", "settings"]["data"]["THEME"] = "summer"
        new.there["v1", "secrets", "shop", "database"]["data"]["password"] = "b3RoZXI="
        del new.there["v1", "services", "shop", "db"]
        found = compare(
            lambda choice: taken(old, choice), lambda choice: taken(there, choice), {}, EVERYTHING
        )
    assert found.only_here == ("shop/Service/db", "shop/ServiceMonitor/web")
    assert [(d.what, d.field) for d in found.differing] == [
        ("shop/ConfigMap/settings", "data.THEME"),
        ("shop/Secret/database", "data.password"),
    ]
    text = render.compared(found)
    assert 'data.THEME: "winter" here, "summer" there' in text
    assert "b3RoZXI" not in text + json.dumps(render.compared_json(found))


def test_without_values_secrets_are_compared_by_their_keys(old: ClusterObjects, new: Server) -> None:
    brought(new, taken(old))
    kept = taken(old, Choice())
    with serving(new) as there:
        new.there["v1", "secrets", "shop", "database"]["data"]["password"] = "b3RoZXI="
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
        assert found.only_here == ("shop/ServiceMonitor/web",)
        assert found.differing == ()
        new.there["v1", "secrets", "shop", "database"]["data"] = {"user": "c2hvcA=="}
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
    assert {(d.what, d.field) for d in found.differing} == {
        ("shop/Secret/database", "keys[0]"),
        ("shop/Secret/database", "keys[1]"),
    }


def test_helms_records_go_along_when_asked_for_and_are_not_compared(old: ClusterObjects, new: Server) -> None:
    kept = taken(old, Choice(secrets=True, helm=True))
    assert one(kept, "Secret", "sh.helm.release.v1.shop.v3")["data"] == {"release": "SDRzSQ=="}
    brought(new, kept)
    assert ("v1", "secrets", "shop", "sh.helm.release.v1.shop.v3") in new.there
    with serving(new) as there:
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
    assert (found.only_here, found.differing) == (("shop/ServiceMonitor/web",), ())


def test_under_another_name_bindings_follow_and_addresses_are_told(old: ClusterObjects, new: Server) -> None:
    kept = taken(old)
    made = brought(new, kept, into={"shop": "bazaar"})
    binding = new.there["rbac.authorization.k8s.io/v1", "rolebindings", "bazaar", "shop"]
    assert binding["subjects"][0]["namespace"] == "bazaar"
    assert [t.what for t in made.notes] == ["shop/Deployment/web"]
    assert "names .shop.svc" in made.notes[0].why
    with serving(new) as there:
        found = compare(
            lambda _: kept,
            lambda choice: taken(there, choice, named=("bazaar",)),
            {"shop": "bazaar"},
            EVERYTHING,
        )
    assert found.only_here == ("bazaar/ServiceMonitor/web",)
    assert (found.only_there, found.differing) == ((), ())
    with pytest.raises(GreenroomError, match="has no namespace market"):
        brought(new, kept, into={"market": "bazaar"})


def test_a_quiet_start_runs_nothing_until_it_is_imported_again(old: ClusterObjects, new: Server) -> None:
    kept = taken(old)
    brought(new, kept, quiet=True)
    web = new.there["apps/v1", "deployments", "shop", "web"]
    cron = new.there["batch/v1", "cronjobs", "shop", "cleanup"]
    assert (web["spec"]["replicas"], web["metadata"]["annotations"]["greenroom.dev/replicas"]) == (0, "3")
    assert cron["spec"]["suspend"] is True
    with serving(new) as there:
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
    assert {(d.what, d.field) for d in found.differing} == {
        ("shop/Deployment/web", "spec.replicas"),
        ("shop/CronJob/cleanup", "spec.suspend"),
    }
    brought(new, kept)
    assert new.there["apps/v1", "deployments", "shop", "web"]["spec"]["replicas"] == 3
    assert new.there["batch/v1", "cronjobs", "shop", "cleanup"]["spec"]["suspend"] is False


def test_a_daemonset_that_is_quiet_asks_for_a_node_that_is_not_there() -> None:
    pod = {"nodeSelector": {"disk": "ssd"}, "containers": []}
    found = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "logs"}}
    found["spec"] = {"template": {"spec": pod}}
    made = quieted(found)
    assert made["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "ssd", NO_NODE: "true"}
    assert pod["nodeSelector"] == {"disk": "ssd"}


@pytest.mark.parametrize(("owner", "there"), [("StatefulSet", True), ("Pod", False)])
def test_a_claim_that_goes_with_its_statefulset_comes_along(owner: str, there: bool) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {}}
    owners = [{"apiVersion": "v1", "kind": owner, "name": "db", "uid": "1"}]
    claim["metadata"] = {"name": "data-db-0", "namespace": "shop", "ownerReferences": owners}
    with serving(Server("v1.18.20", [*old_objects(), claim])) as cluster:
        made = taken(cluster)
    found = [o for o in made.objects if o["metadata"]["name"] == "data-db-0"]
    assert bool(found) == there
    assert all("ownerReferences" not in o["metadata"] for o in found)


def test_a_dry_run_changes_nothing_and_what_is_refused_does_not_end_an_import(
    old: ClusterObjects, new: Server
) -> None:
    kept, before = taken(old), dict(new.there)
    made = brought(new, kept, dry_run=True)
    assert new.there == before
    assert new.dry == 1, "the namespace; in one that is not there the server cannot be asked"
    assert {t.why for t in made.notes} == {"not tried: its namespace is not there yet"}
    new.refuse.add("settings")
    made = brought(new, kept)
    assert {t.what for t in made.refused} == {"shop/ConfigMap/settings", "shop/ServiceMonitor/web"}
    assert "settings is invalid" in render.imported(made, dry_run=False)
    assert ("apps/v1", "deployments", "shop", "web") in new.there
    new.refuse.clear()
    assert [t.what for t in brought(new, kept).refused] == ["shop/ServiceMonitor/web"]


def test_the_folder_is_whole_or_is_none(old: ClusterObjects, tmp_path: Path) -> None:
    place = tmp_path / "out"
    folder = ExportFolder(place)
    with pytest.raises(GreenroomError, match="holds no export"):
        folder.read()
    made = taken(old)
    names = folder.write(made)
    assert "shop/ingress-web.yaml" in names
    assert (place / "shop" / "secret-database.yaml").stat().st_mode & 0o777 == 0o600
    assert folder.read() == Export(
        sorted(made.objects, key=lambda o: names[made.objects.index(o)]), made.index
    )
    folder.write(taken(old, Choice()))
    assert not (place / "shop" / "secret-database.yaml").exists()
    (place / "index.json").write_text('{"whole": false}')
    with pytest.raises(GreenroomError, match="is not whole"):
        folder.read()
    folder.write(made)
    (place / "shop" / "configmap-settings.yaml").write_text("a: [")
    with pytest.raises(GreenroomError, match=r"configmap-settings\.yaml cannot be read"):
        folder.read()
    (place / "mine.txt").write_text("")
    with pytest.raises(GreenroomError, match="holds something else"):
        folder.write(made)


@pytest.mark.parametrize("until", [0, 1, 5, 15])
def test_an_import_that_was_killed_is_run_again(old: ClusterObjects, new: Server, until: int) -> None:
    class Killed(BaseException):
        """As by SIGKILL."""

    class Dying(ClusterObjects):
        left = until

        def apply(self, found: Json, dry_run: bool) -> None:
            if not self.left:
                raise Killed
            self.left -= 1
            super().apply(found, dry_run)

    kept = taken(old)
    with serving(new) as there:
        dying = Dying(there._api)
        with pytest.raises(Killed):
            bring(dying, kept, How(), print)
    brought(new, kept)
    with serving(new) as there:
        found = compare(lambda _: kept, lambda choice: taken(there, choice), {}, EVERYTHING)
    assert (found.only_here, found.only_there, found.differing) == (("shop/ServiceMonitor/web",), (), ())
