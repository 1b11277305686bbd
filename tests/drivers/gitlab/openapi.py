"""Holds requests and answers of the fake to GitLab's own OpenAPI document.

The document says "string" of everything that its authors gave no type; such a property may be of any type. Of a property
with an example or a format the type counts. Nothing may be asked or answered that the document does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from greenroom.testing.gitlab.things import Exchange

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "data" / "gitlab-openapi.json").read_text()
)
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
EVERYWHERE = {"pagination"}
"""Documented for all lists that can be paged by keyset, and in no path's parameters."""

REFUSALS = (400, 401, 403, 404)
"""Every path may answer these, whether its entry says so or not."""

BESIDE = {
    "GET /projects/{id}/merge_requests": (
        {"scope", "state", "order_by", "sort", "source_branch", "target_branch", "page", "per_page"},
        "API_Entities_MergeRequestBasic",
    ),
    "GET /projects/{id}": (set(), ""),
    "PUT /projects/{id}": (set(), ""),
    "GET /application/settings": (set(), ""),
    "GET /projects/{id}/jobs": (
        {"scope", "order_by", "sort", "pagination", "page_token", "cursor", "page", "per_page"},
        "",
    ),
    "GET /projects/{id}/runners": ({"page", "per_page"}, ""),
    "GET /projects/{id}/pipeline_schedules": ({"page", "per_page"}, ""),
    "GET /projects/{id}/merge_requests/{iid}/notes": ({"page", "per_page", "order_by", "sort"}, ""),
    "POST /projects/{id}/merge_requests/{iid}/notes": (set(), ""),
    "PUT /projects/{id}/merge_requests/{iid}/notes/{note}": (set(), ""),
}
"""Paths that the subset at hand lacks, with the parameters of GitLab's documentation and, where it has one, the definition."""


def hold(exchanges: Iterable[Exchange]) -> int:
    """Check all of them; how many were checked."""
    count = 0
    for one in exchanges:
        _hold(one)
        count += 1
    return count


def _hold(one: Exchange) -> None:
    for template, verbs in DOCUMENT["paths"].items():
        if _fits(template.removeprefix("/api/v4"), one.path) and one.method.lower() in verbs:
            return _by_document(one, verbs[one.method.lower()])
    beside = [
        v for k, v in BESIDE.items() if _fits(k.partition(" ")[2], one.path) and k.startswith(one.method)
    ]
    assert beside or one.status in (401, 404), f"{one.method} {one.path} is in no document"
    for parameters, definition in beside:
        assert set(one.query) <= parameters, one
        if definition and one.status == 200:
            _value(one.said, {"type": "array", "items": {"$ref": f"#/definitions/{definition}"}}, one.path)
    return None


def _by_document(one: Exchange, verb: Mapping[str, Any]) -> None:
    assert str(one.status) in verb["responses"] or one.status in REFUSALS, one
    parameters = verb.get("parameters", [])
    known = {p["name"] for p in parameters if p["in"] == "query"} | EVERYWHERE
    assert set(one.query) <= known, f"{one.path}: {set(one.query) - known}"
    if one.status >= 400:
        return
    for body in (p for p in parameters if p["in"] == "body"):
        schema = _resolved(body["schema"])
        _value(dict(one.body), schema, f"the body of {one.path}")
        assert set(schema.get("required", [])) <= set(one.body), one
    schema = verb["responses"][str(one.status)].get("schema")
    if schema and one.said is not None:
        _value(one.said, schema, one.path)


def _value(value: Any, schema: Mapping[str, Any], where: str) -> None:
    given = _resolved(schema)
    if value is None or not given:
        return
    if "properties" in given:
        for one in value if isinstance(value, list) else [value]:
            assert isinstance(one, dict), where
            strange = set(one) - set(given["properties"])
            assert not strange, f"{where} has {strange}"
            for key, part in one.items():
                _value(part, given["properties"][key], f"{where}.{key}")
        return
    if given.get("type") == "array":
        assert isinstance(value, list), where
        for one in value:
            _value(one, given.get("items", {}), where)
        return
    told = given.get("type") != "string" or "example" in given or "format" in given
    if told and "type" in given:
        assert isinstance(value, TYPES[given["type"]]), f"{where}: {value!r} is no {given['type']}"
    assert "enum" not in given or value in given["enum"], f"{where}: {value!r}"


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = DOCUMENT["definitions"][name] if name else schema
    return found


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None
