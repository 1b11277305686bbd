"""What is told of an image: read from its own package databases, held to CycloneDX, and found beside it in a registry."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from test_image_inspection import archive, layer

from greenroom.domain.image import PROVENANCE, Base, Image, ImageKind, Images
from greenroom.domain.image_documents import BILL_TYPE, documents
from greenroom.domain.image_parts import Part, installed
from greenroom.domain.provenance import Provenance
from greenroom.drivers.oci import OciReader
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.referrers import Document, attach, referrers_tag
from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import CONFIG, MANIFEST

DPKG = """\
Package: libc6
Status: install ok installed
Version: 2.36-9+deb12u13
Description: GNU C Library
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1
"""
FLASK = "Metadata-Version: 2.4\nName: Flask_WTF\nVersion: 1.2.2\nLicense-Expression: BSD-3-Clause\n\nName: prose\n"
PIP = "Metadata-Version: 2.4\nName: pip\nVersion: 25.0\n"
SITE = "app/venv/lib/python3.11/site-packages"


def image(kind: ImageKind, number: int) -> Image:
    return Image(
        kind, f"sha256:{number:064x}", 10, 20, Base("docker.io/library/python:3.11", "sha256:" + "b" * 64)
    )


IMAGES = Images("abc", image(ImageKind.APP, 1), image(ImageKind.STATIC, 2), "buildah", "c" * 64)
MADE = Provenance("abc", "d" * 64, "", "e" * 40, "f" * 40, "1" * 64, "cp311", "me@here greenroom 0", 0.0)


def test_packages_are_read_from_the_databases_of_what_can_be_seen(tmp_path: Path) -> None:
    first = layer(
        {
            "etc/os-release": 'PRETTY_NAME="Debian"\nID=debian\n',
            "var/lib/dpkg/status": DPKG,
            f"{SITE}/pip-25.0.dist-info/METADATA": PIP,
        }
    )
    second = layer(
        {f"{SITE}/.wh.pip-25.0.dist-info": "", f"{SITE}/flask_wtf-1.2.2.dist-info/METADATA": FLASK}
    )
    contents = OciReader(None, {"PATH": ""}, lambda _: False).read(
        str(archive(tmp_path / "image.tar", [first, second]))
    )
    assert installed(contents) == (
        Part("deb", "libc6", "2.36-9+deb12u13", "", "debian"),
        Part("pypi", "flask-wtf", "1.2.2", "BSD-3-Clause"),
    )
    assert installed(contents)[0].purl == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13"


def test_the_documents_hold_to_their_formats_and_do_not_change_by_themselves() -> None:
    parts = {
        ImageKind.APP: (
            Part("pypi", "flask", "3.1.1", "BSD-3-Clause"),
            Part("deb", "libc6", "2", "", "debian"),
        ),
        ImageKind.STATIC: (Part("apk", "nginx", "1.29", "BSD-2-Clause", "alpine"),),
    }
    told = documents("shop", IMAGES, parts, MADE, "1970-01-01T00:00:00Z", "1.0")
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for kind in ImageKind:
        bill = told[kind.bill]
        assert validator.validate_str(json.dumps(bill)) is None
        assert bill == documents("shop", IMAGES, parts, MADE, "1971-01-01T00:00:00Z", "1.0")[kind.bill]
        assert {p.purl for p in parts[kind]} == {c["purl"] for c in bill["components"] if "purl" in c}
    statement = told[PROVENANCE]
    assert [s["digest"]["sha256"] for s in statement["subject"]] == [f"{1:064x}", f"{2:064x}"]
    predicate = statement["predicate"]
    assert predicate["buildDefinition"]["externalParameters"]["commit"] == MADE.commit
    assert predicate["runDetails"]["metadata"]["finishedOn"] == "1970-01-01T00:00:00Z"
    assert " " not in predicate["runDetails"]["builder"]["id"]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[str, Registry]]:
    """A real registry of the generation before OCI 1.1, with an image of one empty layer in it."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("no docker-registry on PATH")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    settings = tmp_path / "registry.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/data}}}}\nhttp: {{addr: {host}}}\n"
    )
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([program, "serve", str(settings)], stdout=log, stderr=log)
    try:
        _answers(host)
        yield host, Registry(Reference.parse(f"{host}/shop/app:one"), Logins({}), insecure=True)
    finally:
        server.kill()
        server.wait()


def _answers(host: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}/v2/", timeout=5):
                return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_document_is_listed_beside_the_image_it_tells_of(
    registry: tuple[str, Registry], tmp_path: Path
) -> None:
    _, known = registry
    config = tmp_path / "config.json"
    config.write_text("{}")
    size, digest = 2, f"sha256:{hashlib.sha256(b'{}').hexdigest()}"
    known.put_blob(digest, config)
    told: dict[str, Any] = {"mediaType": CONFIG, "digest": digest, "size": size}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": told, "layers": []}).encode()
    known.put_manifest("one", manifest)
    subject = known.digest_of("one")
    bill = tmp_path / "bill.json"
    bill.write_text('{"bomFormat": "CycloneDX"}')
    for _ in range(2):
        attach(known, manifest, Document("bill.json", BILL_TYPE, bill))
    (entry,) = json.loads(known.manifest(referrers_tag(subject))[0])["manifests"]
    assert entry["artifactType"] == BILL_TYPE
    artifact = json.loads(known.manifest(entry["digest"])[0])
    assert artifact["subject"]["digest"] == subject
    with known.blob(artifact["layers"][0]["digest"]) as body:
        assert body.read() == bill.read_bytes()
