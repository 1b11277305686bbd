"""The doors of a real cluster for the contract suite: a small app in a small image, on whatever KUBECONFIG names."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom.domain.cluster import ClusterEdge, ClusterSettings, EdgeMode
from greenroom.domain.environment import PRODUCTION, Access, Environment, Tier
from greenroom.domain.inspected import Strays
from greenroom.domain.policy import Policy
from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.domain.roles import Role
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.breaking import KubernetesBreaker
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.inspecting import KubernetesInspector
from greenroom.drivers.kubernetes.jobs import KubernetesJobs
from greenroom.drivers.kubernetes.kubeconfig import cluster_of
from greenroom.drivers.kubernetes.lease import KubernetesLease
from greenroom.drivers.kubernetes.ledger import KubernetesLedger
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.namespace import EnvironmentNamespace
from greenroom.drivers.kubernetes.older_files import OlderFiles
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.size import Size
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.stage import KubernetesStage
from greenroom.drivers.kubernetes.standin import StandIn
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.kubernetes.traffic import KubernetesTraffic, Reach
from greenroom.drivers.kubernetes.values import Images
from greenroom.drivers.system.clock import SystemClock

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "src" / "greenroom" / "drivers" / "local" / "server"
PYTHON = "docker.io/library/python:3.11-slim-bookworm"
NGINX = "docker.io/nginxinc/nginx-unprivileged:stable"
BUILDAH = {
    **os.environ,
    "BUILDAH_ISOLATION": "chroot",
    "STORAGE_DRIVER": os.environ.get("STORAGE_DRIVER", "vfs"),
}


def missing() -> str:
    """What the tests against a cluster lack here; an empty text when they can run."""
    if not os.environ.get("KUBECONFIG"):
        return "there is no cluster: set KUBECONFIG to a disposable one (kind, k3d)"
    if not os.environ.get("GREENROOM_TEST_REGISTRY"):
        return "set GREENROOM_TEST_REGISTRY to a registry (host:port, plain HTTP) that this machine and the nodes reach"
    lacking = [name for name in ("helm", "kubectl", "buildah") if shutil.which(name) is None]
    return f"these programs are missing: {', '.join(lacking)}" if lacking else ""


def require() -> None:
    """Skip the test where there is no cluster."""
    if why := missing():
        pytest.skip(why)


def buildah(*arguments: str | Path) -> str:
    """Run it; its standard output."""
    done = subprocess.run(
        ["buildah", *map(str, arguments)], env=BUILDAH, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (arguments, done.stderr[-2000:])
    return done.stdout.strip()


def push(container: str, name: str) -> str:
    """Commit a working container, push it, and return its reference by digest."""
    image = f"{os.environ['GREENROOM_TEST_REGISTRY']}/{name}"
    buildah("commit", "-q", "--rm", "--timestamp", "0", container, image)
    digest = ROOT / "build" / f"{name.replace('/', '-').replace(':', '-')}.digest"
    digest.parent.mkdir(exist_ok=True)
    buildah("push", "-q", "--tls-verify=false", "--digestfile", digest, image)
    return f"{image.partition(':latest')[0]}@{digest.read_text().strip()}"


def small_images(wsgi: str, gunicorn: str, folder: Path) -> Images:
    """An app image with gunicorn alone, and one with nginx alone."""
    (folder / "src").mkdir()
    (folder / "src" / "wsgi.py").write_text(wsgi)
    (folder / "manifest.json").write_text("{}")
    app = buildah("from", "--pull-never", PYTHON)
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    buildah("run", app, "python3", "-m", "venv", "/venv")
    buildah("run", "-v", certificates, *index(), app, "/venv/bin/pip", "install", "-q", gunicorn)
    for source, target in (
        (folder / "src", "/app/src"),
        (SERVER, "/app/server"),
        (folder / "manifest.json", "/app/"),
    ):
        buildah("copy", "-q", app, source, target)
    buildah(
        "config", "--env", "PATH=/venv/bin:/usr/bin:/bin", "--workingdir", "/app/src", "--user", "10001", app
    )
    static = buildah("from", "--pull-never", NGINX)
    buildah("run", "--user", "0", static, "mkdir", "-p", "/static")
    return Images(push(app, "contract/app"), push(static, "contract/static"))


def index() -> tuple[str, ...]:
    """Options of a build for where this machine's own pip looks; a build knows nothing of its configuration."""
    asked = [os.environ.get("PIP", "pip"), "config", "get", "global.index-url"]
    try:
        known = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        known = ""
    told = os.environ.get("PIP_INDEX_URL") or known
    return ("-e", f"PIP_INDEX_URL={told}") if told else ()


