"""Whatever the file holds: a Project, or an error that names the file."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.config import load
from greenroom.config.fields import DURATION_PATTERN
from greenroom.config.locate import locate
from greenroom.config.schema import (
    AppTable,
    EdgeTable,
    File,
    PolicyTable,
    RoleTable,
    WorseTable,
)
from greenroom.domain.errors import GreenroomError
from greenroom.domain.project import Project

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

GOOD = 'name = "shop"\n[app]\nwsgi = "wsgi:app"\n'
KEYS = sorted(
    {k for t in (File, AppTable, RoleTable, PolicyTable, WorseTable, EdgeTable) for k in t.model_fields}
)


def outcome(raw: bytes) -> Project | GreenroomError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "greenroom.toml"
        path.write_bytes(raw)
        try:
            return load(path)
        except GreenroomError as error:
            assert "greenroom.toml" in error.message
            assert all(line.startswith("greenroom.toml:") for line in error.details.splitlines())
            return error


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return hex(abs(value))
    return json.dumps(value) if not isinstance(value, Moment) else value.text


class Moment:
    def __init__(self, text: str) -> None:
        self.text = text


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=12)
sensible = st.sampled_from(
    ["15s", "10m", "20MB", "web", "worker", "cron", "wsgi:app", "0 4 * * *", "/", "a/b", "shop"]
)
scalars = st.one_of(
    words,
    sensible,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from(
        [Moment(hex(1 << 20000)), Moment("2026-11-23"), Moment("07:32:00"), Moment("1979-05-27T07:32:00Z")]
    ),
)
keys = st.one_of(st.sampled_from(KEYS), words)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)


@settings(CALM)
@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    outcome(raw)


@settings(CALM)
@given(st.text(st.sampled_from("[]{}=.,\"'#\n\\ abcname1"), max_size=60))
def test_any_toml_like_text(text: str) -> None:
    outcome((GOOD + text).encode())
    locate(text)


@settings(CALM, max_examples=300)
@given(st.dictionaries(keys, values, max_size=6))
def test_any_values(document: dict[str, Any]) -> None:
    outcome("\n".join(f"{json.dumps(k)} = {toml(v)}" for k, v in document.items()).encode())


@settings(CALM, max_examples=300)
@given(
    st.sampled_from(["app", "roles", "policy", "edge", "database", "prove", "env"]),
    st.dictionaries(keys, values),
)
def test_any_table_in_a_good_file(table: str, entries: dict[str, Any]) -> None:
    text = f'name = "shop"\n{table} = {toml(entries)}\n'
    outcome((text if table == "app" else text + '[app]\nwsgi = "wsgi:app"\n').encode())


@settings(CALM)
@given(st.dictionaries(st.sampled_from(sorted(RoleTable.model_fields)), values))
def test_any_role(entries: dict[str, Any]) -> None:
    outcome((GOOD + f"[roles]\nx = {toml(entries)}\n").encode())


@settings(CALM)
@given(st.from_regex(DURATION_PATTERN, fullmatch=True))
def test_durations(text: str) -> None:
    outcome((GOOD + f"[policy]\nwatch = {json.dumps(text)}\n").encode())


def test_deep_nesting() -> None:
    for depth in (50, 150, 400, 5000):
        outcome((GOOD + "[env]\nA = " + "[" * depth + "]" * depth).encode())
        outcome((GOOD + "[env]\n" + ".".join("a" * depth) + " = 1").encode())
        outcome((GOOD + "[env]\nA = " + "{a = " * depth + "1" + "}" * depth).encode())
