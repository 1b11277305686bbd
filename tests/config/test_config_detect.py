from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.config import load
from greenroom.config.detect import Detected, detect
from greenroom.domain.project import Project


def look(folder: Path, files: dict[str, str]) -> tuple[Detected, Project]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = sorted(folder.rglob("*"))
    found = detect(folder)
    assert sorted(folder.rglob("*")) == before
    path = folder / "greenroom.toml"
    path.write_text(found.text)
    return found, load(path)


FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\ndef create_app(config=None):\n    return Flask(__name__)\n"


@pytest.mark.parametrize(
    ("files", "wsgi"),
    [
        ({"app.py": FLASK}, "app:app"),
        ({"shop.py": "import flask\nsite = flask.Flask('x')\n"}, "shop:site"),
        ({"shop/__init__.py": FACTORY}, "shop:create_app()"),
        (
            {"shop/__init__.py": FACTORY, "wsgi.py": "from shop import create_app\napp = create_app()\n"},
            "wsgi:app",
        ),
        (
            {
                "shop/__init__.py": FACTORY,
                "wsgi.py": "from shop import create_app\napplication: object = create_app()\n",
            },
            "wsgi:application",
        ),
        ({"shop/app.py": FLASK, "tests/app.py": FLASK, ".venv/app.py": FLASK}, "shop.app:app"),
        ({"hello.py": "def application(environ, start_response):\n    return []\n"}, "hello:application"),
        ({"hello.py": "def handle(environ, start_response):\n    return []\n"}, "hello:handle"),
        (
            {
                "site/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
            },
            "site.wsgi:application",
        ),
        ({"src/shop/__init__.py": FACTORY}, "shop:create_app()"),
        ({"shop/__init__.py": "def create_app(config):\n    return None\n", "main.py": FLASK}, "main:app"),
        ({"Procfile": "web: gunicorn -w 2 shop.web:app\n", "main.py": FLASK}, "shop.web:app"),
        (
            {"Procfile": "web: gunicorn -b unix:app.sock -k gthread 'shop:create_app()'\n"},
            "shop:create_app()",
        ),
        ({"broken.py": "def (", "nul.py": "\0", "app.py": FLASK}, "app:app"),
        ({"wsgi.py": "from shop import app\n", "shop.py": "app = object()\n"}, "wsgi:app"),
    ],
)
def test_the_app(tmp_path: Path, files: dict[str, str], wsgi: str) -> None:
    assert look(tmp_path, files)[1].app.wsgi == wsgi


def test_an_empty_folder_gets_a_guess_that_loads(tmp_path: Path) -> None:
    found, project = look(tmp_path / "2026 My Shop!", {"README": ""})
    assert project.name == "my-shop"
    assert [f.what for f in found.findings if f.guessed] == ['wsgi "wsgi:app"', "requirements.txt is missing"]


def test_a_factory_package_with_everything(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": FACTORY,
        "shop/static/app.css": "",
        "requirements.txt": "flask\ncelery==5\n",
        "alembic.ini": "[alembic]\n",
        "Procfile": "web: flask run\nmail_worker: python -m shop.mail\nodd: echo $X\nrelease: flask db upgrade\n",
    }
    found, project = look(tmp_path, files)
    assert project.app.static == "shop/static"
    assert project.app.migrate == ("alembic", "upgrade", "heads")
    assert [r.name for r in project.roles] == ["web", "mail-worker"]
    assert any(f.what == "celery is required" for f in found.findings)


printable = st.characters(exclude_categories=["Cs"], exclude_characters="\0/")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(printable, min_size=1, max_size=20).filter(lambda name: name.strip(".")),
    st.lists(st.tuples(st.text(printable, max_size=8), st.text(printable, max_size=20)), max_size=4),
    st.text(st.sampled_from("def app(environ, start_response):\n Flask='\"\\static_folder\0"), max_size=40),
)
def test_whatever_is_there_the_text_loads(name: str, lines: list[tuple[str, str]], code: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name[:20]
        (folder / name / "static").mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")
        (folder / f"{name}.py").write_text("app = Flask(static_folder='\\0x')\n")
        (folder / "app.py").write_text(code)
        procfile = "".join(f"{role}: {command}\n" for role, command in lines)
        (folder / "Procfile").write_text(procfile + "web: gunicorn " + code)
        assert look(folder, {})[1].name


def test_src_layout_needs_an_import_path(tmp_path: Path) -> None:
    _, project = look(
        tmp_path, {"src/shop/__init__.py": FACTORY, "pyproject.toml": "", "src/shop/static/a": ""}
    )
    assert project.app.env == (("PYTHONPATH", "src"),)
    assert project.app.static == "src/shop/static"
    assert project.app.requirements == "pyproject.toml"


def test_a_stated_static_folder(tmp_path: Path) -> None:
    text = "from flask import Flask\napp = Flask(__name__, static_folder='assets')\n"
    _, project = look(tmp_path, {"shop/app.py": text, "shop/assets/a": "", "static/b": ""})
    assert project.app.static == "shop/assets"


def test_flask_migrate_and_a_requirements_folder(tmp_path: Path) -> None:
    files = {
        "app.py": FLASK,
        "migrations/alembic.ini": "",
        "requirements/dev.txt": "",
        "requirements/prod.txt": "",
    }
    _, project = look(tmp_path, files)
    assert project.app.migrate == ("flask", "--app", "app:app", "db", "upgrade", "heads")
    assert project.app.requirements == "requirements/prod.txt"
