from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.domain.errors import GreenroomError
from greenroom.drivers.builds.statics import Statics, publish

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made(folder: Path, files: dict[str, bytes]) -> tuple[Statics, dict[str, bytes]]:
    source, target = folder / "source", folder / "target"
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    found = publish(source, target, "/static/")
    return found, {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}


def test_both_names_and_rewritten_sheets(tmp_path: Path) -> None:
    found, files = made(
        tmp_path,
        {
            "css/app.css": b"@import 'base.css'; a{b:url(../img/x.png?v#f) url(/static/img/x.png) url(none.png)}",
            "css/base.css": b"p{background:url(data:,x)}",
            "img/x.png": b"\x89PNG",
            "LICENSE": b"free",
            "js/app.min.js": b"1",
            ".well-known/x": b"",
        },
    )
    names = found.manifest
    assert set(names) | set(names.values()) == {
        name for name in files if not name.endswith((".gz", ".br", ".zst"))
    }
    image = names["img/x.png"].rsplit("/", 1)[1].encode()
    base = names["css/base.css"].rsplit("/", 1)[1].encode()
    assert files[names["css/app.css"]] == (
        b"@import '%s'; a{b:url(../img/%s?v#f) url(/static/img/%s) url(none.png)}" % (base, image, image)
    )
    assert b"../img/x.png" in files["css/app.css"]
    assert found.missing == ("css/app.css -> css/none.png",)
    assert names["js/app.min.js"].startswith("js/app.min.")
    assert names["js/app.min.js"].endswith(".js")
    assert len(names["LICENSE"]) == len("LICENSE.") + 10


def test_a_changed_image_changes_the_sheets_above_it(tmp_path: Path) -> None:
    files = {"a.css": b"@import 'b.css'", "b.css": b"p{b:url(x.png)}", "c.css": b"", "x.png": b"1"}
    first, _ = made(tmp_path / "1", files)
    second, _ = made(tmp_path / "2", {**files, "x.png": b"2"})
    changed = {name for name in files if first.manifest[name] != second.manifest[name]}
    assert changed == {"a.css", "b.css", "x.png"}


def test_cycles(tmp_path: Path) -> None:
    files = {"a.css": b"@import 'b.css'", "b.css": b"@import 'a.css';@import 'b.css'"}
    found, written = made(tmp_path / "1", files)
    a, b = found.manifest["a.css"], found.manifest["b.css"]
    assert written[a] == f"@import '{b}'".encode()
    assert written[b] == f"@import '{a}';@import '{b}'".encode()
    other, _ = made(tmp_path / "2", {**files, "a.css": b"@import 'b.css' "})
    assert other.manifest["b.css"] != b


def test_compressed_only_where_it_helps(tmp_path: Path) -> None:
    long = b"body { color: green } " * 200
    found, files = made(tmp_path, {"a.css": long, "tiny.css": b"a", "x.png": long})
    name = found.manifest["a.css"]
    assert gzip.decompress(files[name + ".gz"]) == long
    assert brotli.decompress(files[name + ".br"]) == long
    assert zstandard.ZstdDecompressor().decompress(files[name + ".zst"]) == long
    assert {n for n in files if n.endswith((".gz", ".br", ".zst"))} == {
        name + e for e in (".gz", ".br", ".zst")
    }


def test_links_out_are_left_out_and_bytes_survive(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "out.txt").symlink_to("/etc/hostname")
    odd = b"p{content:'\xff\xc3\xa9'; b:url(\xc3\xa9.png)}"
    found, files = made(tmp_path, {"a.css": odd, "é.png": b"1"})
    assert set(found.manifest) == {"a.css", "é.png"}
    quoted = found.manifest["é.png"].replace("é", "%C3%A9").encode()
    assert files[found.manifest["a.css"]] == b"p{content:'\xff\xc3\xa9'; b:url(%s)}" % quoted


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match="is not in the release"):
        publish(tmp_path / "none", tmp_path / "target", "/static/")


@settings(CALM, max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["a.css", "b.css", "d/c.css", "d/x.js", "y.png"]),
        st.lists(st.sampled_from(["url(", ")", "a.css", "../", "d/", "'", "y.png", "x.js", "@import ", ";"])),
    )
)
def test_the_same_files_give_the_same_bytes(parts: dict[str, list[str]]) -> None:
    files = {name: "".join(words).encode() for name, words in parts.items()}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        Path(one, "source").mkdir()
        Path(two, "source").mkdir()
        assert made(Path(one), files) == made(Path(two), dict(reversed(files.items())))
