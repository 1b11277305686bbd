from __future__ import annotations

from pathlib import Path

import pytest
from builds_shop import write

from greenroom.domain.errors import GreenroomError
from greenroom.domain.revisions import Phase, Revision, RevisionGraph
from greenroom.drivers.builds.revisions import read, undeclared

INI = {"alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n"}


def graph(folder: Path, files: dict[str, str], ini: str = "alembic.ini") -> RevisionGraph:
    write(folder, {**INI, **files})
    return read(folder, ini)


def revision(name: str, parents: str = "None", more: str = "", title: str = "Note") -> str:
    return f'"""{title}\n\nRevision ID: {name}\n"""\nrevision = "{name}"\ndown_revision = {parents}\n{more}\n'


def test_all_forms(tmp_path: Path) -> None:
    files = {
        "migrations/versions/1_a.py": revision("a", title="Add things."),
        "migrations/versions/2_b.py": 'revision: str = "b"\ndown_revision: str | None = "a"\n'
        'branch_labels = ("shop",)\ngreenroom_phase: str = "expand"\n',
        "migrations/versions/3_c.py": revision(
            "c", "'a'", "greenroom_phase = 'offline'\nimport nowhere\n1 / 0"
        ),
        "migrations/versions/4_d.py": revision("d", "('b', 'c')"),
        "migrations/versions/5_e12.py": revision("e12", "None", "depends_on = ['shop', 'd']"),
        "migrations/versions/6_f.py": revision("f", "'d'", "depends_on = 'e1'"),
        "migrations/versions/__init__.py": "",
        "migrations/versions/helper.py": "x = 1\n",
    }
    found = graph(tmp_path, files)
    assert found.revisions == (
        Revision("a", (), Phase.CONTRACT, False, "Add things."),
        Revision("b", ("a",), Phase.EXPAND, True),
        Revision("c", ("a",), Phase.OFFLINE, True, "Note"),
        Revision("d", ("b", "c"), Phase.CONTRACT, False, "Note"),
        Revision("e12", ("b", "d"), Phase.CONTRACT, False, "Note"),
        Revision("f", ("d", "e12"), Phase.CONTRACT, False, "Note"),
    )
    (warning,) = undeclared(found)
    assert warning.startswith("4 revision(s)")
    assert undeclared(RevisionGraph()) == ()


@pytest.mark.parametrize(
    ("ini", "place"),
    [
        ("[alembic]\nscript_location = db\n", "db/versions"),
        ("[alembic]\nscript_location = shop:db\n", "shop/db/versions"),
        ("[alembic]\nscript_location = db\nversion_locations = %(here)s/one, two\n", "two"),
        (
            "[alembic]\nscript_location = db\nversion_path_separator = os\nversion_locations = one:two\n",
            "one",
        ),
        (
            "[alembic]\nscript_location = db\npath_separator = newline\nversion_locations =\n  one\n  a b\n",
            "a b",
        ),
        ("[alembic]\nscript_location = db\nrecursive_version_locations = true\n", "db/versions/2026"),
        ("", "versions"),
    ],
)
def test_places(tmp_path: Path, ini: str, place: str) -> None:
    found = graph(tmp_path, {"alembic.ini": ini, f"{place}/a.py": revision("a")})
    assert found.ids == {"a"}


def test_flask_migrate(tmp_path: Path) -> None:
    files = {"migrations/alembic.ini": "[alembic]\n", "migrations/versions/a.py": revision("a")}
    assert graph(tmp_path, files, "migrations/alembic.ini").ids == {"a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (revision("b", "'a'", "greenroom_phase = 'expnd'"), "b.py: greenroom_phase is 'expnd', not expand"),
        (revision("b", "'a'", "greenroom_phase = 'expnd'"), 'did you mean "expand"?'),
        (revision("a"), "b.py: revision a is also in migrations/versions/a.py"),
        (revision("b", "'zz'"), "b.py: revision b follows 'zz', which no file has"),
        (revision("b", "['a', 3]"), "b.py: down_revision is neither"),
        (revision("b", "make()"), "b.py:6: down_revision is not a plain value"),
        ("def (", "b.py: is not Python that can be read"),
    ],
)
def test_mistakes_name_the_file(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(GreenroomError) as raised:
        graph(tmp_path, {"migrations/versions/a.py": revision("a"), "migrations/versions/b.py": text})
    assert raised.value.code == "migrations"
    assert raised.value.message.startswith("migrations/versions/b.py:")
    assert expected in raised.value.message


def test_a_broken_ini(tmp_path: Path) -> None:
    for text in ("no section", "[alembic]\nx = 1\nx = 2\n"):
        with pytest.raises(GreenroomError, match=r"alembic\.ini: cannot be read"):
            graph(tmp_path, {"alembic.ini": text})
    with pytest.raises(GreenroomError, match=r"other\.ini: is not among"):
        read(tmp_path, "other.ini")
