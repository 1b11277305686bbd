"""Tags that say by their name what they are for."""

from __future__ import annotations

import re

from greenroom.domain.release import ID_LENGTH

_KEEP = re.compile(rf"keep-([a-z0-9][-a-z0-9]*)-([0-9a-f]{{{ID_LENGTH}}})")
_HELD = re.compile(r"held-(sha256)-([0-9a-f]{64})")
_FOLLOWS = re.compile(r"(sha256)-([0-9a-f]{64})(\.[A-Za-z0-9_.-]+)?")


def keep_tag(environment: str, release: str) -> str:
    """The tag of an image that an environment may still run."""
    return f"keep-{environment}-{release}"


def kept_by(tag: str) -> tuple[str, str] | None:
    """Environment and release of such a tag; None: it is another."""
    found = _KEEP.fullmatch(tag)
    return (found[1], found[2]) if found else None


def held_tag(digest: str) -> str:
    """The tag of a manifest that is needed and has no other: collectors take what has none."""
    return f"held-{digest.replace(':', '-')}"


def held_by(tag: str) -> str:
    """The digest that such a tag names; empty: it is another."""
    found = _HELD.fullmatch(tag)
    return f"{found[1]}:{found[2]}" if found else ""


def subject_of(tag: str) -> str:
    """The image that a tag of referrers belongs to (``sha256-<hex>``, ``sha256-<hex>.sig``); empty: it is another tag.

    The first is the "Referrers Tag Schema" of the OCI Distribution Specification 1.1, the second what cosign writes.
    """
    found = _FOLLOWS.fullmatch(tag)
    return f"{found[1]}:{found[2]}" if found else ""


def leader_of(tag: str) -> str:
    """The manifest whose fate decides over the tag; empty where the tag is nobody's follower."""
    return held_by(tag) or subject_of(tag)


def natural(tag: str) -> tuple[tuple[int, int, str], ...]:
    """An order in which ``build-9`` comes before ``build-10``."""
    parts = re.findall(r"\d+|\D+", tag)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
