"""What a loaded project depends on, told without loading the machinery that checks it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from greenroom import __version__

FLASK_MIGRATE = "migrations/alembic.ini"
"""Where Flask-Migrate keeps Alembic's configuration."""

CANDIDATES = ("alembic.ini", FLASK_MIGRATE, "requirements.txt", "pyproject.toml")
"""Files whose mere presence decides a default."""


def fingerprint(path: Path) -> str:
    """A digest (hex) of the project's file, of what its defaults look at, and of the code that reads it.

    Two equal fingerprints mean that :func:`greenroom.config.load` would return the same. Raises OSError when the
    file cannot be read.
    """
    code = Path(__file__).parent.parent
    sources = sorted((*(code / "config").glob("*.py"), *(code / "domain").glob("*.py")))
    parts = [
        __version__,
        *(f"{file.name} {file.stat().st_mtime_ns} {file.stat().st_size}" for file in sources),
        *(name for name in CANDIDATES if (path.parent / name).is_file()),
        str(path.parent),
    ]
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + path.read_bytes()).hexdigest()
