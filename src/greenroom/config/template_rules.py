"""The file with the rules for templates: TOML, one table for each table of the database."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from greenroom.domain.anonymise import Rule, Rules
from greenroom.domain.errors import Exit, GreenroomError

FILE = "template-rules.toml"
"""Beside greenroom.toml."""


def load_rules(path: Path) -> Rules:
    """Read the rules; a relative ``script`` is looked for beside them.

    Raises GreenroomError ``rules`` (exit 2) with every mistake on a line of its own in ``details``.
    """
    raw = _parse(path)
    mistakes = [
        f"{key}: unknown key, only script and tables" for key in raw if key not in ("script", "tables")
    ]
    columns: dict[str, Rule] = {}
    emptied: set[str] = set()
    tables = raw.get("tables", {})
    if not isinstance(tables, dict):
        raise _wrong(f"{path.name} has mistakes", "tables: must be a table")
    for table, said in tables.items():
        if said == "empty":
            emptied.add(table)
        elif isinstance(said, dict):
            mistakes += _read_table(table, said, columns)
        else:
            mistakes.append(f'tables.{table}: must be a table of columns, or "empty"')
    if mistakes:
        raise _wrong(f"{path.name} has mistakes", "\n".join(mistakes))
    return Rules(columns, frozenset(emptied), _script(path, raw.get("script")))


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong(f"there is no {path.name}", str(path)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _wrong(f"{path.name} cannot be read: {error}") from error


def _read_table(table: str, said: dict[str, Any], columns: dict[str, Rule]) -> list[str]:
    mistakes = []
    for column, text in said.items():
        try:
            columns[f"{table}.{column}"] = Rule.parse(str(text))
        except ValueError as error:
            mistakes.append(f"tables.{table}.{column}: {error}")
    return mistakes


def _script(path: Path, name: object) -> str:
    if name is None:
        return ""
    try:
        return (path.parent / str(name)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _wrong(f"{path.name}: the script {name} cannot be read: {error}") from error


def _wrong(message: str, details: str = "") -> GreenroomError:
    return GreenroomError(
        "rules", message, "docs/guides/templates.md explains the rules", Exit.USAGE, details
    )
