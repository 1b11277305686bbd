"""Development on this machine: the project's folder, with Flask's own server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from greenroom.domain.project import App
from greenroom.domain.secret import Secret
from greenroom.drivers.system.foreground import run_in_terminal
from greenroom.drivers.system.processes import run
from greenroom.drivers.system.spawn import plain_environment
from greenroom.ports import Values

COMPOSE: Mapping[str, str] = {
    "DATABASE_URL": "postgresql://shop:shop@127.0.0.1:55432/shop",
    "S3_ENDPOINT_URL": "http://127.0.0.1:58333",
    "S3_BUCKET": "shop-local",
    "AWS_ACCESS_KEY_ID": "shop",
    "AWS_SECRET_ACCESS_KEY": "shop-local-only",
    "AWS_REGION": "us-east-1",
    "SECRET_KEY": "for development only",
}
"""What examples/marketplace/compose.yaml offers on this machine's loopback; a test holds the two together."""


class LocalWorkbench:
    """See :class:`greenroom.ports.developing.Workbench`. ``venv`` makes the Python environment."""

    def __init__(self, folder: Path, app: App, venv: Callable[[], Path]) -> None:
        self._folder = folder
        self._app = app
        self._make = venv

    @cached_property
    def _venv(self) -> Path:
        return self._make()

    def branch(self) -> str:
        found = run(["git", "symbolic-ref", "--quiet", "--short", "HEAD"], cwd=self._folder, timeout=30.0)
        return found.text if found.ok else ""

    def prepare(self) -> None:
        assert self._venv

    def migrate(self, values: Values) -> int:
        if not self._app.migrate:
            return 0
        return run_in_terminal(self._app.migrate, cwd=self._folder, env=self._environment(values))

    def serve(self, values: Values, port: int, argv: Sequence[str]) -> int:
        flask = (
            "flask",
            "--app",
            self._app.wsgi,
            "run",
            "--debug",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        )
        return run_in_terminal(argv or flask, cwd=self._folder, env=self._environment(values))

    def _environment(self, values: Values) -> dict[str, str]:
        plain = plain_environment()
        return {
            **plain,
            "PATH": f"{self._venv / 'bin'}:{plain.get('PATH', '/usr/bin:/bin')}",
            "VIRTUAL_ENV": str(self._venv),
            "PYTHONUNBUFFERED": "1",
            **{key: value.reveal() for key, value in values.items()},
        }


def compose_values() -> Values:
    """The values for people who run PostgreSQL and the object store in containers."""
    return {key: Secret(value) for key, value in COMPOSE.items()}
