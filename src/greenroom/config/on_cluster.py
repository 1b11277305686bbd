"""What a cluster would refuse, or leave out without a word: refused here, before anything is built or migrated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from greenroom.config.mistakes import Mistake, shown
from greenroom.domain.cluster import ClusterSettings
from greenroom.domain.quantity import quantity

Raw = Mapping[str, Any]

PROBED = re.compile(r"/[-A-Za-z0-9._~/]*")
"""A path that nginx in the pods can keep from the public: without a query."""

TAKEN = ("job", "migrate", "static", "test")
"""What Greenroom's own pods, and the containers beside the app, are called."""

ASLEEP = (
    '"sleep_after" belongs to target = "local": on a cluster no request wakes an environment, so there '
    "greenroom env sleep and env wake do it by hand"
)
NOBODY = (
    'belongs to target = "local": on a cluster whoever has the password may come in; who signs in besides is for the '
    "service of [kubernetes.edge] auth_url to say"
)
BESIDE = (
    '"allow_ips" does not count beside [kubernetes.edge] auth_url, which is asked about everybody: '
    "let that service know the addresses, or take one of the two away"
)
NO_RANGES = (
    '"allow_ips" needs [kubernetes.edge] ranges: without it every visitor comes from the edge\'s own address; '
    "set it to the addresses of the edge's pods"
)


def on_cluster(raw: Raw, background: Iterable[str]) -> Iterator[Mistake]:
    """Mistakes in [kubernetes], and what environments with target = "kubernetes" forbid elsewhere. ``background``: the names of workers
    and cron roles."""
    cluster = _table(raw, "kubernetes")
    edge = _table(cluster, "edge")
    yield from _cluster(cluster, edge)
    listed = raw.get("environments")
    every = enumerate(listed if isinstance(listed, list) else ())
    here = [(n, t) for n, t in every if isinstance(t, dict) and t.get("target") == "kubernetes"]
    for number, table in here:
        for key, text in (*_environment(table), *_addresses(table, edge)):
            yield Mistake(("environments", number, key), text)
    if here:
        yield from _gateway(edge)
        yield from _probed(_table(raw, "policy"))
        yield from _roles(background, any(t.get("database") == "chart" for _, t in here))


def _environment(table: Raw) -> Iterator[tuple[str, str]]:
    if "sleep_after" in table:
        yield "sleep_after", ASLEEP
    for key in ("users", "groups", "emails"):
        if table.get(key):
            yield key, f'"{key}" {NOBODY}'


def _addresses(table: Raw, edge: Raw) -> Iterator[tuple[str, str]]:
    if not table.get("allow_ips"):
        return
    if edge.get("auth_url"):
        yield "allow_ips", BESIDE
    elif not edge.get("ranges"):
        yield "allow_ips", NO_RANGES


def _cluster(table: Raw, edge: Raw) -> Iterator[Mistake]:
    if table.get("switch") == "route" and edge.get("mode", "gateway") != "gateway":
        yield Mistake(
            ("kubernetes", "switch"),
            f'"route" needs a Gateway; [kubernetes.edge] mode is {shown(edge["mode"])}',
        )
    if bool(edge.get("auth_url")) != bool(edge.get("sign_in_url")):
        missing = "sign_in_url" if edge.get("auth_url") else "auth_url"
        yield Mistake(
            ("kubernetes", "edge"),
            f'"auth_url" and "sign_in_url" belong together; {shown(missing)} is missing',
        )
    most, fewest = table.get("max_replicas"), table.get("replicas", ClusterSettings().replicas)
    if isinstance(most, int) and isinstance(fewest, int) and most < fewest:
        yield Mistake(("kubernetes", "max_replicas"), '"max_replicas" must not be smaller than "replicas"')
    yield from _sizes(_table(table, "requests"), _table(table, "limits"))
    if edge.get("http_section") and edge.get("section") in (None, "", edge["http_section"]):
        yield Mistake(
            ("kubernetes", "edge", "http_section"),
            '"http_section" needs "section", and another listener there: all that comes to it is sent to https',
        )


def _gateway(edge: Raw) -> Iterator[Mistake]:
    if edge.get("mode", "gateway") != "gateway" or edge.get("gateway"):
        return
    if not (edge.get("tls_secret") or edge.get("issuer")):
        yield Mistake(
            ("kubernetes", "edge", "gateway"),
            '"gateway" is missing: an environment with target = "kubernetes" needs a Gateway that is there, a certificate for one '
            'of its own (tls_secret or issuer), or mode = "ingress" or "none"',
        )


def _sizes(requests: Raw, limits: Raw) -> Iterator[Mistake]:
    for name in sorted(requests.keys() & limits.keys()):
        try:
            over = quantity(requests[name]) > quantity(limits[name])
        except (TypeError, ValueError):
            continue  # said elsewhere
        if over:
            yield Mistake(
                ("kubernetes", "limits", name),
                f"{shown(name)} is less than what [kubernetes] requests asks for: {shown(requests[name])}",
            )


def _probed(policy: Raw) -> Iterator[Mistake]:
    for key in ("probe_path", "liveness_path"):
        page = policy.get(key)
        if isinstance(page, str) and page.startswith("/") and PROBED.fullmatch(page) is None:
            yield Mistake(
                ("policy", key),
                f'"{key}" must be a plain path where an environment has target = "kubernetes", without a query, '
                f"not {shown(page)}: nginx in the pods keeps that path from the public",
            )


def _roles(background: Iterable[str], own_database: bool) -> Iterator[Mistake]:
    taken = (*TAKEN, "database") if own_database else TAKEN
    for name in background:
        if name in taken:
            yield Mistake(
                ("roles", name),
                f'{shown(name)} is the name of pods of Greenroom\'s own where an environment has target = "kubernetes"; '
                "choose another one",
            )


def _table(raw: Raw, name: str) -> dict[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}
