"""Alembic's revisions, read from their files without importing them."""

from __future__ import annotations

import ast
import configparser
import difflib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.revisions import Phase, Revision, RevisionGraph

NAMES = ("revision", "down_revision", "depends_on", "branch_labels", "greenroom_phase")
"""The module-level names that are read."""

_SEPARATORS = {"space": r"\s+", "newline": r"\n", "os": ":", ":": ":", ";": ";"}


@dataclass(frozen=True, slots=True)
class _Script:
    file: str
    id: str
    down: tuple[str, ...]
    depends: tuple[str, ...]
    labels: tuple[str, ...]
    phase: Phase | None
    title: str


def read(folder: Path, alembic: str) -> RevisionGraph:
    """The graph of the project in ``folder`` with this ``alembic.ini`` (a path relative to it).

    Raises ``migrations`` naming the file: not readable, an unknown phase, an id twice, a parent that is missing.
    """
    scripts = [_script(path, folder) for path in _files(folder, folder / alembic)]
    found = [script for script in scripts if script is not None]
    by_id: dict[str, _Script] = {}
    for script in found:
        if script.id in by_id:
            raise _error(script.file, f"revision {script.id} is also in {by_id[script.id].file}")
        by_id[script.id] = script
    return RevisionGraph(tuple(_revision(script, by_id) for script in found))


def undeclared(graph: RevisionGraph) -> tuple[str, ...]:
    """A warning about the revisions that name no phase, or nothing."""
    silent = [revision.id for revision in graph.revisions if not revision.declared]
    if not silent:
        return ()
    names = ", ".join(silent[:5]) + (" ..." if len(silent) > 5 else "")
    advice = 'write greenroom_phase = "expand" into those that older releases can live with'
    return (f"{len(silent)} revision(s) without greenroom_phase count as contract: {names}; {advice}",)


def _files(folder: Path, ini: Path) -> list[Path]:
    try:
        settings = _settings(ini)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise _error(ini.name, f"cannot be read: {error}") from None
    except FileNotFoundError:
        place = ini.relative_to(folder).as_posix()
        raise _error(place, "is not among the release's files", "commit it, or set [app] alembic") from None
    here = ini.parent
    scripts = _place(settings.get("script_location", ""), folder, here) or here
    stated = _locations(settings)
    places = [_place(part, folder, here, scripts) for part in stated] or [scripts / "versions"]
    deep = settings.get("recursive_version_locations", "").lower() in ("true", "yes", "on", "1")
    pattern = "**/*.py" if deep else "*.py"
    inside = [p for p in places if p is not None and p.resolve().is_relative_to(folder.resolve())]
    return sorted({path for place in inside for path in place.glob(pattern) if path.name != "__init__.py"})


def _settings(ini: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(ini.read_text("utf-8"), source=ini.name)
    return dict(parser["alembic"]) if parser.has_section("alembic") else {}


def _locations(settings: dict[str, str]) -> list[str]:
    named = settings.get("path_separator") or settings.get("version_path_separator") or ""
    separator = _SEPARATORS.get(named.split("#")[0].strip(), r"[,\s]+")
    parts = re.split(separator, settings.get("version_locations", "").strip())
    return [part.strip() for part in parts if part.strip()]


def _place(text: str, folder: Path, here: Path, scripts: Path | None = None) -> Path | None:
    """A path of alembic.ini: relative to the project, from ``%(here)s``, or ``package:path``."""
    if not text:
        return None
    text = text.replace("%(here)s", str(here)).replace("%%", "%")
    if scripts is not None:
        text = text.replace("${script_location}", str(scripts))
    package, colon, path = text.partition(":")
    if not colon:
        return folder / text
    inside = Path(*package.split("."), path)
    return next((r / inside for r in (folder, folder / "src") if (r / inside).is_dir()), folder / inside)


def _script(path: Path, folder: Path) -> _Script | None:
    file = path.relative_to(folder).as_posix()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _error(file, f"is not Python that can be read: {error}") from None
    values = dict(_assigned(tree, file))
    if not isinstance(values.get("revision"), str):
        return None
    return _Script(
        file,
        values["revision"],
        _names(values, "down_revision", file),
        _names(values, "depends_on", file),
        _names(values, "branch_labels", file),
        _phase(values, file),
        ((ast.get_docstring(tree) or "").splitlines() or [""])[0].strip(),
    )


def _assigned(tree: ast.Module, file: str) -> Iterator[tuple[str, Any]]:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for name in (t.id for t in targets if isinstance(t, ast.Name) and t.id in NAMES):
            try:
                yield name, ast.literal_eval(node.value)
            except (ValueError, TypeError, RecursionError):
                raise _error(f"{file}:{node.lineno}", f"{name} is not a plain value") from None


def _names(values: dict[str, Any], key: str, file: str) -> tuple[str, ...]:
    value = values.get(key)
    if value is None:
        return ()
    names = (value,) if isinstance(value, str) else value
    if isinstance(names, tuple | list | set) and all(isinstance(name, str) for name in names):
        return tuple(sorted(names) if isinstance(names, set) else names)
    raise _error(file, f"{key} is neither a revision nor several")


def _phase(values: dict[str, Any], file: str) -> Phase | None:
    if "greenroom_phase" not in values:
        return None
    value = values["greenroom_phase"]
    try:
        return Phase(value)
    except ValueError:
        close = difflib.get_close_matches(str(value), list(Phase), n=1)
        guess = f'; did you mean "{close[0]}"?' if close else ""
        raise _error(file, f"greenroom_phase is {value!r}, not expand, contract or offline{guess}") from None


def _revision(script: _Script, by_id: dict[str, _Script]) -> Revision:
    parents = [_known(script, parent, by_id) for parent in (*script.down, *script.depends)]
    phase = script.phase or Phase.CONTRACT
    return Revision(script.id, tuple(dict.fromkeys(parents)), phase, script.phase is not None, script.title)


def _known(script: _Script, name: str, by_id: dict[str, _Script]) -> str:
    """The id behind an id, a branch label or an id's beginning."""
    if name in by_id:
        return name
    matches = [s.id for s in by_id.values() if name in s.labels] or [i for i in by_id if i.startswith(name)]
    if len(matches) != 1 or not name:
        raise _error(script.file, f"revision {script.id} follows {name!r}, which no file has")
    return matches[0]


def _error(file: str, message: str, hint: str = "") -> GreenroomError:
    return GreenroomError("migrations", f"{file}: {message}", hint, Exit.USAGE)
