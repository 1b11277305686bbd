from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest
from builds_shop import ENVIRON, HASHED, SERVER, Shop, write

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.project import App
from greenroom.domain.revisions import Phase
from greenroom.drivers.builds import Builds, Damaged, ServerLayer
from greenroom.drivers.builds.builds import manifest
from greenroom.drivers.builds.venvs import python_tag
from greenroom.drivers.system.processes import run


def code_of(builds: Builds, ref: str = "HEAD", dirty: bool = False) -> GreenroomError:
    with pytest.raises(GreenroomError) as raised:
        builds.build(ref, dirty)
    return raised.value


def test_a_release_is_whole_and_labelled(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.builds().build()
    place = shop.builds().path(release.id)
    assert (release.commit, release.subject) == (shop.git("rev-parse", "HEAD"), "First light")
    assert (release.author, release.created_at, release.dirty) == ("Ada", 1_800_000_000.0, False)
    assert release.digest.startswith(release.id)
    assert len(release.id) == 12
    assert (place / "src" / "wsgi.py").read_bytes() == (shop.folder / "wsgi.py").read_bytes()
    assert (place / "src" / "wsgi.py").stat().st_mode & 0o222 == 0
    assert (place / "src" / "__pycache__").is_dir()
    assert set(manifest(place)) == {"css/app.css", "img/lamp.svg"}
    assert "gunicorn==27.0.1" in (place / "requirements.lock").read_text()
    assert shop.run(release, "import gunicorn; print(gunicorn.__version__)") == "27.0.1"
    check = [str(place / "venv" / "bin" / "gunicorn"), "--check-config", "wsgi:app"]
    assert run(check, cwd=place / "src", env={}).ok


def test_tracebacks_name_the_release(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.builds().build()
    name = shop.run(release, "import shop; print(shop.create_app.__code__.co_filename)")
    assert name == str(shop.builds().path(release.id) / "src" / "shop" / "__init__.py")


def test_the_same_commit_is_built_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = shop.builds().build()
    shop.said.clear()
    assert shop.builds().build("main") == first
    assert shop.said == []


def test_an_unrelated_commit_makes_no_new_release(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "apps/shop")
    first = shop.builds().build()
    write(shop.root, {"README": "elsewhere"})
    shop.commit("Say hello")
    assert shop.builds().build() == first
    second = shop.commit("Change the app", {"shop/more.py": "x = 1\n"})
    release = shop.builds().build()
    assert release.id != first.id
    assert release.commit == second
    assert sorted(p.name for p in (shop.builds().path(first.id) / "src").iterdir() if p.suffix) == [
        "requirements.txt",
        "wsgi.py",
    ]


def test_environments_are_shared_and_the_server_layer_counts(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    first = shop.builds().build()
    shop.commit("Next", {"shop/more.py": ""})
    second = shop.builds().build()
    third = shop.builds(server=dataclasses.replace(SERVER, digest="server-2")).build()
    assert len({first.id, second.id, third.id}) == 3
    venvs = {(shop.builds().path(r.id) / "venv").resolve() for r in (first, second, third)}
    assert len(venvs) == 1


def test_settings_that_shape_the_build_count(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    without = shop.builds(App("wsgi:app")).build()
    release = shop.builds().build()
    assert without.id != release.id
    assert manifest(shop.builds().path(without.id)) == {}
    assert list((shop.builds().path(without.id) / "static").iterdir()) == []


def test_a_dirty_release(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    clean = shop.builds().build()
    assert shop.builds().build(dirty=True) == clean
    write(shop.folder, {"shop/new.py": "x = 1\n", "debug.log": "secret"})
    (shop.folder / "wsgi.py").unlink()
    before = shop.git("status", "--porcelain"), (shop.root / ".git" / "index").read_bytes()
    release = shop.builds().build(dirty=True)
    assert (shop.git("status", "--porcelain"), (shop.root / ".git" / "index").read_bytes()) == before
    source = shop.builds().path(release.id) / "src"
    assert release.dirty
    assert release.id != clean.id
    assert (source / "shop" / "new.py").exists()
    assert not (source / "debug.log").exists()
    assert not (source / "wsgi.py").exists()
    assert shop.builds().build().warnings[-1].startswith("2 files changed since the commit are not in")


def test_a_dirty_subfolder_without_any_commit(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "apps/shop")
    shop.git("update-ref", "-d", "HEAD")
    assert code_of(shop.builds()).code == "no-commit"
    release = shop.builds().build(dirty=True)
    assert (release.commit, release.dirty) == ("", True)
    assert (shop.builds().path(release.id) / "src" / "wsgi.py").exists()


def test_state_inside_the_project_is_left_out(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.state = shop.folder / ".state"
    release = shop.builds().build(dirty=True)
    assert shop.builds().build(dirty=True) == release
    assert shop.builds().build().warnings == release.warnings
    shop.commit("Ignore it", {".gitignore": ".state/\n"})
    assert shop.builds().build(dirty=True).dirty is False


def test_what_cannot_be_built_is_said(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "shop")
    assert code_of(shop.builds(), "nowhere").code == "unknown-ref"
    assert code_of(shop.builds(), "--all").code == "unknown-ref"
    missing = code_of(shop.builds(App("wsgi:app", static="none")))
    assert (missing.code, missing.exit) == ("static-missing", Exit.USAGE)
    assert code_of(shop.builds(App("wsgi:app", alembic="alembic.ini"))).code == "migrations"
    assert code_of(shop.builds(App("wsgi:app", requirements="other.txt"))).code == "requirements-missing"
    shop.git("rm", "-rq", "--cached", "shop")
    shop.git("commit", "-qm", "Gone")
    assert code_of(shop.builds()).code == "not-in-commit"
    assert shop.leftovers() == []
    assert shop.builds().releases() == ()


def test_outside_of_git(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    (shop.root / ".git").rename(tmp_path / "elsewhere")
    environ = {**ENVIRON, "GIT_DIR": str(tmp_path / "elsewhere"), "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    error = code_of(shop.builds(environ=environ))
    assert error.code == "no-repository"
    assert "git init" in error.hint


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    (shop.folder / "out").symlink_to("/etc/passwd")
    shop.commit("Link")
    assert code_of(shop.builds()).code == "unsafe-source"
    assert shop.leftovers() == []


def test_the_revision_graph_is_kept(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    files = {
        "alembic.ini": "[alembic]\nscript_location = migrations\n",
        "migrations/versions/a.py": '"""First."""\nrevision = "a1"\ndown_revision = None\n',
        "migrations/versions/b.py": 'revision = "b2"\ndown_revision = "a1"\ngreenroom_phase = "expand"\n',
    }
    shop.commit("Migrations", files)
    builds = shop.builds(App("wsgi:app", static="shop/static", alembic="alembic.ini"))
    release = builds.build()
    assert [r.phase for r in release.revisions.revisions] == [Phase.CONTRACT, Phase.EXPAND]
    assert release.revisions.heads == {"b2"}
    assert builds.get(release.id) == release
    assert any("a1" in warning and "greenroom_phase" in warning for warning in release.warnings)


def test_get_takes_a_prefix(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    builds = shop.builds()
    first = builds.build()
    shop.commit("Next", {"shop/more.py": ""})
    second = builds.build()
    shared = next(n for n in range(12) if first.id[: n + 1] != second.id[: n + 1])
    assert builds.get(first.id[: shared + 1]) == first
    for wrong, code in (("x", "unknown-release"), ("", "unknown-release"), (first.id[:shared] or "x", "")):
        with pytest.raises(GreenroomError) as raised:
            builds.get(wrong)
        assert raised.value.code.endswith("-release")
        assert code in raised.value.code
        assert first.id in raised.value.details


def test_damaged_builds_are_reported_and_rebuilt(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    builds = shop.builds()
    release = builds.build()
    record = builds.path(release.id) / "build.json"
    whole = record.read_text()
    for text in (
        "",
        whole[:100],
        "[]",
        "[" * 5000,
        '{"format": 1}',
        '{"format": 2}',
        whole.replace(release.id, "x"),
    ):
        record.write_text(text)
        assert builds.releases() == ()
        (damaged,) = builds.damaged()
        assert (damaged.id, bool(damaged.reason)) == (release.id, True)
        with pytest.raises(GreenroomError, match="damaged"):
            builds.get(release.id)
    assert builds.build() == release
    assert builds.damaged() == ()
    record.unlink()
    assert isinstance(builds.damaged()[0], Damaged)


def test_a_lost_environment_is_made_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    builds = shop.builds()
    release = builds.build()
    (builds.path(release.id) / "venv" / "complete").unlink()
    assert builds.damaged()[0].reason.startswith("its Python environment")
    assert builds.build() == release
    assert shop.run(release, "import itsdangerous") == ""


def test_remove_and_collect(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    builds = shop.builds()
    first = builds.build()
    shop.commit("Next", {"requirements.txt": "itsdangerous==2.2.0\nclick\n"})
    second = builds.build()
    assert len(list((shop.state / "venvs").iterdir())) == 2
    builds.remove("")
    builds.remove("../venvs")
    builds.remove(first.id)
    builds.remove(first.id)
    assert builds.releases() == (second,)
    builds.collect()
    assert len(list((shop.state / "venvs").iterdir())) == 1
    builds.remove(second.id)
    builds.collect()
    assert list((shop.state / "venvs").iterdir()) == []
    assert shop.leftovers() == []
    assert builds.build() == second


def test_removing_frozen_files_needs_no_special_rights(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.builds().build()
    source = shop.builds().path(release.id) / "src"
    assert all(p.stat().st_mode & 0o222 == 0 for p in source.rglob("*") if p.is_file())
    shop.builds().remove(release.id)
    assert not source.exists()


def test_the_python_is_part_of_the_identity(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    builds = shop.builds()
    record = json.loads((builds.path(builds.build().id) / "build.json").read_text())
    assert record["identity"]["python"] == python_tag(Path(sys.executable), ENVIRON)[0]
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    assert python_tag(other, ENVIRON) == python_tag(Path(sys.executable), ENVIRON)
    for wrong in (tmp_path / "none", Path("/bin/false")):
        with pytest.raises(GreenroomError):
            python_tag(wrong, ENVIRON)


def test_a_server_without_own_hashes(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    release = shop.builds(server=ServerLayer(("gunicorn==23.0.0",), "old")).build()
    assert shop.run(release, "import gunicorn; print(gunicorn.__version__)") == "23.0.0"
    shop.commit("Hashes", {"requirements.txt": HASHED})
    release = shop.builds(server=ServerLayer(("gunicorn==23.0.0",), "old")).build()
    assert shop.run(release, "import packaging, itsdangerous") == ""


def test_provenance_tells_every_change(tmp_path: Path) -> None:
    """A build made anew from its commit has the same digests; one whose files were changed has not."""
    shop = Shop(tmp_path)
    builds = shop.builds()
    release = builds.build()
    first = builds.provenance(release.id)
    assert first.commit == release.commit
    builds.remove(release.id)
    assert builds.build().id == release.id
    again = builds.provenance(release.id)
    assert again.differs(first.to_json()) == ()
    source = next((builds.path(release.id) / "src").rglob("*.py"))
    source.chmod(0o644)
    text = source.read_text()
    source.write_text(text + "#")
    assert builds.provenance(release.id).differs(first.to_json()) == ("content",)
    source.write_text(text)
    package = next((builds.path(release.id) / "venv").resolve().rglob("itsdangerous/__init__.py"))
    package.write_text(package.read_text() + "#")
    assert builds.provenance(release.id).differs(first.to_json()) == ("venv",)
    assert builds.provenance(release.id, deep=False).differs(first.to_json()) == ()


def test_a_branch_that_is_only_at_the_remote_is_found(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    commit = shop.commit("Work of a colleague", {"shop/more.py": ""})
    shop.git("update-ref", "refs/remotes/origin/anna/AFO-1_cart", commit)
    shop.git("reset", "-q", "--hard", "HEAD~1")
    builds = shop.builds()
    assert builds.build("anna/AFO-1_cart").commit == commit
    assert builds.build().commit != commit
