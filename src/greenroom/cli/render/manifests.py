"""Kubernetes objects as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError


def as_text(objects: Sequence[dict[str, Any]]) -> str:
    """One YAML document each. Raises (exit 2) where PyYAML is missing."""
    try:
        import yaml
    except ImportError:
        raise GreenroomError(
            "no-yaml", "PyYAML is missing", "pip install 'greenroom[kubernetes]', or --json", Exit.USAGE
        ) from None
    return str(yaml.safe_dump_all(objects, sort_keys=False, explicit_start=True, width=110)).rstrip("\n")
