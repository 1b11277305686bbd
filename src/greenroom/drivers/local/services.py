"""The platform's units: exactly how object store, database server and edge are run."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from greenroom.domain.errors import GreenroomError
from greenroom.domain.project import Project
from greenroom.drivers.local.edge_config import edge_config
from greenroom.drivers.local.edge_start import without_ears
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.platform import Service
from greenroom.drivers.local.public import PublicAddress
from greenroom.drivers.local.slot_units import own_python
from greenroom.drivers.local.units import Unit
from greenroom.drivers.system.files import write_whole
from greenroom.drivers.system.net import is_free
from greenroom.drivers.system.spawn import plain_environment

POSTGRES, STORE, EDGE, SIGN_IN = "postgres", "s3", "edge", "signin"

FIRST = 10
"""They start before any slot and stop after all of them."""

SIGN_IN_THREADS = 96
"""More than may wait for sleeping environments (``greenroom.signin.waking``): others must not wait behind them."""


class DatabaseServer(Protocol):
    """What is needed of a database server to run it."""

    @property
    def ready(self) -> str:
        """The address that answers."""

    def initialise(self, env: dict[str, str]) -> None:
        """Make its files."""

    def command(self) -> tuple[str, ...]:
        """How to run it."""


class ObjectStore(Protocol):
    """What is needed of an object store to run it."""

    @property
    def data(self) -> Path:
        """Its folder."""

    @property
    def ready(self) -> str:
        """The address that answers."""

    def prepare(self) -> None:
        """Make its files."""

    def command(self) -> tuple[str, ...]:
        """How to run it."""

    def environment(self, plain: Mapping[str, str]) -> dict[str, str]:
        """Its environment."""


def database_service(layout: Layout, server: DatabaseServer) -> Service:
    """PostgreSQL; SIGINT is its fast shutdown."""
    env = plain_environment()
    unit = Unit(
        name=POSTGRES,
        argv=server.command(),
        cwd=str(layout.root),
        env=env,
        order=FIRST,
        ready=server.ready,
        stop_signal=int(signal.SIGINT),
        stop_timeout=30.0,
    )
    return Service(unit, lambda: server.initialise(env))


def store_service(layout: Layout, store: ObjectStore) -> Service:
    """The object store, in its own folder, where its security.toml is read."""
    del layout
    unit = Unit(
        name=STORE,
        argv=store.command(),
        cwd=str(store.data),
        env=store.environment(plain_environment()),
        order=FIRST,
        ready=store.ready,
        stop_timeout=15.0,
    )
    return Service(unit, store.prepare)


def sign_in_service(layout: Layout) -> Service:
    """The sign-in, in Greenroom's own interpreter. One process: what waits there, waits in its threads."""
    app = f"greenroom.signin.app:create_app({str(layout.short)!r})"
    limits = "--limit-request-line 8190 --limit-request-fields 200 --limit-request-field_size 16380"
    threads = f"--worker-class gthread --workers 1 --threads {SIGN_IN_THREADS} --graceful-timeout 5"
    gunicorn = (own_python(), "-m", "gunicorn", "--no-control-socket", "--bind", f"unix:{layout.sign_in}")
    argv = (*gunicorn, *threads.split(), *limits.split(), app)
    unit = Unit(
        name=SIGN_IN,
        argv=argv,
        cwd=str(layout.root),
        env={**plain_environment(), "PYTHONDONTWRITEBYTECODE": "1"},
        order=FIRST,
        ready=f"unix:{layout.sign_in}",
        stop_timeout=10.0,
    )
    return Service(unit, lambda: None)


def edge_service(
    layout: Layout, public: PublicAddress, project: Project, s3: str, caddy: str, sign_in: str
) -> Service:
    """The keeper with Caddy below it. The configuration's digest is part of the command: a change restarts it."""
    app, edge = project.app, project.edge
    config = edge_config(layout, public, project.name, app.static_url, edge.max_body, s3, sign_in)
    door = layout.short / "edge.sock"
    whole, first = (json.dumps(part, indent=1) for part in (config, without_ears(config, door)))
    digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
    file, start = (layout.root / "edge" / f"caddy-{name}.json" for name in (digest, f"{digest}-start"))

    def prepare() -> None:
        write_whole(file, whole)
        write_whole(start, first)

    def check() -> None:
        if not is_free(public.port, public.bind):
            raise _port_taken(public.port)

    keeper = (own_python(), "-m", "greenroom.drivers.local.keeper", public.bind, str(public.port))
    argv = (*keeper, str(public.http_port or 0), str(door), str(file), caddy, "run", "--config", str(start))
    env = {**plain_environment(), "XDG_DATA_HOME": str(layout.root), "XDG_CONFIG_HOME": str(layout.root)}
    unit = Unit(
        name=EDGE,
        argv=argv,
        cwd=str(layout.root),
        env=env,
        order=FIRST,
        ready=f"tcp:{public.port}",
        stop_timeout=45.0,
    )
    return Service(unit, prepare, check)


def _port_taken(port: int) -> GreenroomError:
    return GreenroomError(
        "port-taken",
        f"somebody else listens on port {port}, which this project uses",
        f"see who: ss -ltnp 'sport = :{port}'; or choose another: [edge] port in greenroom.toml",
    )
