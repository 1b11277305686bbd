"""Documents beside an image in its registry: artifacts that refer to it (OCI Distribution Specification 1.1, "Referrers").

Registries before 1.1 do not answer who refers to an image; for them the list is kept under a tag, as the specification's
"Referrers Tag Schema" says.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.drivers.oci.registry import Registry
from greenroom.drivers.oci.store import MANIFEST

INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
NOTHING = b"{}"
TITLE = "org.opencontainers.image.title"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A file and what it is: ``kind`` is its media type, and the artifact's type."""

    name: str
    kind: str
    path: Path


def attach(registry: Registry, subject: bytes, document: Document) -> None:
    """Bring a document to the registry as a referrer of the image whose manifest is ``subject``; again changes nothing."""
    content = json.dumps(_manifest(subject, document), separators=(",", ":")).encode()
    with tempfile.NamedTemporaryFile(prefix="greenroom-empty-") as nothing:
        nothing.write(NOTHING)
        nothing.flush()
        registry.put_blob(digest_of(NOTHING), Path(nothing.name))
    registry.put_blob(digest_of(document.path.read_bytes()), document.path)
    if not registry.put_manifest(digest_of(content), content):
        _list(registry, digest_of(subject), {**described(content, MANIFEST), "artifactType": document.kind})


def referrers_tag(digest: str) -> str:
    """The tag with the list of those who refer to an image, where the registry keeps none."""
    return digest.replace(":", "-")


def _list(registry: Registry, subject: str, entry: Json) -> None:
    tag = referrers_tag(subject)
    listed: list[Json] = []
    if registry.digest_of(tag):
        listed = json.loads(registry.manifest(tag)[0])["manifests"]
    if all(one["digest"] != entry["digest"] for one in listed):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]}
        registry.put_manifest(tag, json.dumps(index, separators=(",", ":")).encode(), INDEX)


def _manifest(subject: bytes, document: Document) -> Json:
    layer = {**described(document.path.read_bytes(), document.kind), "annotations": {TITLE: document.name}}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": document.kind,
        "config": described(NOTHING, EMPTY),
        "layers": [layer],
        "subject": described(subject, MANIFEST),
    }


def described(content: bytes, media: str) -> Json:
    """A descriptor, as manifests name what they need."""
    return {"mediaType": media, "digest": digest_of(content), "size": len(content)}


def digest_of(content: bytes) -> str:
    """The name of those bytes in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
