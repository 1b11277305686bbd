"""The names that a project's environments on a cluster need in DNS and in certificates."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from greenroom.domain.environment import TargetKind
from greenroom.domain.rules import Rule

TTL_SECONDS = 300
LOCAL = "localhost"
"""Names below it are this machine's own by RFC 6761; no DNS knows them."""


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record: ``A``, ``AAAA`` or ``CNAME``."""

    name: str
    type: str
    value: str
    ttl: int = TTL_SECONDS

    def __str__(self) -> str:
        """As a line of a zone file (RFC 1035)."""
        end = "." if self.type == "CNAME" else ""
        return f"{self.name}. {self.ttl} IN {self.type} {self.value}{end}"

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def names(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The hosts of the environments on the cluster; one wildcard for all environments of a rule that has one for each branch.

    A host that such a wildcard covers is left out: a wildcard stands for one label (RFC 4592, RFC 6125).
    """
    there = [r for r in rules if r.like.target is TargetKind.KUBERNETES]
    wild = sorted({f"*.{r.domain}" for r in there if r.per_branch})
    fixed = sorted({r.like.host for r in there if not r.per_branch})
    return (*[host for host in fixed if f"*.{host.partition('.')[2]}" not in wild], *wild)


def records(hosts: Iterable[str], addresses: Iterable[str]) -> tuple[DnsRecord, ...]:
    """Where the hosts are to lead: an address each for the edge's IP addresses, else an alias of its name.

    A name has either addresses or one alias (RFC 1034), so the edge's names count only where it has no address.
    """
    there = list(addresses)
    typed = [(kind, value) for value in there if (kind := _kind(value)) != "CNAME"]
    typed = typed or [("CNAME", value) for value in there[:1]]
    return tuple(DnsRecord(host, kind, value) for host in hosts for kind, value in typed)


def is_public(host: str) -> bool:
    """Is it a name that DNS must know?"""
    return host != LOCAL and not host.endswith(f".{LOCAL}")


def _kind(value: str) -> str:
    try:
        return "A" if ipaddress.ip_address(value).version == 4 else "AAAA"
    except ValueError:
        return "CNAME"
