"""Git refs and the patterns that they are matched with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

LONGEST_REF = 250
"""Longer refs match nothing: no file system stores them, no label can stand for them."""

LONGEST_NAME = 30
"""Of an environment: it becomes part of host names, databases, buckets and folders."""

SLUG = "slug"
"""The capture that every ref has: all of it, as a label."""

_CAPTURE = re.compile(r"\{([a-z]+)\}")
_PLAIN_PATTERN = re.compile(r"[A-Za-z0-9._/+@#%=-]*")
_INVALID = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(?:/|$)|/\.|^\.|^-|^/|[./]$|^@$")
"""What git-check-ref-format(1) forbids in a branch's name."""

_CAPTURED = "[0-9A-Za-z]+"


def branch(ref: str) -> str:
    """The branch's name, without ``refs/heads/``."""
    return ref.removeprefix("refs/heads/")


def invalid(ref: str) -> str:
    """Why no branch can have that name; empty when one can."""
    if not ref:
        return "it is empty"
    if len(ref) > LONGEST_REF:
        return f"it is longer than {LONGEST_REF} characters"
    found = _INVALID.search(ref)
    return f"git allows no {found[0]!r} there" if found else ""


def slug(text: str) -> str:
    """Lower case; whatever is no letter or digit of ASCII becomes one hyphen; none at the ends."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@dataclass(frozen=True)
class RefPattern:
    """``*`` is any text, ``{issue}`` letters and digits that are kept under that name.

    Matching is leftmost and shortest, so a ref has one meaning: ``*/AFO-{issue}_*`` finds 12 in ``anna/AFO-12_a_b``.
    """

    text: str

    def mistake(self) -> str:
        """What is wrong with the pattern itself; empty when nothing is."""
        names = self.captures
        rest = _CAPTURE.sub("", self.text).replace("*", "")
        if not self.text or not _PLAIN_PATTERN.fullmatch(rest):
            return "must be a branch's name, with * and {word} for its parts that vary"
        if len(set(names)) < len(names):
            return "names a part twice"
        if re.search(r"(\*|\{[a-z]+\})(\*|\{[a-z]+\})", self.text):
            return "needs some text between two parts that vary"
        return f"must not name a part {SLUG}" if SLUG in names else ""

    @property
    def captures(self) -> tuple[str, ...]:
        """The names of its parts."""
        return tuple(_CAPTURE.findall(self.text))

    def match(self, ref: str) -> dict[str, str] | None:
        """The parts of a ref that matches, else None."""
        found = self._regex.fullmatch(ref)
        return None if found is None else {**found.groupdict(), SLUG: slug(ref)}

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile("".join(self._parts()), re.DOTALL)

    def _parts(self) -> Iterator[str]:
        for part in re.split(r"(\*|\{[a-z]+\})", self.text):
            named = _CAPTURE.fullmatch(part)
            if part == "*":
                yield ".*?"
            elif named:
                yield f"(?P<{named[1]}>{_CAPTURED}?)"
            else:
                yield re.escape(part)


def expand(template: str, parts: Mapping[str, str], ref: str) -> str:
    """The name that a template gives for these parts: a label of at most 30 characters.

    One that would be longer ends in six hex digits of the ref's digest, so that two refs do not meet in it.
    """
    name = slug(_CAPTURE.sub(lambda found: parts[found[1]], template))
    if not name[:1].isalpha():
        name = f"e-{name}".rstrip("-")
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(ref.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{name[: LONGEST_NAME - 7].rstrip('-')}-{digest}"


def template_parts(template: str) -> tuple[str, ...]:
    """The parts that a name's template asks for."""
    return tuple(_CAPTURE.findall(template))
