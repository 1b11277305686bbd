"""An encrypted file of secrets in the repository: age with dotenv lines inside, or whatever SOPS reads.

SOPS is its own program (its format is more than a library's worth of work); age is read by pyrage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.system.processes import ProcessError, run

TIMEOUT = 30.0
"""Seconds that SOPS may take: it may ask a key service."""


def read_encrypted(file: Path, key_file: Path | None, environ: Mapping[str, str]) -> dict[str, Secret]:
    """Name -> value. ``*.age`` is opened with the identities in ``key_file``, everything else is handed to SOPS.

    Raises (exit 2) when the file or the key is not there, (exit 1) when it cannot be opened.
    """
    if not file.is_file():
        raise GreenroomError(
            "secrets-file", f"there is no file {file.name}", "see [secrets] file", Exit.USAGE
        )
    return _age(file, key_file) if file.suffix == ".age" else _sops(file, key_file, environ)


def _age(file: Path, key_file: Path | None) -> dict[str, Secret]:
    import pyrage

    if key_file is None or not key_file.is_file():
        raise GreenroomError(
            "secrets-key", f"there is no key that opens {file.name}", "set [secrets] key_file", Exit.USAGE
        )
    if key_file.stat().st_mode & 0o077:
        raise GreenroomError(
            "secrets-open", f"others may read {key_file}", f"chmod 600 {key_file}", Exit.UNSAFE
        )
    keys = [line for line in key_file.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-")]
    try:
        identities = [pyrage.x25519.Identity.from_str(line) for line in keys]
        text = pyrage.decrypt(file.read_bytes(), identities).decode()
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
        raise _closed(file, str(error)) from error
    return dict(_dotenv(file, text))


def _dotenv(file: Path, text: str) -> list[tuple[str, Secret]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.startswith("#"):
            continue
        if not equals or not name.strip().isidentifier():
            raise _closed(file, f"line {number} in it is not NAME=value")
        found.append((name.strip(), Secret(value.strip().removeprefix('"').removesuffix('"'))))
    return found


def _sops(file: Path, key_file: Path | None, environ: Mapping[str, str]) -> dict[str, Secret]:
    env = {**environ, **({"SOPS_AGE_KEY_FILE": str(key_file)} if key_file else {})}
    try:
        done = run(["sops", "decrypt", "--output-type", "json", str(file)], env=env, timeout=TIMEOUT)
    except ProcessError as error:
        raise GreenroomError(
            "sops-missing",
            f"{file.name} needs the program sops: {error.message}",
            "install it from getsops.io, or use a file that ends in .age",
        ) from error
    if not done.ok:
        raise _closed(file, done.complaint.splitlines()[-1] if done.complaint else f"sops exits {done.code}")
    data = json.loads(done.out)
    wrong = [name for name, value in data.items() if isinstance(value, dict | list)]
    if wrong:
        raise _closed(file, f"{wrong[0]} in it is no plain value")
    return {name: Secret(str(value)) for name, value in data.items()}


def _closed(file: Path, why: str) -> GreenroomError:
    return GreenroomError("secrets-closed", f"{file.name} cannot be opened: {why}", "greenroom secrets check")
