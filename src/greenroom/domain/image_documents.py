"""What others are told of an image: its bill of materials (CycloneDX 1.6) and its provenance (in-toto, SLSA 1.0)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from greenroom.domain.image import PROVENANCE, Base, Image, ImageKind, Images
from greenroom.domain.image_parts import Part
from greenroom.domain.provenance import Provenance

BILL_TYPE = "application/vnd.cyclonedx+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
BUILD_TYPE = "urn:greenroom:image:1"
"""How images are built: from a release's finished build, by the recipe in ``internalParameters``."""

_NAMESPACE = uuid.UUID("b5d3cfc4-92d6-5b0e-8b5c-0f3b1c5c2f5e")
Json = dict[str, Any]


def documents(
    project: str,
    images: Images,
    parts: Mapping[ImageKind, Iterable[Part]],
    made: Provenance,
    at: str,
    version: str,
) -> dict[str, Json]:
    """Everything that is told of a release's images, by file name; see :func:`bill` and :func:`statement`."""
    bills = {i.kind.bill: bill(project, images.release, i, parts[i.kind], version) for i in images.all}
    return {**bills, PROVENANCE: statement(images, made, at, version)}


def bill(project: str, release: str, image: Image, parts: Iterable[Part], version: str) -> Json:
    """A bill of materials (https://cyclonedx.org/docs/1.6/json/); ``version`` is Greenroom's. The same image has the same one:
    neither time nor chance stands in it."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, image.digest)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "greenroom", "version": version}]},
            "component": {
                "type": "container",
                "bom-ref": image.digest,
                "name": f"{project}/{image.kind}",
                "version": release,
                "hashes": [{"alg": "SHA-256", "content": image.digest.removeprefix("sha256:")}],
            },
        },
        "components": [*_base(image.base), *map(_component, parts)],
    }


def statement(images: Images, made: Provenance, at: str, version: str) -> Json:
    """Where both images of a release come from (https://slsa.dev/spec/v1.0/provenance); ``at`` as RFC 3339 writes a time."""
    bases = {base.name: base for base in (image.base for image in images.all) if base.name}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(i.kind), "digest": _sha256(i.digest)} for i in images.all],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "release": made.release,
                    "commit": made.commit,
                    "uncommitted": made.dirty,
                },
                "internalParameters": {
                    "recipe": images.recipe,
                    "builder": images.builder,
                    "python": made.python,
                },
                "resolvedDependencies": [
                    {"name": "source", "digest": {"gitCommit": made.commit, "gitTree": made.tree}},
                    {"name": "requirements.lock", "digest": {"sha256": made.lock}},
                    *({"uri": name, "digest": _sha256(b.digest)} for name, b in bases.items() if b.digest),
                ],
            },
            "runDetails": {
                "builder": {
                    "id": f"urn:greenroom:builder:{quote(made.builder or 'unknown', safe='')}",
                    "version": {"greenroom": version},
                },
                "metadata": {"finishedOn": at},
            },
        },
    }


def _component(part: Part) -> Json:
    told: Json = {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    }
    if part.licence:
        told["licenses"] = [{"license": {"name": part.licence}}]
    return told


def _base(base: Base) -> list[Json]:
    if not base.name:
        return []
    told: Json = {"type": "container", "bom-ref": f"base:{base.name}", "name": base.name}
    if base.digest:
        told["hashes"] = [{"alg": "SHA-256", "content": base.digest.removeprefix("sha256:")}]
    return [told]


def _sha256(digest: str) -> Mapping[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}
