"""Encrypted files of secrets: real age, and SOPS where the program is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.secrets import read_encrypted

TEXT = '# of the shop\nSMTP_PASSWORD=hunter2=x\n\nSTRIPE_KEY="sk live"\n'


@pytest.fixture
def keys(tmp_path: Path) -> tuple[pyrage.x25519.Identity, Path]:
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "keys.txt"
    file.touch(mode=0o600)
    file.write_text(f"# created: today\n{identity}\n")
    return identity, file


def sealed(folder: Path, identity: pyrage.x25519.Identity, text: str = TEXT) -> Path:
    file = folder / "secrets.age"
    file.write_bytes(pyrage.encrypt(text.encode(), [identity.to_public()]))
    return file


def test_age_is_opened_with_its_key(tmp_path: Path, keys: tuple[pyrage.x25519.Identity, Path]) -> None:
    found = read_encrypted(sealed(tmp_path, keys[0]), keys[1], os.environ)
    assert {k: v.reveal() for k, v in found.items()} == {
        "SMTP_PASSWORD": "hunter2=x",
        "STRIPE_KEY": "sk live",
    }
    assert "hunter2" not in repr(found)


def test_what_cannot_be_opened_says_why_and_shows_nothing(
    tmp_path: Path, keys: tuple[pyrage.x25519.Identity, Path]
) -> None:
    identity, key_file = keys
    file = sealed(tmp_path, pyrage.x25519.Identity.generate())
    with pytest.raises(GreenroomError) as raised:
        read_encrypted(file, key_file, os.environ)
    assert (raised.value.code, raised.value.exit) == ("secrets-closed", Exit.FAILED)
    with pytest.raises(GreenroomError, match="there is no key"):
        read_encrypted(file, tmp_path / "none.txt", os.environ)
    with pytest.raises(GreenroomError, match="there is no file"):
        read_encrypted(tmp_path / "other.age", key_file, os.environ)
    with pytest.raises(GreenroomError, match="line 1 in it") as raised:
        read_encrypted(sealed(tmp_path, identity, "very secret words"), key_file, os.environ)
    assert "very secret" not in raised.value.message
    sealed(tmp_path, identity)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(GreenroomError, match="cannot be opened"):
        read_encrypted(file, key_file, os.environ)
    key_file.chmod(0o644)
    with pytest.raises(GreenroomError) as raised:
        read_encrypted(file, key_file, os.environ)
    assert (raised.value.code, raised.value.exit) == ("secrets-open", Exit.UNSAFE)


def test_without_sops_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "secrets.enc.yaml").write_text("x: 1\n")
    environ, before = {"PATH": str(tmp_path)}, os.environ["PATH"]
    os.environ["PATH"] = str(tmp_path)
    try:
        with pytest.raises(GreenroomError) as raised:
            read_encrypted(tmp_path / "secrets.enc.yaml", None, environ)
    finally:
        os.environ["PATH"] = before
    assert raised.value.code == "sops-missing"


@pytest.mark.skipif(not shutil.which("sops"), reason="the program sops is not there")
def test_sops_opens_its_own(tmp_path: Path, keys: tuple[pyrage.x25519.Identity, Path]) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text("SMTP_PASSWORD: hunter2\nPORT: 25\n")
    done = subprocess.run(
        ["sops", "encrypt", "--age", str(keys[0].to_public()), str(plain)], capture_output=True, check=True
    )
    file = tmp_path / "secrets.enc.yaml"
    file.write_bytes(done.stdout)
    assert b"hunter2" not in done.stdout
    found = read_encrypted(file, keys[1], os.environ)
    assert {k: v.reveal() for k, v in found.items()} == {"SMTP_PASSWORD": "hunter2", "PORT": "25"}
