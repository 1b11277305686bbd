"""Under which names and port this project is reached: chosen once, then kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from greenroom.domain.environment import PRODUCTION, Environment
from greenroom.domain.project import Edge
from greenroom.domain.rules import Rule
from greenroom.drivers.system.files import private_folder, read_json, write_json
from greenroom.drivers.system.net import free_port, is_free
from greenroom.drivers.system.shape import shaped

SERVICE_PORTS = ("s3", "master", "volume", "filer", "admin")
GRPC = 10_000
"""SeaweedFS listens for gRPC on each of its ports plus this."""


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """``hosts`` by environment; ``http_port`` only where port 80 is ours; ``services`` are ports on 127.0.0.1.

    ``domains``: below each of these the first label of a host is an environment's name. ``configured``: production's
    name as the project's file says it, in whose place its real one stands.
    """

    hosts: dict[str, str]
    port: int
    http_port: int | None
    bind: str
    services: dict[str, int]
    domains: tuple[str, ...] = ()
    configured: str = ""

    def host(self, environment: str) -> str:
        """The public host name of an environment."""
        return self.hosts[environment]

    def known(self, environment: Environment) -> PublicAddress:
        """The same, which also knows an environment that came after it was chosen."""
        if environment.name in self.hosts:
            return self
        host = _below(environment.host, self.configured, self.hosts[PRODUCTION])
        return replace(self, hosts={**self.hosts, environment.name: host})

    def url(self, environment: str) -> str:
        """The public URL, without a slash at its end."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{self.hosts[environment]}{port}"

    @property
    def address(self) -> str:
        """Where this machine itself reaches the edge."""
        return "127.0.0.1" if self.bind in {"0.0.0.0", ""} else self.bind  # noqa: S104 - compared, not bound


def choose(root: Path, edge: Edge, rules: tuple[Rule, ...], user_state: Path) -> PublicAddress:
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
    hosts = _hosts(rules, known.hosts, root, user_state)
    fresh = {"services": services, "port": port, "http_port": http, "hosts": hosts}
    if fresh != read:
        write_json(file, fresh)
    configured = next(r.like.host for r in rules if r.name == PRODUCTION)
    production = hosts[PRODUCTION]
    domains = {production, *(_below(r.domain, configured, production) for r in rules if r.per_branch)}
    return PublicAddress(hosts, port, http, edge.bind, services, tuple(sorted(domains)), configured)


def _hosts(rules: tuple[Rule, ...], known: dict[str, str], root: Path, user_state: Path) -> dict[str, str]:
    """The real name of every environment that is not a branch's own, production's first."""
    fixed = sorted(
        (r.environment(r.name) for r in rules if not r.per_branch), key=lambda e: e.name != PRODUCTION
    )
    hosts: dict[str, str] = {}
    for environment in fixed:
        name, host = environment.name, environment.host
        if hosts:
            host = _below(host, fixed[0].host, hosts[PRODUCTION])
        mine = host.endswith(".localhost") and not host.endswith(f".{hosts.get(PRODUCTION)}")
        hosts[name] = (known.get(name) or _claimed(host, root, user_state)) if mine else host
    return hosts


def _below(host: str, configured: str, real: str) -> str:
    """A host below production's, below the name that production really has."""
    if host == configured or host.endswith(f".{configured}"):
        return host.removesuffix(configured) + real
    return host


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


def _claimed(host: str, root: Path, user_state: Path) -> str:
    """Claim the name for this checkout, or take one with four hex digits of the checkout's path."""
    registry = private_folder(user_state) / "hosts.json"
    claims: dict[str, str] = {h: c for h, c in (read_json(registry) or {}).items() if Path(c).is_dir()}
    if claims.get(host, str(root)) != str(root):
        key = hashlib.sha256(str(root).encode()).hexdigest()[:4]
        host = f"{host.removesuffix('.localhost')}-{key}.localhost"
    claims[host] = str(root)
    write_json(registry, claims)
    return host
