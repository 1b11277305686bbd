"""The chain of history: each entry's hash covers the hash of the one before it."""

from __future__ import annotations

import hashlib
import json

from greenroom.domain.errors import Exit, GreenroomError


def chained(before: str, seq: int, at: float, environment: str, kind: str, text: str) -> str:
    """The hash of an entry (SHA-256, hex) after the one whose hash is ``before``; ``text`` is its data as JSON."""
    line = json.dumps([before, seq, at, environment, kind, text])
    return hashlib.sha256(line.encode()).hexdigest()


def does_not_fit(count: int) -> GreenroomError:
    """The error for the first entry whose hash is another."""
    return GreenroomError(
        "ledger-broken",
        f"entry {count} of the ledger does not fit the chain: history was changed there",
        "compare with a backup of the state folder",
        Exit.UNSAFE,
    )