@dataclass
class Cluster:
    """The pieces of one project's environment on the cluster."""

    api: Api
    names: Names
    store: Store
    slots: Slots
    space: EnvironmentNamespace
    stage: KubernetesStage
    traffic: KubernetesTraffic
    jobs: KubernetesJobs
    ledger: KubernetesLedger
    lease: KubernetesLease
    inspector: KubernetesInspector
    breaker: KubernetesBreaker
    helm: HelmRelease
    live: LiveService


def pieces(
    project: str,
    images: Images,
    roles: tuple[Role, ...],
    policy: Policy,
    host: str = "",
    access: Access = Access.PUBLIC,
) -> Cluster:
    """Put together as the wiring does, for an app that needs no database."""
    clock = SystemClock()
    api = Api(lambda: cluster_of(os.environ), clock, print)
    names = Names(project)
    store = Store(api, names)
    settings = ClusterSettings(edge=ClusterEdge(mode=EdgeMode.NONE))
    place = Environment(PRODUCTION, Tier.PRODUCTION, host, access=access)
    slots, pods, live = Slots(store), Pods(api, names), LiveService(api, names)
    database = DatabaseServer(api, names, pods, clock)
    asker = Asker(api, names, pods, lambda _: "shop.localhost")
    chart = Helm(api, ROOT / "deploy" / "chart", os.environ)
    helm = HelmRelease(api, names, chart, slots, live, database, settings, lambda _: place)
    reach = Reach(settings.edge, lambda _: host, lambda _: {})
    standin = StandIn(api, names, slots, clock, lambda: "<html><head></head><body>soon</body></html>")
    app = App("wsgi:app")

    def pushed(_release: Release) -> Images:
        return images

    size = Size(app, roles, policy, 1)
    jobs = KubernetesJobs(api, names, helm, clock, app, pushed, os.environ)
    older = OlderFiles(store, names, slots, jobs, lambda *_: [], lambda _: None, dict, print)
    return Cluster(
        api,
        names,
        store,
        slots,
        EnvironmentNamespace(api, names, slots, clock),
        KubernetesStage(api, names, slots, pods, asker, helm, clock, size, _Pushed(images), older),
        KubernetesTraffic(api, names, slots, pods, live, standin, asker, clock, reach),
        jobs,
        KubernetesLedger(api, names, store, clock),
        KubernetesLease(api, names, store, PRODUCTION, clock, f"test/{os.getpid()}", lambda _: False),
        KubernetesInspector(asker, clock, 2, reach, lambda _: Strays(), lambda _: False),
        KubernetesBreaker(api, names, slots, pods, live),
        helm,
        live,
    )


@dataclass(frozen=True, slots=True)
class _Pushed:
    """Images that are there and that nobody takes away."""

    images: Images

    def bring(self, _environment: str, _release: Release) -> Images:
        return self.images

    def keep(self, environment: str, releases: Collection[str]) -> None:
        """Nobody lets them go."""


@contextmanager
def environment(cluster: Cluster) -> Iterator[Cluster]:
    """Its namespace, and nothing left of the project afterwards."""
    cluster.space.ensure(PRODUCTION)
    try:
        yield cluster
    finally:
        cluster.space.remove(PRODUCTION)
        cluster.api.delete(f"/api/v1/namespaces/{cluster.names.control}")
        cluster.api.close()
