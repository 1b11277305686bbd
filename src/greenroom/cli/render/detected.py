"""What ``init`` found and what it guessed."""

from __future__ import annotations

from typing import Any

from greenroom.config.detect import Detected


def as_json(found: Detected) -> dict[str, Any]:
    """For ``--json``."""
    findings = [{"what": f.what, "why": f.why, "guessed": f.guessed} for f in found.findings]
    return {"toml": found.text, "findings": findings}


def as_text(found: Detected, dry_run: bool) -> str:
    """One line a finding, then the next command (or, in a dry run, the file)."""
    lines = [f"{'guessed' if f.guessed else 'found':8} {f.what}: {f.why}" for f in found.findings]
    end = found.text if dry_run else "greenroom.toml is written; look at the guesses, then: greenroom up"
    return "\n".join([*lines, "", end])
