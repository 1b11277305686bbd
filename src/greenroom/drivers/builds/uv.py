"""uv: resolves requirements and installs them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.processes import Completed, run

TIMEOUT = 900.0
"""Seconds that one uv command may take."""

_NO_NETWORK = (
    "network connectivity is disabled",
    "network was disabled",
    "failed to fetch",
    "error sending request",
    "dns error",
    "connection refused",
    "timed out",
    "client error (connect)",
)
_OWN = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "CONDA_PREFIX")


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would point a tool at another Python."""
    return {k: v for k, v in environ.items() if k not in _OWN}


def find(environ: Mapping[str, str]) -> Path:
    """uv beside this Python, else on the PATH. Raises ``uv-missing``."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv", path=environ.get("PATH", ""))
    if found is None:
        raise GreenroomError("uv-missing", "uv is not installed", 'pip install "greenroom[local]" brings it')
    return Path(found)


@dataclass(frozen=True, slots=True)
class Uv:
    """uv for one Python. Commands see ``environ`` (so UV_OFFLINE, UV_INDEX_URL and the like take effect).

    Errors: ``network`` when packages could not be fetched, ``requirements`` when they cannot be had together.
    """

    binary: Path
    python: Path
    environ: Mapping[str, str]
    keep_open: tuple[int, ...] = field(default=())

    def compile(self, folder: Path, inputs: Sequence[str], override: str) -> str:
        """Resolve requirement files of ``folder`` to pins with hashes; ``override`` is a file that wins."""
        words = ["--override", override, "--generate-hashes", "--no-header", "--no-annotate"]
        return (
            self._run(["pip", "compile", *inputs, *words, "--python", str(self.python)], folder).text + "\n"
        )

    def export(self, folder: Path) -> str:
        """The pins with hashes of the folder's ``uv.lock``, without the project itself and its groups."""
        words = ["--frozen", "--no-dev", "--no-emit-project", "--no-header", "--no-annotate"]
        kind = ["--format", "requirements-txt", "--python", str(self.python)]
        return self._run(["export", *words, *kind], folder).text + "\n"

    def venv(self, target: Path) -> None:
        """Make an empty environment."""
        self._run(["venv", "--no-project", "--python", str(self.python), str(target)], target.parent)

    def sync(self, venv: Path, lock: Path, *, require_hashes: bool) -> None:
        """Install exactly the lock's pins and compile them."""
        strict = ["--require-hashes"] if require_hashes else []
        words = ["pip", "sync", "--compile-bytecode", "--allow-empty-requirements", *strict]
        self._run([*words, "--python", str(venv / "bin" / "python"), str(lock)], venv)

    def check(self, venv: Path) -> tuple[str, ...]:
        """What the installed packages miss or do not get along with, a sentence each."""
        argv = [str(self.binary), "pip", "check", "--python", str(venv / "bin" / "python")]
        done = run(argv, cwd=venv, env=clean(self.environ), timeout=TIMEOUT, keep_open=self.keep_open)
        return (
            ()
            if done.ok
            else tuple(line for line in done.complaint.splitlines() if line.startswith("The package"))
        )

    def _run(self, words: Sequence[str], folder: Path) -> Completed:
        argv = [str(self.binary), *words, "--quiet"]
        done = run(argv, cwd=folder, env=clean(self.environ), timeout=TIMEOUT, keep_open=self.keep_open)
        if not done.ok:
            raise _error(done.complaint)
        return done


def _error(complaint: str) -> GreenroomError:
    if any(sign in complaint.lower() for sign in _NO_NETWORK):
        return GreenroomError(
            "network",
            "packages of the release could not be fetched",
            "connect once so that uv's cache has them; with all of them cached, UV_OFFLINE=1 builds without a network",
            details=complaint,
        )
    return GreenroomError(
        "requirements", "the requirements cannot be installed", "the reason is below", Exit.USAGE, complaint
    )
