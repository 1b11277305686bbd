"""Finds WSGI apps in a folder's Python files by reading them; nothing is imported."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED = frozenset(
    {"tests", "test", "migrations", "node_modules", "build", "dist", "docs", "examples", "venv"}
)
"""Folders in which no app is looked for; nor in those whose name begins with a dot."""

MOST_FILES = 500
DEEPEST = 3
FACTORIES = ("create_app", "make_app", "build_app", "app_factory")
NAMES = ("app", "application", "wsgi_app")
SERVERS = ("get_wsgi_application", "Flask", "Bottle")
_MODULE = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A callable that looks like the app; the lowest ``rank`` is the likeliest.

    ``folder`` is its module's folder in the project; ``static`` the folder that the app names itself (relative
    to its module's folder), or empty; ``root`` a folder that must be on the import path ("src"), or empty.
    """

    target: str
    why: str
    rank: int
    folder: Path
    static: str
    root: str = ""


def scan(folder: Path) -> Iterator[Candidate]:
    """Every candidate in ``folder``'s own modules."""
    for path in modules(folder):
        tree = _parsed(folder / path)
        name, root = _module_name(folder, path)
        if tree and name:
            yield from _candidates(tree, path, name, root)


def _parsed(path: Path) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            return None


def modules(folder: Path) -> list[Path]:
    """The folder's own Python files, relative to it."""
    found: list[Path] = []
    todo = [folder]
    while todo and len(found) < MOST_FILES:
        here = todo.pop(0)
        for path in _entries(here):
            relative = path.relative_to(folder)
            if path.is_dir() and _wanted(path) and len(relative.parts) <= DEEPEST:
                todo.append(path)
            elif path.suffix == ".py" and path.is_file():
                found.append(relative)
    return found


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _wanted(path: Path) -> bool:
    hidden = path.name.startswith((".", "_")) or path.name in SKIPPED
    return not hidden and not path.is_symlink() and not (path / "pyvenv.cfg").exists()


def _module_name(folder: Path, path: Path) -> tuple[str, str]:
    parts = list(path.with_suffix("").parts)
    root = ""
    if parts[0] == "src" and not (folder / "src" / "__init__.py").exists():
        root = parts.pop(0)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    ok = parts and all(_MODULE.fullmatch(part) for part in parts)
    return (".".join(parts) if ok else "", root)


def _candidates(tree: ast.Module, path: Path, module: str, root: str) -> Iterator[Candidate]:
    for name, why, rank, static in _callables(tree):
        if path.name == "wsgi.py":
            rank -= 10
        yield Candidate(f"{module}:{name}", f"{why} in {path.as_posix()}", rank, path.parent, static, root)


def _callables(tree: ast.Module) -> Iterator[tuple[str, str, int, str]]:
    static = _static_folder(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from _function(node, static)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _assignment(node, static)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) in NAMES[:2]:
                    yield alias.asname or alias.name, "an imported app", 5, static


def _function(node: ast.FunctionDef, static: str) -> Iterator[tuple[str, str, int, str]]:
    arguments = node.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if node.name in FACTORIES and required == 0 and not any(d is None for d in arguments.kw_defaults):
        yield f"{node.name}()", "a factory without required arguments", 3, static
    names = [argument.arg for argument in arguments.args]
    if len(names) == 2 and names[1] == "start_response":
        yield node.name, "a WSGI function", 2 if node.name in NAMES else 4, static


def _assignment(node: ast.Assign | ast.AnnAssign, static: str) -> Iterator[tuple[str, str, int, str]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    called = _called(node.value)
    for target in targets:
        if not isinstance(target, ast.Name) or not called:
            continue
        if called in SERVERS:
            yield target.id, f"{target.id} = {called}(...)", 2 if target.id in NAMES else 4, static
        elif called in FACTORIES or target.id in NAMES[:2]:
            yield target.id, f"{target.id} = {called}(...)", 2 if called in FACTORIES else 4, static


def _called(value: ast.expr | None) -> str:
    if not isinstance(value, ast.Call):
        return ""
    function = value.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _static_folder(tree: ast.Module) -> str:
    """The literal ``static_folder`` of a ``Flask(...)`` call anywhere in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "Flask":
            for keyword in node.keywords:
                if keyword.arg == "static_folder" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value or "")
    return ""
