"""Rules that take what is personal out of a copy of a database: which columns need one, and what a rule may say.

Denied by default: a column that looks personal and that no rule names is refused. A guess by name finds what people
usually call such columns, not what is in them; a team that knows better adds rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

TEXTS = frozenset({"text", "character varying", "character", "citext", "inet", "cidr", "bytea"})
"""Types (as ``format_type`` names them, without length) whose columns are judged by their name."""

FREE = frozenset({"json", "jsonb", "xml", "hstore"})
"""Types that may hold anything: always judged personal."""

DATES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})

WORDS = """
about account addr agent answer bio birth birthday bic body card city comment company contact country coupon
credential credentials customer description dob domain feedback first fax gender handle iban ip key last lat
lng lon license login mail message mobile name nick note notes number passport person phone plate postal
postcode question reason recipient remark salt secret sender session signature ssn street subject surname tax
tel text title token ua url user vat zip
"""
PERSONAL = frozenset(WORDS.split())
"""Words of a column's name that make it personal; the words are what ``_`` and capitals separate."""

UNMISTAKABLE = (
    *(
        "address",
        "cookie",
        "email",
        "firstname",
        "fullname",
        "iban",
        "lastname",
        "nickname",
        "passw",
        "phone",
    ),
    *("secret", "surname", "telephone", "token", "useragent", "username"),
)
"""Parts of a column's name that make it personal wherever they stand."""

BIRTH = ("birth", "dob")


class Kind(StrEnum):
    """What a rule does. All but ``const`` leave NULL alone."""

    NULL = "null"
    HASH = "hash"
    FAKE = "fake"
    CONST = "const"
    KEEP = "keep"


class Fake(StrEnum):
    """What is invented in place of a value: the same for the same value, in one refresh."""

    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"
    STREET = "street"
    CITY = "city"
    POSTCODE = "postcode"
    IP = "ip"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``type`` without length, ``length`` in characters (None: unlimited)."""

    table: str
    name: str
    type: str
    length: int | None = None
    nullable: bool = True

    @property
    def key(self) -> str:
        """``table.column``; the table with its schema when that is not ``public``."""
        return f"{self.table}.{self.name}"

    @property
    def personal(self) -> bool:
        """Does it look as if it were about a person?"""
        base = self.type.removesuffix("[]")
        name = self.name.lower()
        if base in FREE:
            return True
        if base in DATES:
            return any(word in name for word in BIRTH)
        if base not in TEXTS:
            return False
        return not PERSONAL.isdisjoint(_words(self.name)) or any(part in name for part in UNMISTAKABLE)


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a column. ``argument``: the key of a hash, the kind of a fake, a constant's text."""

    kind: Kind
    argument: str = ""

    @classmethod
    def parse(cls, text: str) -> Rule:
        """``null``, ``keep``, ``hash:KEY``, ``fake:email`` or ``const:TEXT``. Raises ValueError with a phrase."""
        word, colon, argument = text.partition(":")
        wrong = ValueError('must be "keep", "null", "hash:KEY", "fake:KIND" or "const:TEXT"')
        if word not in list(Kind):
            raise wrong
        kind = Kind(word)
        if bool(colon) != (kind in (Kind.HASH, Kind.FAKE, Kind.CONST)) or (
            kind is Kind.HASH and not argument
        ):
            raise wrong
        if kind is Kind.FAKE and argument not in list(Fake):
            raise ValueError(f'can fake {", ".join(Fake)}, not "{argument}"')
        return cls(kind, argument)


@dataclass(frozen=True, slots=True)
class Rules:
    """``columns`` by ``table.column``, ``emptied`` tables, and ``script``: the team's own SQL, run before them."""

    columns: Mapping[str, Rule] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()
    script: str = ""

    def of_table(self, table: str) -> dict[str, Rule]:
        """The rules that change a table's columns, by column."""
        changing = {key: rule for key, rule in self.columns.items() if rule.kind is not Kind.KEEP}
        return {
            key.rpartition(".")[2]: rule for key, rule in changing.items() if key.rpartition(".")[0] == table
        }

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of which columns are changed, in order."""
        changing = (key for key, rule in self.columns.items() if rule.kind is not Kind.KEEP)
        return tuple(sorted({key.rpartition(".")[0] for key in changing}))


def uncovered(columns: Iterable[Column], rules: Rules) -> tuple[str, ...]:
    """Columns that look personal and that no rule covers, as ``table.column``."""
    named = [c for c in columns if c.personal and c.table not in rules.emptied and c.key not in rules.columns]
    return tuple(sorted(column.key for column in named))


def impossible(columns: Iterable[Column], rules: Rules) -> tuple[str, ...]:
    """Rules that cannot be followed, each with the reason: unknown columns and tables, NULL where it is forbidden."""
    known = {column.key: column for column in columns}
    tables = {column.table for column in known.values()}
    said = [f"{table}: there is no such table" for table in rules.emptied - tables]
    for key, rule in rules.columns.items():
        column = known.get(key)
        if column is None:
            said.append(f"{key}: there is no such column")
        elif rule.kind is Kind.NULL and not column.nullable:
            said.append(f"{key}: it may not be null")
        elif rule.kind in (Kind.HASH, Kind.FAKE) and column.type not in TEXTS - {"bytea"}:
            said.append(f"{key}: {rule.kind} makes text, and it is {column.type}")
    return tuple(sorted(said))


def _words(name: str) -> frozenset[str]:
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")
    return frozenset(re.sub(r"\d+$", "", part) for part in parts)
