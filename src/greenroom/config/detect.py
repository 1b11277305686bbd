"""What kind of project is this folder? For ``greenroom init``: reads, guesses, writes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from greenroom.config import values
from greenroom.config.callables import Candidate, modules, scan

HEAD = """\
# Every key and its default: docs/reference/greenroom.toml
"""

_PROCFILE = re.compile(r"^(?P<name>[A-Za-z][\w-]*):\s*(?P<command>\S.*)$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_TARGET = re.compile(r"\b(?P<target>[\w.]+:[A-Za-z_]\w*(\(\))?)")


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` was found and ``why`` it is believed; ``guessed`` asks the reader to look again."""

    what: str
    why: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Detected:
    """The text of a ``greenroom.toml`` that loads, and what led to it."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    finding: Finding
    table: str = ""
    line: str = ""


def detect(folder: Path) -> Detected:
    """Propose a project file for ``folder``. Always answers; where nothing is found it guesses and says so."""
    app = _app(folder)
    found = [
        _name(folder),
        *_wsgi(app),
        *_static(folder, app),
        *_requirements(folder),
        *_alembic(folder),
        *_workers(folder),
    ]
    return Detected(_text(found), tuple(f.finding for f in found))


def _text(found: list[_Found]) -> str:
    tables: dict[str, list[str]] = {}
    for one in found:
        if one.line:
            tables.setdefault(one.table, []).append(one.line)
    blocks = [HEAD + "\n".join(tables.pop(""))]
    blocks += ["\n".join([f"[{table}]", *lines]) for table, lines in tables.items()]
    return "\n\n".join(blocks) + "\n"


def _name(folder: Path) -> _Found:
    slug = _slug(folder.resolve().name)
    name = slug or "app"
    why = "the folder's name" if slug else "the folder's name cannot be one"
    return _Found(Finding(f'name "{name}"', why, guessed=not slug), "", f"name = {_quoted(name)}")


def _app(folder: Path) -> Candidate:
    said = _procfile(folder).get("web", "")
    served = "gunicorn" in said or "waitress" in said
    targets = [match["target"] for match in _TARGET.finditer(said)] if served else []
    if targets and _fits(values.wsgi, targets[-1]):
        package = Path(*targets[-1].split(":")[0].split("."))
        return Candidate(targets[-1], "Procfile's web line", 0, package.parent, "")
    found = [candidate for candidate in scan(folder) if _fits(values.wsgi, candidate.target)]
    if found:
        return min(found, key=lambda c: (c.rank, len(c.target), c.target))
    return Candidate("wsgi:app", "nothing that looks like a WSGI app was found", 99, Path(), "")


def _wsgi(app: Candidate) -> Iterator[_Found]:
    guessed = app.rank >= 3
    yield _Found(Finding(f'wsgi "{app.target}"', app.why, guessed), "app", f"wsgi = {_quoted(app.target)}")
    if app.root:
        why = f"the app's package lies in {app.root}/"
        yield _Found(Finding(f"PYTHONPATH {app.root}", why), "env", f"PYTHONPATH = {_quoted(app.root)}")


def _static(folder: Path, app: Candidate) -> Iterator[_Found]:
    stated = [app.folder / app.static] if app.static else []
    beside = [path.parent / "static" for path in modules(folder) if path.name == "__init__.py"]
    for place in (
        *stated,
        app.folder / "static",
        Path("static"),
        *sorted(beside, key=lambda p: len(p.parts)),
    ):
        if _fits(values.inside, place.as_posix()) and _is_folder(folder / place):
            guessed = place in beside and len([p for p in beside if (folder / p).is_dir()]) > 1
            finding = Finding(f'static "{place}"', "the folder is there", guessed)
            yield _Found(finding, "app", f"static = {_quoted(place.as_posix())}")
            return
    yield _Found(Finding("no static files", "there is no static folder"))


def _requirements(folder: Path) -> Iterator[_Found]:
    for name in ("requirements.txt", "uv.lock", "pyproject.toml"):
        if (folder / name).is_file():
            yield _Found(Finding(f"requirements from {name}", "the file is there"))
            return
    others = [p for p in sorted(folder.glob("requirements/*.txt")) if _fits(values.inside, p.name)]
    best = [p for p in others if p.stem in ("prod", "production", "base", "main")] or others
    if best:
        place = best[0].relative_to(folder).as_posix()
        finding = Finding(f"requirements from {place}", "the likeliest of requirements/", guessed=True)
        yield _Found(finding, "app", f"requirements = {_quoted(place)}")
    else:
        yield _Found(
            Finding("requirements.txt is missing", "a release needs one, empty or not", guessed=True)
        )


def _alembic(folder: Path) -> Iterator[_Found]:
    if (folder / "alembic.ini").is_file():
        yield _Found(Finding("migrations with Alembic", "alembic.ini is there"))
    elif (folder / "migrations" / "alembic.ini").is_file():
        yield _Found(Finding("migrations with Flask-Migrate", "migrations/alembic.ini is there"))
    elif (folder / "migrations" / "env.py").is_file():
        yield _Found(
            Finding("migrations/ without alembic.ini", "env.py is there: name it as alembic", guessed=True)
        )


def _workers(folder: Path) -> Iterator[_Found]:
    commands = {_slug(name): command for name, command in _procfile(folder).items()}
    for role, command in commands.items():
        odd = re.search(r"[$|&;<>`\"'\\]", command) or not _fits(values.command, command)
        if role in ("web", "release") or odd or not _fits(values.label, role):
            continue
        finding = Finding(f"worker {role}", "a line of Procfile", guessed=True)
        yield _Found(finding, f"roles.{role}", f"command = {_quoted(command)}")
    for hint in ("celery", "rq", "dramatiq", "huey"):
        if re.search(rf"^{hint}\b", _read(folder / "requirements.txt"), re.MULTILINE | re.IGNORECASE):
            yield _Found(
                Finding(f"{hint} is required", "add a [roles.<name>] with its worker's command", guessed=True)
            )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("0123456789-")[:30].strip("-")


def _fits(check: Callable[[str], object], value: str) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return _CONTROL.search(value) is None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _procfile(folder: Path) -> dict[str, str]:
    return {m["name"]: m["command"].strip() for m in _PROCFILE.finditer(_read(folder / "Procfile"))}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
