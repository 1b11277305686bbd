"""The database of an environment on a cluster: which kind, and what each kind is made of."""

from __future__ import annotations

import secrets
from functools import cache, partial
from typing import TYPE_CHECKING

from greenroom.domain.budget import connection_budget
from greenroom.domain.databases import ADMIN_URL
from greenroom.domain.environment import DatabaseKind, Tier
from greenroom.drivers.kubernetes.chosen import Chosen
from greenroom.drivers.kubernetes.given_database import GivenDatabase
from greenroom.drivers.kubernetes.secrets import own_secrets
from greenroom.ports import Done, Resource

if TYPE_CHECKING:
    from greenroom.drivers.kubernetes.api import Api
    from greenroom.drivers.kubernetes.database_server import DatabaseServer
    from greenroom.drivers.kubernetes.names import Names
    from greenroom.drivers.kubernetes.release import HelmRelease
    from greenroom.drivers.kubernetes.store import Store
    from greenroom.drivers.postgres.shared import SharedDatabase
    from greenroom.wiring.project import Wiring


def database_of(
    wiring: Wiring,
    api: Api,
    names: Names,
    store: Store,
    server: DatabaseServer,
    helm: HelmRelease,
    replicas: int,
) -> Chosen[DatabaseKind]:
    """What the environment has. ``replicas``: pods that serve."""
    from greenroom.drivers.kubernetes.own_database import OwnDatabase
    from greenroom.drivers.postgres.scram import scram_verifier

    kinds: dict[DatabaseKind, Resource] = {
        DatabaseKind.SHARED: _shared(wiring, api, names, store, replicas),
        DatabaseKind.CHART: OwnDatabase(api, names, server, helm, wiring.clock, scram_verifier),
        DatabaseKind.EXTERNAL: GivenDatabase(lambda: wiring.keeping.values()),
    }
    ours = (DatabaseKind.SHARED, DatabaseKind.CHART)
    return Chosen("database", kinds, cache(lambda: wiring.keeping.database()), ours)


def _shared(wiring: Wiring, api: Api, names: Names, store: Store, replicas: int) -> SharedDatabase:
    """Asked by psql in a pod: the server is where pods reach it."""
    from greenroom.drivers.kubernetes.errands import FILES, Errands
    from greenroom.drivers.postgres.address import SERVICE
    from greenroom.drivers.postgres.shared import SharedDatabase
    from greenroom.drivers.postgres.shared_sql import PSQL

    project, place = wiring.project, wiring.place
    cluster = project.cluster
    errands = Errands(api, names, store, wiring.clock, cluster.pull_secret)

    def psql(environment: str, service: str, sql: str) -> Done:
        name = f"database-{environment}" if environment else f"databases-{secrets.token_hex(4)}"
        env = {"PGSERVICEFILE": f"{FILES}/service", "PGSERVICE": SERVICE}
        files = {"service": service, "script.sql": sql}
        argv = (*PSQL, f"{FILES}/script.sql")
        return errands.run(name, environment, cluster.database_image, argv, env, files)

    needed = connection_budget(place.roles(project.roles), project.database).needed * replicas
    limit = -1 if place.tier is Tier.PRODUCTION else needed
    box = partial(own_secrets, store)
    return SharedDatabase(
        project.name, lambda: wiring.keeping.own(ADMIN_URL), psql, box, limit, place.template
    )
