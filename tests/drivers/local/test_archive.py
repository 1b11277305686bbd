"""The platform's own state goes into a file and comes back; what is no such file changes nothing."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from greenroom.domain.environment import TargetKind, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.record import Record, State
from greenroom.domain.secret import Secret
from greenroom.drivers.ledger.sqlite import SqliteLedger
from greenroom.drivers.local.archive import read_archive, write_archive
from greenroom.drivers.local.layout import open_layout
from greenroom.drivers.local.records import LocalRecords
from greenroom.drivers.local.secrets import SecretFile
from greenroom.drivers.system.real import this_machine

RECORD = Record(
    "fb-1",
    "fb-{issue}",
    "anna/AFO-1_a",
    Tier.REVIEW,
    "fb-1.shop.test",
    1.0,
    State.READY,
    2.0,
    "c",
    target=TargetKind.LOCAL,
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a history, a record, secrets and the edge's authority."""
    machine = this_machine()
    layout = open_layout(tmp_path / "one", str(tmp_path))
    ledger = SqliteLedger(layout.root / "ledger.sqlite", machine.clock)
    for number in range(20):
        ledger.append("production", "switched", slot=f"{number:012x}-{number}")
    LocalRecords(layout, machine.disk).put(RECORD)
    SecretFile(layout.root / "secrets", "fb-1").put("SECRET_KEY", Secret("a very secret key"))
    pki = layout.root / "caddy" / "pki" / "authorities" / "local"
    pki.mkdir(parents=True)
    (pki / "root.key").write_text("the key")
    (layout.root / "slots" / "rubbish").write_text("not state")
    return layout.root


def test_there_and_back(state: Path, tmp_path: Path) -> None:
    machine, file = this_machine(), tmp_path / "state.tar.gz"
    assert write_archive(state, file, 5.0) == 5
    assert file.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "two"
    assert read_archive(file, other) == 20
    layout = open_layout(other, str(tmp_path / "x"))
    assert LocalRecords(layout, machine.disk).all() == (RECORD,)
    secret = SecretFile(other / "secrets", "fb-1").get("SECRET_KEY")
    assert secret is not None
    assert secret.reveal() == "a very secret key"
    ledger = SqliteLedger(other / "ledger.sqlite", machine.clock)
    assert ledger.verify() == 20
    ledger.append("production", "switched", slot="x")
    assert ledger.verify() == 21
    assert (other / "caddy/pki/authorities/local/root.key").read_text() == "the key"
    assert not (other / "slots" / "rubbish").exists()
    assert all(p.stat().st_mode & 0o077 == 0 for p in other.rglob("*") if p.is_file())


def test_a_history_is_never_overwritten(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "state.tar.gz"
    write_archive(state, file, 5.0)
    with pytest.raises(GreenroomError) as raised:
        read_archive(file, state)
    assert (raised.value.code, raised.value.exit) == ("state-there", Exit.REFUSED)


@pytest.mark.parametrize("cut", [0, 1, 50, 400, -1])
def test_a_file_that_is_cut_changes_nothing(state: Path, tmp_path: Path, cut: int) -> None:
    file, other = tmp_path / "state.tar.gz", tmp_path / "two"
    write_archive(state, file, 5.0)
    whole = file.read_bytes()
    file.write_bytes(whole[:cut])
    with pytest.raises(GreenroomError) as raised:
        read_archive(file, other)
    assert (raised.value.code, raised.value.exit) == ("no-archive", Exit.USAGE)
    assert not other.exists()


@pytest.mark.parametrize("name", ["../out", "secrets/../../out", "/etc/x", "slots/x", "secrets/link"])
def test_nothing_is_written_elsewhere(state: Path, tmp_path: Path, name: str) -> None:
    file, other = tmp_path / "state.tar.gz", tmp_path / "two"
    write_archive(state, file, 5.0)
    with tarfile.open(file) as tar:
        members = [(m, tar.extractfile(m)) for m in tar]
        contents = [(m, f.read() if f else b"") for m, f in members]
    evil = tarfile.TarInfo(name)
    if name.endswith("link"):
        evil.type, evil.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(file, "w:gz") as tar:
        for member, data in [*contents, (evil, b"")]:
            tar.addfile(member, io.BytesIO(data))
    with pytest.raises(GreenroomError, match="does not belong"):
        read_archive(file, other)
    assert not other.exists()
