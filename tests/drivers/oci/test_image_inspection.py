"""Every planted file is found, in whichever layer it lies and whether or not a later one deletes it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from greenroom.domain.errors import GreenroomError
from greenroom.domain.findings import Severity
from greenroom.domain.image_contents import Inspection
from greenroom.domain.image_rules import judge
from greenroom.drivers.oci import OciReader

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
Files = Mapping[str, str]


def layer(files: Files, modes: Mapping[str, int] | None = None) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), (modes or {}).get(name, 0o644)
            tar.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


def archive(path: Path, layers: Sequence[bytes], config: Mapping[str, object] | None = None) -> Path:
    """What ``docker save`` writes."""
    digests = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in layers]
    told = {
        "config": {"User": "10001", "WorkingDir": "/app/src", **(config or {})},
        "rootfs": {"diff_ids": digests},
    }
    parts = {f"{n}/layer.tar": data for n, data in enumerate(layers)}
    manifest = [{"Config": "config.json", "RepoTags": ["planted:1"], "Layers": list(parts)}]
    parts |= {"config.json": json.dumps(told).encode(), "manifest.json": json.dumps(manifest).encode()}
    with tarfile.open(path, "w") as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def inspected(path: Path) -> Inspection:
    return judge(OciReader(None, {"PATH": ""}, lambda _registry: False).read(str(path)))


PLANTED: Files = {
    "app/src/.git/config": "[core]",
    "app/src/.env": "PASSWORD=x",
    "app/src/node_modules/left-pad/index.js": "",
    "app/src/tests/test_app.py": "",
    "app/src/__pycache__/app.cpython-311.pyc": "x",
    "app/src/.pytest_cache/README.md": "",
    "root/.cache/pip/http/a": "x",
    "root/.netrc": "machine x",
    "etc/server.pem": KEY,
    "home/me/.ssh/id_ed25519": "x",
    "var/lib/apt/lists/deb_Packages": "x",
    "usr/bin/gcc": "x",
}
RULES = {
    "app/src/.git": "git",
    "app/src/.env": "env-file",
    "app/src/node_modules": "node-modules",
    "app/src/tests": "tests",
    "app/src/__pycache__": "compiled",
    "app/src/.pytest_cache": "tool-cache",
    "root/.cache": "package-cache",
    "root/.netrc": "login",
    "etc/server.pem": "private-key",
    "home/me/.ssh/id_ed25519": "ssh",
    "var/lib/apt/lists/deb_Packages": "apt-cache",
    "usr/bin/gcc": "compiler",
}


def test_everything_planted_is_found(tmp_path: Path) -> None:
    found = {
        s.path.strip("/"): s.rule for s in inspected(archive(tmp_path / "a.tar", [layer(PLANTED)])).suspects
    }
    assert found == RULES


def test_what_a_later_layer_deletes_is_still_there(tmp_path: Path) -> None:
    gone = {f"{Path(name).parent}/.wh.{Path(name).name}": "" for name in PLANTED}
    found = inspected(
        archive(tmp_path / "a.tar", [layer({"etc/os-release": "x"}), layer(PLANTED), layer(gone)])
    )
    seen = {s.path.strip("/"): (s.rule, s.layer, s.hidden) for s in found.suspects}
    # A compiler is only dangerous while it can be reached.
    assert seen == {path: (rule, 1, 2) for path, rule in RULES.items() if rule != "compiler"}
    assert found.contents.wasted > 0


def test_rights_and_configuration(tmp_path: Path) -> None:
    files = {"bin/su": "x", "app/open": "x", "app/fine": "x"}
    modes = {"bin/su": 0o4755, "app/open": 0o666}
    config = {"Env": ["API_TOKEN=abcdef", "PATH=/bin"], "User": ""}
    found = inspected(archive(tmp_path / "a.tar", [layer(files, modes)], config))
    seen = {s.rule: s.path for s in found.suspects}
    assert seen == {
        "setuid": "/bin/su",
        "world-writable": "/app/open",
        "env-secret": "ENV API_TOKEN",
        "root": "USER",
    }


def test_a_clean_image_is_clean(tmp_path: Path) -> None:
    found = inspected(
        archive(tmp_path / "a.tar", [layer({"app/src/wsgi.py": "app = 1", "venv/bin/python": "x"})])
    )
    assert [s for s in found.suspects if s.severity is not Severity.INFO] == []
    assert dict(found.contents.by_folder())["/app/src"] == len("app = 1")


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b" + bytes(50)])
def test_what_is_no_image_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(GreenroomError) as caught:
        inspected(tmp_path / "a.tar")
    assert caught.value.code == "no-image"
