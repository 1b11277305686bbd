"""The conditions of GitLab's ``rules:if``: read, and evaluated on a pipeline's variables.

As GitLab does it: comparisons bind tighter than ``&&``, that tighter than ``||``; a variable that is not there is null,
which is neither true nor the empty text; ``=~`` searches, and takes a variable that holds ``/an expression/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

Variables = Mapping[str, str]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<variable>\$(?:\{\w+\}|\w+))|(?P<null>null\b)"""
    r"""|(?P<sign>==|!=|=~|!~|&&|\|\||[()])|(?P<regex>/(?:\\.|[^/\\])+/[ismU]*))"""
)
_PATTERN = re.compile(r"/(?P<body>.*)/(?P<flags>[ismU]*)", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "U": re.NOFLAG}


class BadExpression(ValueError):
    """GitLab would refuse it."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: text, variable, null, sign or regex."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Value:
    """A text, a variable's name, null, or a regular expression between slashes."""

    kind: str
    value: str

    def of(self, variables: Variables) -> str | None:
        """What it stands for; None is null."""
        if self.kind == "variable":
            return variables.get(self.value)
        return None if self.kind == "null" else self.value


@dataclass(frozen=True, slots=True)
class Compared:
    """``sign``: ``==``, ``!=``, ``=~`` or ``!~``."""

    left: Value
    sign: str
    right: Value


@dataclass(frozen=True, slots=True)
class Joined:
    """``sign``: ``&&`` or ``||``."""

    left: Expression
    sign: str
    right: Expression


Expression = Value | Compared | Joined


@lru_cache(maxsize=1000)
def parse(text: str) -> Expression:
    """Read an expression. Raises BadExpression with the place where it cannot be read on."""
    reader = _Reader(list(_tokens(text)))
    found = reader.joined("||", lambda: reader.joined("&&", reader.single))
    if reader.rest:
        raise BadExpression(f"nothing may follow there: {reader.rest[0].value}")
    return found


def holds(expression: Expression, variables: Variables) -> bool:
    """Is it true?"""
    if isinstance(expression, Value):
        return bool(expression.of(variables))
    if isinstance(expression, Compared):
        return _compare(expression, variables)
    left = holds(expression.left, variables)
    if expression.sign == "&&":
        return left and holds(expression.right, variables)
    return left or holds(expression.right, variables)


def comparisons(expression: Expression) -> Iterator[Compared]:
    """Every comparison in it."""
    if isinstance(expression, Compared):
        yield expression
    elif isinstance(expression, Joined):
        yield from comparisons(expression.left)
        yield from comparisons(expression.right)


def names(expression: Expression) -> tuple[str, ...]:
    """The variables that it asks for, each once."""
    return tuple(dict.fromkeys(_names(expression)))


def pattern(text: str) -> re.Pattern[str] | None:
    """``/…/`` with its flags; None when it is none, or cannot be read."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        return None
    flags = re.NOFLAG
    for flag in found["flags"]:
        flags |= _FLAGS[flag]
    try:
        return re.compile(found["body"].replace(r"\z", r"\Z").replace(r"\/", "/"), flags)
    except re.error:
        return None


def _names(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Value):
        if expression.kind == "variable":
            yield expression.value
        return
    yield from _names(expression.left)
    yield from _names(expression.right)


def _compare(expression: Compared, variables: Variables) -> bool:
    left, right = expression.left.of(variables), expression.right.of(variables)
    if expression.sign in ("==", "!="):
        return (left == right) is (expression.sign == "==")
    found = pattern(right) if right is not None else None
    hit = found is not None and found.search(left or "") is not None
    return hit is (expression.sign == "=~")


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadExpression(f"cannot be read from here: {text[at:].strip()[:40]}")
        kind = found.lastgroup or ""
        value = found[kind]
        if kind == "text":
            value = value[1:-1]
        elif kind == "variable":
            value = value.strip("${}")
        yield Token(kind, value)
        at = found.end()


class _Reader:
    """Takes tokens from the left."""

    def __init__(self, tokens: list[Token]) -> None:
        self.rest = tokens

    def joined(self, sign: str, part: Callable[[], Expression]) -> Expression:
        """Parts with ``sign`` between them."""
        found = part()
        while self._take(sign):
            found = Joined(found, sign, part())
        return found

    def single(self) -> Expression:
        """A value, a comparison, or something in parentheses."""
        if self._take("("):
            found = self.joined("||", lambda: self.joined("&&", self.single))
            if not self._take(")"):
                raise BadExpression("a parenthesis is not closed")
            return found
        left = self._value()
        for sign in ("==", "!=", "=~", "!~"):
            if self._take(sign):
                return Compared(left, sign, self._value())
        return left

    def _take(self, sign: str) -> bool:
        if self.rest and self.rest[0] == Token("sign", sign):
            del self.rest[0]
            return True
        return False

    def _value(self) -> Value:
        if not self.rest or self.rest[0].kind == "sign":
            raise BadExpression("a value is missing")
        token = self.rest.pop(0)
        return Value(token.kind, token.value)
