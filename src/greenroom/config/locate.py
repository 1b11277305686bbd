"""On which line does a key stand? ``tomllib`` does not say, so this walks the text once.

It runs on text that ``tomllib`` has accepted and only needs to skip values, not to understand them. Where it is
surprised it stops, and what it has found so far still serves: :meth:`Lines.of` falls back to the nearest table.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and list positions from the root to a value."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'")
_STRING = re.compile(
    r"\"{3}(?:[^\"\\]|\\.|\"(?!\"\"))*\"{3,5}|'{3}(?:[^']|'(?!''))*'{3,5}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


class _SurpriseError(Exception):
    """The text is not what the scanner expects."""


@dataclass(slots=True)
class Lines:
    """Line numbers, counted from 1, by path."""

    by_path: dict[Path, int] = field(default_factory=dict)

    def of(self, path: Path) -> int:
        """The line of ``path``, or of the nearest table around it; 1 when nothing is known."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.by_path:
                return self.by_path[path[:end]]
        return 1


def locate(text: str) -> Lines:
    """Walk ``text``; never raises."""
    scanner = _Scanner(text)
    with suppress(_SurpriseError, RecursionError, ValueError):
        scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines = Lines()
        self._line = 1
        self._counted = 0
        self._tables: Counter[Path] = Counter()

    def document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            if self._peek("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line, brackets = self._number(), "[[" if self._peek("[[") else "["
        self.at += len(brackets)
        path = self._real(self._keys())
        self._expect("]" * len(brackets))
        if brackets == "[[":
            self._tables[path] += 1
            path = (*path, self._tables[path] - 1)
        self._note(path, line)
        return path

    def _real(self, keys: Path) -> Path:
        """Put the current position into every list of tables on the way."""
        path: Path = ()
        for n, part in enumerate(keys):
            path = (*path, part)
            if n < len(keys) - 1 and self._tables[path]:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        line = self._number()
        keys = self._keys()
        for end in range(1, len(keys) + 1):
            self._note(table + keys[:end], line)
        self._expect("=")
        self._value(table + keys)

    def _keys(self) -> Path:
        found: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _KEY.match(self.text, self.at)
            if match is None:
                raise _SurpriseError
            self.at = match.end()
            found.append(_plain(match[0]))
            self._skip(_SPACE)
            if not self._peek("."):
                return tuple(found)
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self._peek("["):
            self._list(path)
        elif self._peek("{"):
            self._inline(path)
        else:
            match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            if match is None:
                raise _SurpriseError
            self.at = match.end()

    def _list(self, path: Path) -> None:
        self.at += 1
        position = 0
        while not self._closed("]"):
            self._note((*path, position), self._number())
            self._value((*path, position))
            position += 1
            self._comma("]")

    def _inline(self, path: Path) -> None:
        self.at += 1
        while not self._closed("}"):
            self._pair(path)
            self._comma("}")

    def _closed(self, bracket: str) -> bool:
        self._skip(_BLANK)
        if self._peek(bracket):
            self.at += 1
            return True
        return False

    def _comma(self, bracket: str) -> None:
        self._skip(_BLANK)
        if not self._peek(bracket):
            self._expect(",")

    def _note(self, path: Path, line: int) -> None:
        self.lines.by_path.setdefault(path, line)

    def _number(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _peek(self, expected: str) -> bool:
        return self.text.startswith(expected, self.at)

    def _expect(self, expected: str) -> None:
        self._skip(_SPACE)
        if not self._peek(expected):
            raise _SurpriseError
        self.at += len(expected)


def _plain(key: str) -> str:
    return str(tomllib.loads(f"x = {key}")["x"]) if key[0] in "\"'" else key
