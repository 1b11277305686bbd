from __future__ import annotations

import re
from pathlib import Path

import pytest
from builds_shop import ENVIRON, HASHED, SERVER, Shop

from greenroom.domain.errors import GreenroomError
from greenroom.domain.project import App
from greenroom.drivers.builds import requirements, uv
from greenroom.drivers.builds.server import packaged_requirements
from greenroom.drivers.system.processes import run

PYPROJECT = (
    '[project]\nname = "shop"\nversion = "1"\ndependencies = ["itsdangerous>=2", "gunicorn==23.0.0"]\n'
)


def installed(shop: Shop, app: App | None = None) -> tuple[dict[str, str], tuple[str, ...]]:
    builds = shop.builds(app)
    release = builds.build()
    code = "import importlib.metadata as m; print(*(f'{d.name}={d.version}' for d in m.distributions()))"
    return dict(word.split("=") for word in shop.run(release, code).split()), release.warnings


def test_pinned_and_hashed_needs_no_resolution(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Hashes", {"requirements.txt": HASHED + "gunicorn[gevent]==23.0.0 --hash=sha256:" + "0" * 64})
    found, warnings = installed(shop)
    assert found == {"itsdangerous": "2.2.0", "gunicorn": "27.0.1"}
    assert warnings == ()
    assert "resolving the requirements" not in shop.said


def test_a_wrong_hash_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Hashes", {"requirements.txt": "itsdangerous==2.2.0 --hash=sha256:" + "0" * 64})
    with pytest.raises(GreenroomError) as raised:
        shop.builds().build()
    assert raised.value.code == "requirements"
    assert "itsdangerous" in raised.value.details
    assert shop.leftovers() == []
    assert list((shop.state / "venvs").iterdir()) == []


def test_unpinned_is_resolved_once_with_a_warning(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    text = "# what we need\n-r more.txt\nclick  # any\ngunicorn[gevent]==23.0.0\n"
    shop.commit("Loose", {"requirements.txt": text, "more.txt": "itsdangerous>=2,<3\n"})
    found, warnings = installed(shop)
    assert set(found) == {"click", "itsdangerous", "gunicorn"}
    assert found["gunicorn"] == "27.0.1"
    assert warnings[0].startswith("requirements.txt does not pin click, itsdangerous:")
    shop.said.clear()
    shop.commit("Next", {"shop/more.py": ""})
    assert installed(shop)[0] == found
    assert "resolving the requirements" not in shop.said


def test_constraints_are_not_installed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    files = {"requirements/prod.txt": "-c all.txt\n-r base.txt\n", "requirements/base.txt": HASHED}
    shop.commit("Split", {**files, "requirements/all.txt": "click==8.1.8\n"})
    found, _ = installed(shop, App("wsgi:app", requirements="requirements/prod.txt"))
    assert found == {"itsdangerous": "2.2.0", "gunicorn": "27.0.1"}


def test_a_linked_requirements_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Move", {"requirements/prod.txt": HASHED})
    (shop.folder / "requirements.txt").unlink()
    (shop.folder / "requirements.txt").symlink_to("requirements/prod.txt")
    shop.commit("Link")
    assert "itsdangerous" in installed(shop)[0]


def test_pyproject_without_lock(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Project", {"pyproject.toml": PYPROJECT})
    found, warnings = installed(shop, App("wsgi:app", requirements="pyproject.toml"))
    assert (set(found), found["gunicorn"]) == ({"itsdangerous", "gunicorn"}, "27.0.1")
    assert "no uv.lock" in warnings[0]


def test_pyproject_with_lock(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Project", {"pyproject.toml": PYPROJECT})
    assert run([str(uv.find(ENVIRON)), "lock", "-q"], cwd=shop.folder, env=ENVIRON).ok
    shop.commit("Lock")
    found, warnings = installed(shop, App("wsgi:app", requirements="pyproject.toml"))
    assert set(found) >= {"itsdangerous", "gunicorn"}
    assert found["gunicorn"] == "27.0.1"
    assert warnings == ()


@pytest.mark.parametrize("line", ["-e .", "./wheels/x.whl", ".", "shop @ file:///shop", "--editable=."])
def test_local_packages_are_refused(tmp_path: Path, line: str) -> None:
    shop = Shop(tmp_path)
    shop.commit("Local", {"requirements.txt": f"click\n{line}\n"})
    with pytest.raises(GreenroomError) as raised:
        shop.builds().build()
    assert raised.value.code == "requirements-local"
    assert line.split()[0] in raised.value.message


def test_what_does_not_exist(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.commit("Wrong", {"requirements.txt": "itsdangerous==0.0.0.99\n"})
    with pytest.raises(GreenroomError) as raised:
        shop.builds().build()
    assert raised.value.code == "requirements"
    assert "itsdangerous" in raised.value.details


def test_offline_with_an_empty_cache_says_what_to_do(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    environ = {**ENVIRON, "UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    with pytest.raises(GreenroomError) as raised:
        shop.builds(environ=environ).build()
    assert raised.value.code == "network"
    assert "UV_OFFLINE" in raised.value.hint


def test_offline_with_a_full_cache(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.builds().build()
    shop.commit("Next", {"shop/more.py": ""})
    for one in shop.builds().releases():
        shop.builds().remove(one.id)
    shop.builds().collect()
    release = shop.builds(environ={**ENVIRON, "UV_OFFLINE": "1"}).build()
    assert shop.run(release, "import itsdangerous") == ""


def test_what_does_not_fit_together_is_a_warning(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    alone = ["pip", "compile", "-", "--generate-hashes", "--no-header", "--no-deps", "-q"]
    done = run([str(uv.find(ENVIRON)), *alone], env=ENVIRON, cwd=tmp_path, input=b"jinja2\n")
    shop.commit("Half", {"requirements.txt": done.text + "\n"})
    _, warnings = installed(shop)
    assert any("jinja2" in warning and "markupsafe" in warning for warning in warnings)


def test_entries() -> None:
    text = "Foo_Bar[x]==1.0 ; python_version < '4' --hash=sha256:b \\\n  --hash=sha256:a # note\n--index-url X\n-c c.txt\n"
    (entry,) = requirements.parse(text)
    assert (entry.name, entry.hashes, entry.pinned) == ("foo-bar", ("sha256:a", "sha256:b"), True)
    assert requirements.options(text) == ["--index-url X"]
    assert requirements.includes(text + "-rr.txt\n--requirement=q.txt") == ["c.txt", "r.txt", "q.txt"]
    assert requirements.parse(requirements.render([entry])) == [entry]


@pytest.mark.parametrize(
    ("line", "pinned"),
    [
        ("a==1", True),
        ("a===1", True),
        ("a == 1.0; x", True),
        ("a==1.*", False),
        ("a", False),
        ("a>=1,==1", False),
        ("a==1,<2", False),
        ("a @ git+https://x", False),
    ],
)
def test_pinned(line: str, pinned: bool) -> None:
    assert requirements.parse(line)[0].pinned is pinned


def test_the_server_layer_carries_hashes() -> None:
    assert packaged_requirements() == SERVER.requirements
    assert all(entry.hashes for entry in SERVER.entries)
    assert not any(re.search("fast", pin) for pin in packaged_requirements())
