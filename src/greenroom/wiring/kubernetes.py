"""A cluster as the place where an environment runs. Built lazily, piece by piece."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.domain.cluster import SwitchMode
from greenroom.domain.environment import Access, Environment
from greenroom.domain.release import Release
from greenroom.domain.roles import web_of
from greenroom.drivers.charts.folder import packaged
from greenroom.drivers.kubernetes.access import AccessSecret
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.database_server import DatabaseServer
from greenroom.drivers.kubernetes.helm import Helm
from greenroom.drivers.kubernetes.kubeconfig import cluster_of, kubeconfigs
from greenroom.drivers.kubernetes.lease import KubernetesLease
from greenroom.drivers.kubernetes.ledger import KubernetesLedger
from greenroom.drivers.kubernetes.logs import KubernetesLogs
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.platform import KubernetesPlatform
from greenroom.drivers.kubernetes.pods import Pods
from greenroom.drivers.kubernetes.records import KubernetesRecords
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.resting import Resting
from greenroom.drivers.kubernetes.route import LiveRoute
from greenroom.drivers.kubernetes.secrets import AppSecrets, given_secrets, own_secrets
from greenroom.drivers.kubernetes.service import LiveService
from greenroom.drivers.kubernetes.slots import Slots
from greenroom.drivers.kubernetes.standin import StandIn
from greenroom.drivers.kubernetes.store import Store
from greenroom.drivers.kubernetes.traffic import KubernetesTraffic, Reach
from greenroom.drivers.system.secret_box import GivenSecrets, SigningKeys
from greenroom.ports import Doors, Resource, Values
from greenroom.wiring.cluster_buckets import buckets_of
from greenroom.wiring.cluster_databases import database_of
from greenroom.wiring.cluster_size import most_replicas_of, quota_for, replicas_of, shape_of, size_of
from greenroom.wiring.holder import Holder
from greenroom.wiring.places import place_of

if TYPE_CHECKING:
    from greenroom.drivers.kubernetes.breaking import KubernetesBreaker
    from greenroom.drivers.kubernetes.jobs import KubernetesJobs
    from greenroom.drivers.kubernetes.older_files import OlderFiles
    from greenroom.drivers.kubernetes.releases import ClusterReleases
    from greenroom.drivers.load import Address
    from greenroom.wiring.cluster_images import ClusterImages
    from greenroom.wiring.project import Wiring


def cluster_records(wiring: Wiring) -> KubernetesRecords:
    """Records of the environments of a project's cluster."""
    return KubernetesRecords(_Ground(wiring).store)


class _Ground:
    """What every piece stands on: the API, names, and the control namespace."""

    def __init__(self, wiring: Wiring) -> None:
        project = wiring.project
        context = project.cluster.context
        self.api = Api(lambda: cluster_of(os.environ, context), wiring.clock, wiring.say)
        self.names = Names(project.name)
        self.store = Store(self.api, self.names)


