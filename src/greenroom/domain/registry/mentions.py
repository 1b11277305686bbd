"""Images that files name: ``image:`` and ``FROM``, init containers, suspended CronJobs, whatever the file is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from greenroom.domain.registry.planning import InUse

VARIABLE = "CI_REGISTRY_IMAGE"
"""GitLab's name for the project's own place in its registry, in pipelines."""


def pattern(repository: str) -> str:
    """An extended regular expression that finds every name of an image at or below ``repository``."""
    place = re.escape(repository).replace("/", "[/]")
    return rf"({place}|[$][{{]?{VARIABLE}[}}]?)[-A-Za-z0-9_./]*(:[A-Za-z0-9_.-]+)?(@sha256:[0-9a-f]{{64}})?"


def mentioned(found: Mapping[str, Iterable[str]]) -> InUse:
    """``found``: by branch, what the pattern matched there."""
    digests: dict[str, str] = {}
    tags: dict[str, str] = {}
    for branch, names in found.items():
        for name in names:
            plain, _, digest = name.partition("@")
            tag = plain.rpartition("/")[2].partition(":")[2]
            if digest:
                digests.setdefault(digest, f"the branch {branch} names it")
            if tag:
                tags.setdefault(tag, f"the branch {branch} names it")
    return InUse(digests, tags, frozenset(found))
