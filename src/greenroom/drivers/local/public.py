"""Under which names and port this project is reached: chosen once, then kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.domain.environment import Environment
from greenroom.domain.project import Edge
from greenroom.drivers.system.files import private_folder, read_json, write_json
from greenroom.drivers.system.net import free_port, is_free
from greenroom.drivers.system.shape import shaped

SERVICE_PORTS = ("s3", "master", "volume", "filer", "admin")
GRPC = 10_000
"""SeaweedFS listens for gRPC on each of its ports plus this."""


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """``hosts`` by environment; ``http_port`` only where port 80 is ours; ``services`` are ports on 127.0.0.1."""

    hosts: dict[str, str]
    port: int
    http_port: int | None
    bind: str
    services: dict[str, int]

    def host(self, environment: str) -> str:
        """The public host name of an environment."""
        return self.hosts[environment]

    def url(self, environment: str) -> str:
        """The public URL, without a slash at its end."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{self.hosts[environment]}{port}"

    @property
    def address(self) -> str:
        """Where this machine itself reaches the edge."""
        return "127.0.0.1" if self.bind in {"0.0.0.0", ""} else self.bind  # noqa: S104 - compared, not bound


def choose(root: Path, edge: Edge, environments: tuple[Environment, ...], user_state: Path) -> PublicAddress:
    """Read what was chosen before, choose what is new, and remember it in the state folder.

    A ``.localhost`` name that another checkout of this user has gets a suffix: cookies ignore ports.
    """
    file = root / "public.json"
    read = read_json(file)
    known = shaped(_Known, read, file) if read is not None else _Known()
    services = {**_service_ports(known.services), **known.services}
    port, http = known.port, known.http_port
    if edge.port:
        port, http = edge.port, None
    elif port is None:
        port, http = _edge_port(edge, set(services.values()))
    hosts = {e.name: known.hosts.get(e.name) or _host(e, root, user_state) for e in environments}
    hosts |= {e.name: e.host for e in environments if not e.host.endswith(".localhost")}
    fresh = {"services": services, "port": port, "http_port": http, "hosts": hosts}
    if fresh != read:
        write_json(file, fresh)
    return PublicAddress(hosts, port, http, edge.bind, services)


@dataclass(frozen=True, slots=True)
class _Known:
    """``public.json``: what was chosen before."""

    services: dict[str, int] = field(default_factory=dict)
    port: int | None = None
    http_port: int | None = None
    hosts: dict[str, str] = field(default_factory=dict)


def _edge_port(edge: Edge, taken: set[int]) -> tuple[int, int | None]:
    if edge.port is None and is_free(443, edge.bind):
        return 443, 80 if is_free(80, edge.bind) else None
    return free_port(taken, edge.bind), None


def _service_ports(known: dict[str, int]) -> dict[str, int]:
    chosen = dict(known)
    for name in SERVICE_PORTS:
        if name in known:
            continue
        taken = {p + d for p in chosen.values() for d in (0, GRPC)}
        chosen[name] = free_port(taken, also=GRPC)
    return chosen


def _host(environment: Environment, root: Path, user_state: Path) -> str:
    """Claim the name for this checkout, or take one with four hex digits of the checkout's path."""
    if not environment.host.endswith(".localhost"):
        return environment.host
    registry = private_folder(user_state) / "hosts.json"
    claims: dict[str, str] = {h: c for h, c in (read_json(registry) or {}).items() if Path(c).is_dir()}
    host = environment.host
    if claims.get(host, str(root)) != str(root):
        key = hashlib.sha256(str(root).encode()).hexdigest()[:4]
        host = f"{host.removesuffix('.localhost')}-{key}.localhost"
    claims[host] = str(root)
    write_json(registry, claims)
    return host
