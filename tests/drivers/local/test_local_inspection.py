"""The server layer's questions, asked of apps with the real extensions in an environment of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greenroom.drivers.local.slot_units import SERVER

PACKAGES = (
    "flask==3.1.3",
    "flask-wtf==1.3.0",
    "flask-sqlalchemy==3.1.1",
    "flask-limiter==4.1.1",
    "flask-caching==2.5.1",
    "psycopg[binary]==3.3.9",
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answers of every app."""
    folder = tmp_path_factory.mktemp("extensions") / "venv"
    uv, python = Path(sys.executable).parent / "uv", folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
    script = Path(__file__).parent / "local_apps.py"
    done = subprocess.run(
        [python, script, SERVER / "inspection.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_only_whoever_probes_is_answered(found: dict[str, Any]) -> None:
    assert found["unasked"] == ["404 Not Found", None]
    assert found["unknown"] == ["404 Not Found", None]


def test_an_app_of_another_kind_has_nothing_to_say(found: dict[str, Any]) -> None:
    about, sign, verify = found["bare"]
    assert about == ["200 OK", {"pools": [], "memory": []}]
    assert sign == ["200 OK", {"session": None, "csrf": None, "raw": None}]
    assert verify == ["200 OK", [{"session": None, "csrf": None}]]


def test_pools_are_read_and_nothing_else(found: dict[str, Any]) -> None:
    pools = {pool["where"]: pool["most"] for pool in found["database"][1]["pools"]}
    assert pools == {"Flask-SQLAlchemy (default)": 11, "Flask-SQLAlchemy (reports)": None}
    assert "secret-word" not in json.dumps(found)


def test_memory_of_one_process_is_named(found: dict[str, Any]) -> None:
    assert found["memory"][1]["memory"] == ["Flask-Caching", "Flask-Limiter"]
    assert found["switched off"][1]["memory"] == []


def test_what_another_process_signed(found: dict[str, Any]) -> None:
    assert found["same"] == ["200 OK", [{"session": True, "csrf": True}]]
    assert found["another form key"][1] == [{"session": True, "csrf": False}]
    assert found["rotated"][1] == [{"session": True, "csrf": False}]
    assert found["another key"][1] == [{"session": False, "csrf": False}, {"session": None, "csrf": None}]