class ClusterSite:
    """See :class:`greenroom.wiring.site.Site`."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        ground = _Ground(wiring)
        self._api, self._names, self._store = ground.api, ground.names, ground.store
        self._settings = wiring.project.cluster
        self._slots = Slots(self._store)
        self._pods = Pods(self._api, self._names)
        by_route = self._settings.switch is SwitchMode.ROUTE
        self._live = (LiveRoute if by_route else LiveService)(self._api, self._names)
        self._asker = Asker(self._api, self._names, self._pods, self._host)
        self._database = DatabaseServer(self._api, self._names, self._pods, wiring.clock)

    @cached_property
    def doors(self) -> Doors:
        """The cluster's doors."""
        from greenroom.drivers.kubernetes.inspecting import KubernetesInspector
        from greenroom.drivers.kubernetes.schema import KubernetesSchema
        from greenroom.drivers.kubernetes.stage import KubernetesStage

        wiring, clock = self._wiring, self._wiring.clock
        api, names = self._api, self._names
        jobs = self._jobs
        web = web_of(wiring.roles)
        standin = StandIn(api, names, self._slots, clock, _page)
        pieces = (self._slots, self._pods, self._live, standin, self._asker, clock, self._reach)
        overlap = self._settings.overlap if self._settings.switch is SwitchMode.OVERLAP else 0.0
        traffic = KubernetesTraffic(api, names, *pieces, overlap)
        stands = (self._slots, self._pods, self._asker, self._release, clock, size_of(wiring))
        stage = KubernetesStage(api, names, *stands, self.images, self._files)
        inspector = KubernetesInspector(
            self._asker,
            clock,
            web.processes * self.replicas,
            self._reach,
            wiring.builds.strays,
            lambda name: self._place(name).access is Access.PRIVATE,
        )
        return Doors(
            stage=stage,
            traffic=traffic,
            jobs=jobs,
            schema=KubernetesSchema(self._slots, self._asker, jobs, self._newest, self._values, wiring.say),
            ledger=self.ledger,
            clock=clock,
            builder=self._releases,
            inspector=inspector,
            records=wiring.records,
            resources=self._resources,
        )

    @cached_property
    def platform(self) -> KubernetesPlatform:
        """Namespaces, chart, rights."""
        place = self._wiring.place
        return KubernetesPlatform(self._api, self._names, self._store, self._helm, place, self._resting)

    @cached_property
    def _resting(self) -> Resting:
        pieces = (self._api, self._names, self._slots, self._live, self._release, self._database)
        return Resting(*pieces, self._wiring.clock, self._wiring.roles)

    @cached_property
    def ledger(self) -> KubernetesLedger:
        """The project's history, in the control namespace."""
        return KubernetesLedger(self._api, self._names, self._store, self._wiring.clock)

    @cached_property
    def logs(self) -> KubernetesLogs:
        """What the pods wrote."""
        return KubernetesLogs(self._api, self._names, self._pods)

    @cached_property
    def given(self) -> GivenSecrets:
        """Secrets that people gave."""
        return given_secrets(self._store)

    @property
    def keys(self) -> SigningKeys:
        """The key that the environment signs with."""
        return SigningKeys(own_secrets(self._store, self._wiring.environment))

    @property
    def breaker(self) -> KubernetesBreaker:
        """Kills pods."""
        from greenroom.drivers.kubernetes.breaking import KubernetesBreaker

        return KubernetesBreaker(self._api, self._names, self._slots, self._pods, self._live)

    @property
    def address(self) -> Address:
        """Where a load finds the edge."""
        from greenroom.drivers.load import Address

        edge, host = self._settings.edge, self._host(self._wiring.environment)
        ca = Path(edge.ca_file) if edge.ca_file else None
        shown = tuple((k.lower(), v) for k, v in self._door.headers(self._wiring.environment).items())
        return Address(host, edge.port, ca, edge.address or host, shown, known_roots=True)

    def url(self, environment: str) -> str:
        """The environment's public address."""
        port = self._settings.edge.port
        return f"https://{self._host(environment)}" + ("" if port == 443 else f":{port}")

    def lease(self, environment: str) -> KubernetesLease:
        """The lease of an environment."""
        clock, holder = self._wiring.clock, Holder(self._wiring.machine)
        pieces = (self._api, self._names, self._store)
        return KubernetesLease(*pieces, environment, clock, holder.identity, holder.is_dead)

    @cached_property
    def _helm(self) -> Helm:
        named = {"HELM_KUBECONTEXT": self._context} if self._context else {}
        return Helm(self._api, packaged(), {**os.environ, **named})

    @property
    def _context(self) -> str | None:
        """What other programs are told, so that they work on the same cluster; a pod's own has no contexts."""
        return self._settings.context if kubeconfigs(os.environ) else None

    @cached_property
    def _release(self) -> HelmRelease:
        return HelmRelease(
            self._api,
            self._names,
            self._helm,
            self._slots,
            self._live,
            self._database,
            self._settings,
            self._place,
        )

    @cached_property
    def _jobs(self) -> KubernetesJobs:
        from greenroom.drivers.kubernetes.jobs import KubernetesJobs

        clock, app = self._wiring.clock, self._wiring.project.app
        pieces = (self._api, self._names, self._release, clock, app, self.images.of)
        return KubernetesJobs(*pieces, os.environ, self._context)

    @cached_property
    def _files(self) -> OlderFiles:
        from greenroom.drivers.kubernetes.older_files import OlderFiles
        from greenroom.wiring.files import files_of, signed

        public = self._wiring.place.access is Access.PUBLIC
        files, app = files_of(self._wiring.builds), self._values if public else dict
        return OlderFiles(
            self._store, self._names, self._slots, self._jobs, signed, files, app, self._wiring.say
        )

    @cached_property
    def images(self) -> ClusterImages:
        """The images of its releases, in the registry."""
        from greenroom.wiring.cluster_images import ClusterImages

        return ClusterImages(self._wiring, self._store, self._slots)

    @property
    def _releases(self) -> ClusterReleases:
        return self.images.releases

    @cached_property
    def _resources(self) -> tuple[Resource, ...]:
        from greenroom.drivers.kubernetes.namespace import EnvironmentNamespace

        pieces = (self._api, self._names, self._slots, self._wiring.clock)
        space = EnvironmentNamespace(*pieces, lambda _environment: quota_for(self._wiring), self._resting.end)
        secrets = AppSecrets(self._store, self.url)
        stands = (self._api, self._names, self._store, self._database, self._release)
        database = database_of(self._wiring, *stands, self.most_replicas)
        buckets = buckets_of(self._wiring, self._store)
        held = self.images.resources
        return (secrets, space, self._door, database, *buckets, *held, self._files)

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self._settings.edge, self._host, self._door.headers)

    @cached_property
    def _door(self) -> AccessSecret:
        return AccessSecret(self._api, self._names, self._store, self._place, self._wiring.say)

    @property
    def replicas(self) -> int:
        """Pods of a slot."""
        return replicas_of(self._wiring)

    @property
    def most_replicas(self) -> int:
        """Pods that an autoscaler may give a slot; where there is none, those that it has."""
        return most_replicas_of(self._wiring)

    @property
    def shape(self) -> str:
        """What a slot is made of besides its release and its app's values."""
        return shape_of(self._wiring)

    def _host(self, environment: str) -> str:
        return self._place(environment).host

    def _place(self, environment: str) -> Environment:
        if environment == self._wiring.environment:
            return self._wiring.place
        return place_of(environment, self._wiring.project.rules, self._wiring.records)

    def _newest(self) -> Release | None:
        releases = self._releases.releases()
        return releases[-1] if releases else None

    def _values(self) -> Values:
        return self._wiring.target.values()


def _page() -> str:
    """The maintenance page."""
    from greenroom.drivers.local.traffic import PAGE

    return PAGE.read_text(encoding="utf-8")
