"""Where things are in the state folder, and the short path to it that sockets need."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.files import private_folder, replace_link, write_whole

STATE_VERSION = 1
"""Version of everything below the state folder; a command that does not know it refuses to touch it."""

LONGEST_SOCKET = 107
"""Bytes of ``sun_path`` that Linux allows, without the closing NUL (unix(7))."""

LONGEST_IN_SLOT = len("/slots/0123456789ab.-12345/web.sock") + 30
"""Bytes below the short path that the longest name of an environment needs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``root`` is the state folder; ``short`` the same folder under a path short enough for sockets."""

    root: Path
    short: Path

    def slot(self, slot: str) -> Path:
        """A slot's runtime folder."""
        return self.short / "slots" / slot

    def socket(self, slot: str) -> str:
        """Where a slot's web server listens."""
        return str(self.slot(slot) / "web.sock")

    def edge(self, environment: str) -> Path:
        """What the edge looks at for one environment."""
        return self.short / "edge" / environment

    def log(self, unit: str) -> Path:
        """A unit's log."""
        return self.root / "logs" / f"{unit}.log"

    def wake(self, environment: str) -> Path:
        """There when somebody has asked for an environment that sleeps."""
        return self.root / "wake" / environment

    def lease(self, environment: str) -> Path:
        """The lock of whoever changes that environment."""
        return self.root / "leases" / f"{environment}.lock"

    @property
    def slots(self) -> Path:
        """All slots."""
        return self.root / "slots"

    @property
    def units(self) -> Path:
        """What should run."""
        return self.root / "units"

    @property
    def run(self) -> Path:
        """What the supervisor knows to be running."""
        return self.root / "run"

    @property
    def control(self) -> str:
        """The supervisor's socket."""
        return str(self.short / "supervisor.sock")

    @property
    def sign_in(self) -> str:
        """Where the sign-in service listens."""
        return str(self.short / "signin.sock")

    @property
    def access_log(self) -> Path:
        """The edge's record of requests."""
        return self.root / "logs" / "access.log"

    def certificate(self, host: str) -> Path | None:
        """The edge's certificate for a host, whoever signed it; None before there is one."""
        found = sorted((self.root / "caddy" / "certificates").glob(f"*/{host}/{host}.crt"))
        return max(found, key=lambda path: path.stat().st_mtime, default=None)

    @property
    def ca(self) -> Path:
        """The root certificate of the edge's internal authority."""
        return self.root / "caddy" / "pki" / "authorities" / "local" / "root.crt"


def open_layout(root: Path, runtime: str | None) -> Layout:
    """Make the state folder usable and give its layout. ``runtime`` is ``XDG_RUNTIME_DIR``.

    Raises :class:`GreenroomError` when another version wrote it (exit 2), or the short path is not ours (exit 5).
    """
    private_folder(root)
    for name in ("slots", "edge", "units", "run", "logs", "jobs", "secrets", "leases", "wake"):
        private_folder(root / name)
    _check_version(root)
    short = _short_folder(root, runtime)
    if len(str(short)) > LONGEST_SOCKET - LONGEST_IN_SLOT:
        raise GreenroomError(
            "path-too-long", f"{short} is too long for sockets", "unset XDG_RUNTIME_DIR", Exit.USAGE
        )
    link = short / "s"
    if not link.is_symlink() or link.readlink() != root:
        replace_link(link, str(root))
    return Layout(root, link)


def _check_version(root: Path) -> None:
    file = root / "version"
    if not file.exists():
        write_whole(file, f"{STATE_VERSION}\n")
        return
    found = file.read_text(errors="replace").strip()
    if found != str(STATE_VERSION):
        raise GreenroomError(
            "state-version",
            f"{root} has state version {found or '(empty)'}, this greenroom knows version {STATE_VERSION}",
            "use the greenroom that wrote it, or upgrade this one",
            Exit.USAGE,
        )


def _short_folder(root: Path, runtime: str | None) -> Path:
    key = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    remembered = root / "short"
    if remembered.exists():
        old = Path(remembered.read_text(errors="replace").strip().replace("\0", ""))
        if old.name.startswith("gr-") and _make_ours(old):
            return old
    inside = Path(runtime) / f"gr-{key}" if runtime and len(runtime) < 25 else None
    if inside is None or not _make_ours(inside):
        inside = Path("/tmp") / f"gr-{os.getuid()}-{key}"  # noqa: S108 - 0700 and its owner is checked
        if not _make_ours(inside):
            raise GreenroomError("not-ours", f"{inside} belongs to somebody else", "remove it", Exit.UNSAFE)
    write_whole(remembered, f"{inside}\n")
    return inside


def _make_ours(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and found.st_mode & 0o777 == 0o700 and not folder.is_symlink()
