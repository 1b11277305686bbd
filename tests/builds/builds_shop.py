"""A small real project in a real repository, for the tests of the builds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from greenroom.domain.project import App
from greenroom.domain.release import Release
from greenroom.drivers.builds import Builds, ServerLayer
from greenroom.drivers.system.processes import run

ENVIRON = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}
SERVER = ServerLayer(("gunicorn==27.0.1",), "server-1")
FILES = {
    "wsgi.py": "from shop import create_app\n\napp = create_app()\n",
    "shop/__init__.py": "def create_app():\n    return lambda environ, start_response: []\n",
    "shop/static/css/app.css": "body { background: url('../img/lamp.svg') }\n",
    "shop/static/img/lamp.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "requirements.txt": "itsdangerous==2.2.0\n",
    ".gitignore": "*.log\n",
}

HASHED = """\
itsdangerous==2.2.0 \\
    --hash=sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef \\
    --hash=sha256:e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Shop:
    """A repository at ``root``; the project is its folder ``inside`` ("": the repository itself)."""

    def __init__(self, root: Path, inside: str = "", files: dict[str, str] | None = None) -> None:
        self.root = root / "repository"
        self.folder = self.root / inside if inside else self.root
        self.state = root / "state"
        self.said: list[str] = []
        self.root.mkdir()
        self.git("init", "-q", "-b", "main")
        write(self.folder, FILES if files is None else files)
        self.commit("First light")

    def git(self, *words: str) -> str:
        done = run(["git", *words], cwd=self.root, env=ENVIRON)
        assert done.ok, done.complaint
        return done.text

    def commit(self, subject: str, files: dict[str, str] | None = None) -> str:
        write(self.folder, files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def builds(
        self,
        app: App | None = None,
        server: ServerLayer = SERVER,
        progress: Callable[[str], None] | None = None,
        environ: dict[str, str] | None = None,
    ) -> Builds:
        return Builds(
            project=self.folder,
            state=self.state,
            app=app or App("wsgi:app", static="shop/static"),
            python=Path(sys.executable),
            server=server,
            now=lambda: 1_800_000_000.0,
            environ=ENVIRON if environ is None else environ,
            progress=progress or self.said.append,
        )

    def run(self, release: Release, code: str) -> str:
        """Run Python in the release, as a slot would."""
        place = self.builds().path(release.id)
        done = run([str(place / "venv/bin/python"), "-c", code], cwd=place / "src", env={})
        assert done.ok, done.complaint
        return done.text

    def leftovers(self) -> list[str]:
        return sorted(p.relative_to(self.state).as_posix() for p in self.state.glob("*/.tmp-*"))
