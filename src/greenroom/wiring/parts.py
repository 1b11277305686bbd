"""The parts of the local platform, from what the project's file says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from greenroom.domain.project import Project
from greenroom.domain.secret import Secret
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.platform import Service
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.services import (
    database_service,
    edge_service,
    sign_in_service,
    store_service,
)
from greenroom.drivers.postgres.server import EmbeddedPostgres
from greenroom.drivers.s3.server import EmbeddedS3, find


def platform_services(
    layout: Layout,
    public: PublicAddress,
    project: Project,
    secret: Callable[[str], Secret],
    buckets: str,
    sign_in: str,
) -> Sequence[Service]:
    """Object store (unless there is another), sign-in, edge and database server, in the order of their preparation.

    ``buckets``: the store's address and what buckets begin with. ``sign_in``: the host that signs people in.
    """
    store = EmbeddedS3(layout.root / "s3", public.services, secret("S3_ADMIN_SECRET"), secret("S3_JWT"))
    postgres = EmbeddedPostgres(
        layout.root / "postgres",
        layout.short / "pg",
        partial(secret, "POSTGRES_PASSWORD"),
        project.database.max_connections,
    )
    edge = edge_service(layout, public, project, buckets, find("caddy", "local"), sign_in)
    own = () if project.s3.endpoint else (store_service(layout, store),)
    return (*own, sign_in_service(layout), edge, database_service(layout, postgres))
