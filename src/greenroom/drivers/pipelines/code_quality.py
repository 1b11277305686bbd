"""What mypy says in JSON lines, as a Code Quality report of GitLab: from standard input to standard output.

Stands alone: it runs in the image of the checks, where Greenroom is not. GitLab knows a finding again by its
fingerprint, so that has no line number in it: file, code, message, and which of several alike it is.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def report(lines: Iterable[str]) -> list[dict[str, Any]]:
    """One entry a finding; lines that are no JSON object (mypy's own last words) are left out."""
    seen: Counter[str] = Counter()
    return [_entry(found, seen) for line in lines if (found := _finding(line)) is not None]


def _finding(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"file", "message"} <= set(found) else None


def _entry(found: dict[str, Any], seen: Counter[str]) -> dict[str, Any]:
    path = str(found["file"]).replace("\\", "/").removeprefix("./")
    code = str(found.get("code") or "mypy")
    key = "\0".join((path, code, str(found["message"])))
    seen[key] += 1
    digest = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "description": str(found["message"]),
        "check_name": code,
        "fingerprint": digest,
        "severity": SEVERITIES.get(str(found.get("severity")), "major"),
        "location": {"path": path, "lines": {"begin": max(1, int(found.get("line") or 1))}},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report(sys.stdin), indent=2) + "\n")
