"""A root and a certificate, for shop.localhost or other names, made with the openssl binary."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Keys:
    """PEM files: a root, and a certificate that it signed."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_keys(folder: Path, *names: str) -> Keys:
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, key, ask, cert = (folder / n for n in ("ca.pem", "ca.key", "key.pem", "ask.pem", "cert.pem"))
    more = folder / "more.cnf"
    told = ",".join(f"DNS:{name}" for name in names or ("shop.localhost",))
    more.write_text(f"subjectAltName={told}\n")
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    steps = [
        [*new, "-x509", "-days", "2", "-subj", "/CN=Test root", "-keyout", str(ca_key), "-out", str(ca)],
        [*new, "-subj", "/CN=shop", "-keyout", str(key), "-out", str(ask)],
        [
            *(
                "openssl",
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                str(ask),
                "-CA",
                str(ca),
                "-CAkey",
                str(ca_key),
            ),
            *("-CAcreateserial", "-extfile", str(more), "-out", str(cert)),
        ],
    ]
    for step in steps:
        subprocess.run(step, check=True, capture_output=True)
    return Keys(ca, cert, key)
