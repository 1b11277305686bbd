"""Whether an environment on a cluster has a bucket of its own."""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.domain.databases import SMALL
from greenroom.domain.environment import Tier

BUCKET = "S3_BUCKET"


def has_own_bucket(tier: Tier, given: Mapping[str, object]) -> bool:
    """A small environment that has been given none; where a store for it is known, which the caller has looked for."""
    return tier in SMALL and BUCKET not in given
