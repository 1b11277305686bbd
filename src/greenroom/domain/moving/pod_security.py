"""Which Pod Security level fits what a PodSecurityPolicy allowed, or what a pod asks for.

By the Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from greenroom.domain.objects import Json


class Level(StrEnum):
    """From the loosest to the strictest."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


_BASELINE_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_RESTRICTED_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)


def level_of_policy(policy: Json) -> tuple[Level, tuple[str, ...]]:
    """The strictest level that still allows what the PodSecurityPolicy allowed, and what keeps it from a stricter one."""
    spec = policy.get("spec") or {}
    if loose := tuple(_beyond_baseline(spec)):
        return Level.PRIVILEGED, loose
    if missing := tuple(_short_of_restricted(spec)):
        return Level.BASELINE, missing
    return Level.RESTRICTED, ()


def _beyond_baseline(spec: Json) -> Iterator[str]:
    yield from (
        key for key in ("privileged", "hostNetwork", "hostPID", "hostIPC", "hostPorts") if spec.get(key)
    )
    volumes = set(spec.get("volumes") or ())
    yield from (f"volumes: {kind}" for kind in ("*", "hostPath") if kind in volumes)
    given = {*(spec.get("allowedCapabilities") or ()), *(spec.get("defaultAddCapabilities") or ())}
    yield from (f"capability {name}" for name in sorted(given - _BASELINE_CAPABILITIES))
    yield from (f"sysctl {name}" for name in spec.get("allowedUnsafeSysctls") or ())


def _short_of_restricted(spec: Json) -> Iterator[str]:
    if spec.get("allowPrivilegeEscalation", True):
        yield "allowPrivilegeEscalation"
    if not _never_root(spec.get("runAsUser") or {}):
        yield "runAsUser: may be root"
    if "ALL" not in (spec.get("requiredDropCapabilities") or ()):
        yield "requiredDropCapabilities: not ALL"
    others = set(spec.get("volumes") or ()) - _RESTRICTED_VOLUMES
    yield from (f"volumes: {kind}" for kind in sorted(others))


def _never_root(rule: Json) -> bool:
    ranges = rule.get("ranges") or ()
    within = rule.get("rule") == "MustRunAs" and bool(ranges) and all(r.get("min", 0) > 0 for r in ranges)
    return rule.get("rule") == "MustRunAsNonRoot" or within


def level_of_pod(spec: Json) -> tuple[Level, tuple[str, ...]]:
    """The strictest level that admits a pod of this ``spec``, and what keeps it from a stricter one."""
    if loose := tuple(_pod_beyond_baseline(spec)):
        return Level.PRIVILEGED, loose
    if missing := tuple(_pod_short_of_restricted(spec)):
        return Level.BASELINE, missing
    return Level.RESTRICTED, ()


def _containers(spec: Json) -> list[Json]:
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _pod_beyond_baseline(spec: Json) -> Iterator[str]:
    yield from (key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    yield from (f"volume {v['name']}: hostPath" for v in spec.get("volumes") or () if "hostPath" in v)
    for container in _containers(spec):
        context, name = container.get("securityContext") or {}, container.get("name")
        if context.get("privileged"):
            yield f"{name}: privileged"
        given = set((context.get("capabilities") or {}).get("add") or ())
        yield from (f"{name}: capability {c}" for c in sorted(given - _BASELINE_CAPABILITIES))
        yield from (
            f"{name}: host port {p['hostPort']}" for p in container.get("ports") or () if p.get("hostPort")
        )


def _pod_short_of_restricted(spec: Json) -> Iterator[str]:
    shared = spec.get("securityContext") or {}
    for container in _containers(spec):
        own, name = container.get("securityContext") or {}, container.get("name")
        capabilities: Any = own.get("capabilities") or {}
        wanted = {
            "allowPrivilegeEscalation: not false": own.get("allowPrivilegeEscalation") is False,
            "runAsNonRoot: not true": bool(own.get("runAsNonRoot", shared.get("runAsNonRoot"))),
            "capabilities: not all dropped": "ALL" in (capabilities.get("drop") or ())
            and set(capabilities.get("add") or ()) <= {"NET_BIND_SERVICE"},
            "no seccomp profile": bool(own.get("seccompProfile") or shared.get("seccompProfile")),
        }
        yield from (f"{name}: {why}" for why, kept in wanted.items() if not kept)
    for volume in spec.get("volumes") or ():
        yield from (
            f"volume {volume['name']}: {k}" for k in volume if k != "name" and k not in _RESTRICTED_VOLUMES
        )
