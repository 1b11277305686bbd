"""Moving on a real cluster: what the test made is exported, made under another name and after its end, and compared."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from greenroom.domain.moving.comparing import Comparison
from greenroom.domain.moving.export import Export
from greenroom.domain.moving.taking import Choice
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.export_folder import ExportFolder
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.objects import ClusterObjects
from greenroom.drivers.system.clock import SystemClock
from greenroom.services.moving.comparing import compare
from greenroom.services.moving.exporting import Wanted, export
from greenroom.services.moving.importing import How, bring

sys.path.insert(0, str(Path(__file__).parents[1] / "drivers" / "kubernetes"))

from small_server import Server, old_objects, serving

HERE = "greenroom-move-test"
THERE = f"{HERE}-there"
SECRETS = Choice(secrets=True)
END_SECONDS = 90.0

MADE = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {HERE}, labels: {{team: move}}, annotations: {{field.cattle.io/projectId: "c-1:p-2"}}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: app, namespace: {HERE}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: app, namespace: {HERE}}}
rules: [{{apiGroups: [""], resources: [configmaps], verbs: [get]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: app, namespace: {HERE}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: app}}
subjects: [{{kind: ServiceAccount, name: app, namespace: {HERE}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: {HERE}}}
data: {{THEME: winter}}
---
apiVersion: v1
kind: Secret
metadata: {{name: database, namespace: {HERE}}}
stringData: {{password: hunter2}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: uploads, namespace: {HERE}}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}, storageClassName: move-test-none}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: {HERE}}}
spec: {{selector: {{app: web}}, ports: [{{name: http, port: 80, targetPort: 8000}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: web-nodes, namespace: {HERE}}}
spec: {{type: NodePort, selector: {{app: web}}, ports: [{{name: http, port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: db, namespace: {HERE}}}
spec: {{clusterIP: None, selector: {{app: db}}, ports: [{{port: 5432}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {HERE}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      serviceAccountName: app
      containers:
      - {{name: web, image: "localhost/none:1", imagePullPolicy: Never, ports: [{{containerPort: 8000}}], env: [{{name: A, value: b}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: {HERE}}}
spec:
  serviceName: db
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: db, image: "localhost/none:1", imagePullPolicy: Never}}]}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], storageClassName: move-test-none, resources: {{requests: {{storage: 1Gi}}}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: cleanup, namespace: {HERE}}}
spec:
  schedule: 0 4 * * *
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: "localhost/none:1"}}]}}}}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: db, namespace: {HERE}}}
spec: {{maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: StatefulSet, name: db}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: web, namespace: {HERE}}}
spec: {{minAvailable: 1, selector: {{matchLabels: {{app: web}}}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: {HERE}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress], ingress: [{{}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: {HERE}}}
spec:
  ingressClassName: move-test-none
  rules: [{{host: move.example.test, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{name: http}}}}}}}}]}}}}]
"""


