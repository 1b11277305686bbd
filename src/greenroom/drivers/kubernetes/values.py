"""The chart's values: always complete, a pure function of the slots that there are and of what the public reaches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.domain.cluster import ClusterEdge, ClusterNetwork, ClusterSettings
from greenroom.domain.environment import Access, DatabaseKind, Environment
from greenroom.domain.roles import Role
from greenroom.domain.stage import Slot
from greenroom.drivers.kubernetes.cron import for_kubernetes
from greenroom.drivers.kubernetes.names import COLORS, NOBODY
from greenroom.drivers.kubernetes.size import Size, copies, seconds
from greenroom.drivers.kubernetes.slots import Placed

Json = dict[str, Any]

ASSETS = "assets"
DATABASE_SECRET = "greenroom-database"  # noqa: S105 - a name
"""In the namespace of an environment with a PostgreSQL of its own: its role's password, and what the server keeps of it."""

PRE_STOP_SECONDS = 5
"""A pod that ends answers for so long: until every proxy has heard of it (measured: endpoints reach it in 1 s)."""


@dataclass(frozen=True, slots=True)
class Images:
    """The two images of a release, by digest, and the Secrets with which a node may pull them."""

    app: str
    static: str
    pull_secrets: tuple[str, ...] = ()


def snapshot(slot: Slot, images: Images, secret: str, size: Size, assets: Mapping[str, str]) -> Json:
    """Everything that a colour is rendered from, frozen when its slot is launched. ``assets``: where its bucket's ``static`` and
    ``media`` are, if it has one."""
    web, policy = size.web, size.policy
    return {
        "enabled": True,
        "slot": slot.id,
        "release": slot.release,
        "image": images.app,
        "static": images.static,
        "pullSecrets": list(images.pull_secrets),
        "secrets": [secret],
        "web": {
            "replicas": size.replicas,
            "processes": web.processes,
            "threads": web.threads,
            "wsgi": size.app.wsgi,
            "stopTimeout": seconds(web.stop_timeout),
            "maxBody": str(size.max_body),
            "readTimeout": seconds(size.read_timeout),
            "resources": size.resources,
            **size.autoscale,
        },
        "roles": [_role(role) for role in size.background],
        "probes": {"ready": policy.probe_path, "live": policy.liveness_path},
        "drain": {"preStopSeconds": PRE_STOP_SECONDS, "graceSeconds": seconds(web.stop_timeout)},
        "staticUrl": size.app.static_url,
        ASSETS: dict(assets),
    }


def _role(role: Role) -> Json:
    return {
        "name": role.name,
        "kind": str(role.kind),
        "command": list(role.command),
        "replicas": copies(role),
        "schedule": for_kubernetes(role.schedule) if role.schedule else "",
        "stopTimeout": seconds(role.stop_timeout),
    }


def values(
    project: str,
    place: Environment,
    settings: ClusterSettings,
    there: Sequence[Placed],
    selected: str,
    verbatim: bool = True,
    database: int = 1,
) -> Json:
    """The whole values. ``selected``: the colour that the live Service selects now, which may be that of the maintenance page; ``verbatim``: with the manifests that were
    kept, which is False only to render one of them; ``database``: pods of the environment's own one, 0 while it rests."""
    kept = {p.color: p for p in there if not p.going and not p.resting}
    working = next((p.color for p in kept.values() if p.working), NOBODY)
    candidate = next((p.color for p in kept.values() if p.color != selected), NOBODY)
    return {
        "project": project,
        "environment": place.name,
        "strategy": "bluegreen",
        "traffic": {"active": selected, "preview": candidate, "switch": str(settings.switch)},
        "background": working,
        "colors": {color: _color(kept.get(color), verbatim) for color in COLORS},
        "assets": _assets(place, kept.values()),
        "edge": _edge(place, settings.edge),
        "access": _access(place, settings.edge),
        "database": _database(place, settings, database),
        "networkPolicy": _network(settings.network),
    }


def shape(project: str, place: Environment, settings: ClusterSettings, size: Size) -> str:
    """A digest (8 hex digits) of all that a slot and what stands around it are made of here, but for its release and its app's values:
    the door, the sizes, the edge. A slot of another shape is not what the project's file asks for."""
    around = values(project, place, settings, (), NOBODY)
    images = Images("", "", (settings.pull_secret,) if settings.pull_secret else ())
    whole = {**around, "slot": snapshot(Slot("", "", "", 0, "", 0.0), images, "", size, {})}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:8]


def _network(network: ClusterNetwork) -> Json:
    return {
        "enabled": network.policy,
        "edgeNamespaces": list(network.edge_namespaces),
        "monitoringNamespaces": list(network.monitoring_namespaces),
        "controlPlane": list(network.control_plane),
        "egress": [dict(rule) for rule in network.egress],
    }


def _database(place: Environment, settings: ClusterSettings, replicas: int) -> Json:
    if place.database is not DatabaseKind.CHART:
        return {"mode": "none"}
    pull = [settings.pull_secret] if settings.pull_secret else []
    return {
        "mode": "own",
        "replicas": replicas,
        "image": settings.database_image,
        "secret": DATABASE_SECRET,
        "pullSecrets": pull,
    }


def _color(placed: Placed | None, verbatim: bool) -> Json:
    if placed is None:
        return {"enabled": False}
    kept = {"manifest": placed.manifest, "backgroundManifest": placed.background} if verbatim else {}
    return {**{k: v for k, v in placed.snapshot.items() if k != ASSETS}, **kept}


def _assets(place: Environment, there: Iterable[Placed]) -> Json:
    """Where the bucket's own files lie, of what everybody may see. Of what is private nothing may be read without a key."""
    newest = max(there, key=lambda p: p.slot.number, default=None)
    told: Json = newest.snapshot.get(ASSETS, {}) if newest and place.access is Access.PUBLIC else {}
    return {"bucketUrl": told.get("static", ""), "mediaUrl": told.get("media", "")}


def _edge(place: Environment, edge: ClusterEdge) -> Json:
    where, _, gateway = edge.gateway.rpartition("/")
    return {
        "mode": str(edge.mode),
        "host": place.host,
        "gateway": {
            "name": gateway,
            "namespace": where,
            "section": edge.section,
            "httpSection": edge.http_section,
        },
        "className": edge.ingress_class,
        "tls": {"secret": edge.tls_secret, "issuer": edge.issuer},
        "annotations": dict(edge.annotations),
    }


def _access(place: Environment, edge: ClusterEdge) -> Json:
    if place.access is Access.PUBLIC:
        return {"mode": "public", "edgeRanges": list(edge.ranges)}
    sign_in = {"authUrl": edge.auth_url, "signInUrl": edge.sign_in_url} if edge.auth_url else {}
    return {
        "mode": "oidc" if sign_in else "basic",
        **sign_in,
        "htpasswdSecret": "greenroom-access",
        "allow": list(place.admitted.allow_ips),
        "edgeRanges": list(edge.ranges),
    }
