"""What every pod of Greenroom's own says, so that Pod Security's level "restricted" admits it
(https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USER = 10001
"""Nobody on any node; the images are made for this one."""

CONTAINER: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""The ``securityContext`` of a container."""

POD: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""The ``securityContext`` of a pod."""