@pytest.fixture
def api() -> Iterator[Api]:
    """The cluster, without the test's namespaces before and after."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("there is no cluster: set KUBECONFIG to a disposable one (kind, k3d)")
    made = Api(lambda: cluster_of(os.environ), SystemClock(), print)
    gone(made, HERE, THERE)
    try:
        yield made
    finally:
        gone(made, HERE, THERE)
        made.close()


def gone(api: Api, *namespaces: str) -> None:
    """Delete namespaces and wait for their end."""
    for name in namespaces:
        api.delete(f"/api/v1/namespaces/{name}")
    until = time.monotonic() + END_SECONDS
    while any(api.get(f"/api/v1/namespaces/{name}") for name in namespaces):
        assert time.monotonic() < until, "a namespace does not end"
        time.sleep(0.5)


def taken(cluster: ClusterObjects, namespace: str, choice: Choice = SECRETS) -> Export:
    return export(cluster, SystemClock(), Wanted((namespace,)), choice)


def against(kept: Export, cluster: ClusterObjects, namespace: str) -> Comparison:
    into = {HERE: namespace, "shop": namespace}
    return compare(lambda _: kept, lambda choice: taken(cluster, namespace, choice), into, SECRETS)


def settled(cluster: ClusterObjects) -> None:
    """Until the Deployment has pods: what controllers make must be there to be left out."""
    until = time.monotonic() + 30
    while not any(o["kind"] == "Pod" for o in cluster.objects(HERE).objects):
        assert time.monotonic() < until, "the Deployment makes no pods"
        time.sleep(0.5)


def test_a_namespace_is_moved_and_is_the_same(api: Api, tmp_path: Path) -> None:
    cluster = ClusterObjects(api)
    for found in yaml.safe_load_all(MADE):
        cluster.apply(found, dry_run=False)
    settled(cluster)
    folder = ExportFolder(tmp_path / "out")
    folder.write(taken(cluster, HERE))
    kept = folder.read()
    names = {(o["kind"], o["metadata"]["name"]) for o in kept.objects}
    claim = ("PersistentVolumeClaim", "data-db-0")  # of the StatefulSet, and not its own: data outlives it
    assert names == {(o["kind"], o["metadata"]["name"]) for o in yaml.safe_load_all(MADE)} | {claim}
    left = {t.what for t in kept.index.left_out}
    assert {f"{HERE}/ConfigMap/kube-root-ca.crt", f"{HERE}/ServiceAccount/default"} <= left
    assert any(what.startswith(f"{HERE}/ReplicaSet (") for what in left)
    assert kept.index.needs == {"IngressClass": ("move-test-none",), "StorageClass": ("move-test-none",)}
    made = bring(cluster, kept, How(into={HERE: THERE}), print)
    assert made.refused == []
    assert {t.what for t in made.absent} == {"IngressClass/move-test-none", "StorageClass/move-test-none"}
    found = against(kept, cluster, THERE)
    assert (found.only_here, found.only_there, found.differing) == ((), (), ())
    assert found.same == len(kept.objects)
    api.patch(f"/api/v1/namespaces/{THERE}/configmaps/settings", {"data": {"THEME": "summer"}})
    api.delete(f"/apis/batch/v1/namespaces/{THERE}/cronjobs/cleanup")
    found = against(kept, cluster, THERE)
    assert [(d.field, d.here, d.there) for d in found.differing] == [("data.THEME", "winter", "summer")]
    assert (found.only_here, found.only_there) == ((f"{THERE}/CronJob/cleanup",), ())


def test_after_its_end_it_is_made_anew_quietly_and_then_awake(api: Api) -> None:
    cluster = ClusterObjects(api)
    for found in yaml.safe_load_all(MADE):
        cluster.apply(found, dry_run=False)
    settled(cluster)
    kept = taken(cluster, HERE)
    asked = bring(cluster, kept, How(dry_run=True), print)
    assert (asked.refused, asked.notes) == ([], [])
    gone(api, HERE)
    assert bring(cluster, kept, How(quiet=True), print).refused == []
    deployment = f"/apis/apps/v1/namespaces/{HERE}/deployments/web"
    assert (api.get(deployment) or {})["spec"]["replicas"] == 0
    assert {d.field for d in against(kept, cluster, HERE).differing} == {"spec.replicas", "spec.suspend"}
    assert bring(cluster, kept, How(), print).refused == []
    assert (api.get(deployment) or {})["spec"]["replicas"] == 2
    found = against(kept, cluster, HERE)
    assert (found.only_here, found.only_there, found.differing) == ((), (), ())


def test_objects_of_1_18_are_taken_by_a_cluster_of_today(api: Api) -> None:
    """The conversions, judged by a real API server, and the comparison across 18 versions."""
    bare = [o for o in old_objects() if o["kind"] != "ServiceMonitor"]
    with serving(Server("v1.18.20", bare)) as old:
        kept = export(old, SystemClock(), Wanted(("shop",)), SECRETS)
    cluster = ClusterObjects(api)
    made = bring(cluster, kept, How(into={"shop": THERE}), print)
    assert made.refused == []
    found = against(kept, cluster, THERE)
    assert (found.only_here, found.only_there, found.differing) == ((), (), ())
