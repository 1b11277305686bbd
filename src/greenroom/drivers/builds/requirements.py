"""Requirement files, as far as a build must understand them: entries, pins, hashes, options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*(?P<rest>.*)"
)
_PINNED = re.compile(r"={2,3}\s*[^\s,;*]+\s*(;.*)?")
_INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))(?P<path>\S+)")
_LOCAL = re.compile(r"(-e|--editable)\b|\.{1,2}(/|$)|/|file:|[^#]*@\s*(file:|\.{0,2}/)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement: ``name`` in its normal form, ``pin`` what it asks for, ``hashes`` (``sha256:...``)."""

    name: str
    pin: str
    hashes: tuple[str, ...] = ()

    @property
    def pinned(self) -> bool:
        """Does it name exactly one version?"""
        match = _NAME.fullmatch(self.pin)
        return match is not None and _PINNED.fullmatch(match["rest"]) is not None

    @property
    def text(self) -> str:
        """The entry as it stands in a requirements file."""
        return " \\\n".join([self.pin, *(f"    --hash={h}" for h in self.hashes)])


def parse(text: str) -> list[Entry]:
    """The entries of a requirements file; comments, options and includes are left out."""
    return [_entry(line) for line in lines(text) if not line.startswith("-")]


def options(text: str) -> list[str]:
    """Lines that say where packages come from (``--index-url`` and the like), without includes."""
    return [line for line in lines(text) if line.startswith("-") and not _INCLUDE.match(line)]


def includes(text: str) -> list[str]:
    """Paths of the files that ``-r`` and ``-c`` name, relative to the file itself."""
    return [match["path"] for line in lines(text) if (match := _INCLUDE.match(line))]


def constrained(text: str) -> bool:
    """Does it name constraints, which are versions to take but nothing to install?"""
    return any(line.startswith(("-c", "--constraint")) for line in lines(text))


def local(text: str) -> list[str]:
    """Entries that install from a folder or a file beside the project."""
    return [line for line in lines(text) if _LOCAL.match(line)]


def lines(text: str) -> list[str]:
    """Logical lines: continuations joined, comments and blanks removed."""
    joined = re.sub(r"\\\r?\n", " ", text.removeprefix("\ufeff"))
    found = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [" ".join(line.split()) for line in found if line]


def complete(entries: Iterable[Entry]) -> bool:
    """Is every entry pinned and hashed, so that nothing is left to resolve?"""
    return all(entry.pinned and entry.hashes for entry in entries)


def layered(app: Iterable[Entry], server: Iterable[Entry]) -> list[Entry]:
    """The app's entries with the server's in place of those of the same name, in a fixed order."""
    own = list(server)
    replaced = {entry.name for entry in own}
    return sorted(
        {*own, *(entry for entry in app if entry.name not in replaced)}, key=lambda e: (e.name, e.pin)
    )


def render(entries: Iterable[Entry], options: Iterable[str] = ()) -> str:
    """A requirements file of these options and entries."""
    return "".join(f"{line}\n" for line in (*options, *(entry.text for entry in entries)))


def _entry(line: str) -> Entry:
    words = line.split(" --hash", 1)
    hashes = re.findall(r"--hash[= ](\S+)", line)
    pin = words[0].strip()
    match = _NAME.fullmatch(pin)
    name = re.sub(r"[-_.]+", "-", match["name"]).lower() if match else pin
    return Entry(name, pin, tuple(sorted(hashes)))
