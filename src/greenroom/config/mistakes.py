"""Mistakes in the project's file, in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from greenroom.config.locate import Path
from greenroom.config.schema import table_at

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "model": "a table",
    "dict": "a table",
    "finite": "a finite number",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the value or key at ``path``."""

    path: Path
    text: str

    @property
    def table(self) -> str:
        """The table around it, as a heading: ``[roles.web] ``, or nothing at the root."""
        names = ".".join(str(part) for part in self.path[:-1] if not isinstance(part, int))
        return f"[{_printable(names[:80])}] " if names else ""


def from_validation(error: ValidationError) -> Iterator[Mistake]:
    """The mistakes that pydantic has found."""
    for found in error.errors(include_url=False):
        yield _mistake(found)


def similar(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` or nothing."""
    close = difflib.get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(value: object) -> str:
    """The value as it could stand in the file, shortened."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return "a very large number"
    return _printable(text if len(text) <= 60 else text[:56] + '..."')


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _mistake(found: Any) -> Mistake:
    path: Path = tuple(part for part in found["loc"] if part != "[key]")
    name = shown(str(path[-1])) if path else "the file"
    kind, value = str(found["type"]), found.get("input")
    if kind == "missing":
        return Mistake(path, f"missing key {name}")
    if kind == "extra_forbidden":
        table = table_at(path[:-1])
        known = table.model_fields if table else ()
        return Mistake(path, f"unknown key {name}{similar(str(path[-1]), known)}")
    rule = _rule(kind, found)
    guess = similar(shown(value).strip('"'), _choices(found)) if kind == "literal_error" else ""
    return Mistake(path, f"{name} {rule}, not {_wrong(path, found)}{guess}")


def _wrong(path: Path, found: Any) -> str:
    if "[key]" in found["loc"]:
        return shown(str(path[-1]))
    return shown(found.get("input"))


def _rule(kind: str, found: Any) -> str:
    context = found.get("ctx") or {}
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return "must be " + " or ".join(f'"{choice}"' for choice in _choices(found))
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']:g}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']:g}"
    if kind in ("too_short", "too_long"):
        return "must have at least one entry" if kind == "too_short" else "has too many entries"
    return f"must be {_TYPES.get(kind.split('_')[0], 'something else')}"


def _choices(found: Any) -> list[str]:
    expected = str((found.get("ctx") or {}).get("expected", ""))
    return [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
