"""``build.json``: a release as it is written down."""

from __future__ import annotations

import json
from typing import Any

from greenroom.domain.release import Identity, Release
from greenroom.domain.revisions import Phase, Revision, RevisionGraph

FORMAT = 1
"""The version of the file's shape; another one is not read."""


def dump(release: Release, identity: Identity) -> bytes:
    """The file's content."""
    document = {
        "format": FORMAT,
        "release": {
            "id": release.id,
            "digest": release.digest,
            "commit": release.commit,
            "subject": release.subject,
            "author": release.author,
            "created_at": release.created_at,
            "dirty": release.dirty,
            "revisions": [_revision(r) for r in release.revisions.revisions],
            "warnings": list(release.warnings),
        },
        "identity": {
            "tree": identity.tree,
            "lock": identity.lock,
            "python": identity.python,
            "server": identity.server,
        },
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def parse(content: bytes) -> Release:
    """The release in it. Raises ValueError with the reason when the file is damaged or of another format."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("written in another format")
    try:
        return _release(_get(document, "release", dict))
    except OverflowError as error:
        raise ValueError(str(error)) from None


def identity(content: bytes) -> Identity:
    """What made the release of a file that :func:`parse` has read before."""
    return Identity(**json.loads(content)["identity"])


def _release(values: dict[str, Any]) -> Release:
    warnings = _get(values, "warnings", list)
    return Release(
        id=_get(values, "id", str),
        digest=_get(values, "digest", str),
        commit=_get(values, "commit", str),
        subject=_get(values, "subject", str),
        author=_get(values, "author", str),
        created_at=float(_get(values, "created_at", int | float)),
        dirty=_get(values, "dirty", bool),
        revisions=RevisionGraph(tuple(_known(r) for r in _get(values, "revisions", list))),
        warnings=tuple(str(w) for w in warnings),
    )


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "id": revision.id,
        "parents": list(revision.parents),
        "phase": str(revision.phase),
        "declared": revision.declared,
        "title": revision.title,
    }


def _known(values: Any) -> Revision:
    parents = tuple(str(p) for p in _get(values, "parents", list))
    phase = Phase(_get(values, "phase", str))
    return Revision(
        _get(values, "id", str), parents, phase, _get(values, "declared", bool), _get(values, "title", str)
    )


def _get(values: Any, key: str, kind: Any) -> Any:
    found = values.get(key) if isinstance(values, dict) else None
    if not isinstance(found, kind):
        raise ValueError(f"{key} is missing or of another kind")  # noqa: TRY004
    return found
