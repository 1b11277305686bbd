"""A pipeline's files put together: includes, ``extends``, ``!reference`` and ``default``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from greenroom.domain.pipelines.places import Place, Reference, Table

GLOBAL = frozenset(
    [
        "default",
        "include",
        "stages",
        "variables",
        "workflow",
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
        "spec",
        "types",
    ]
)
"""What stands at the top of a file and is no job."""

INHERITED = [
    "after_script",
    "artifacts",
    "before_script",
    "cache",
    "hooks",
    "id_tokens",
    "image",
    "interruptible",
    "retry",
    "services",
    "tags",
    "timeout",
]
DEEPEST = 11
"""Levels of ``extends`` that GitLab follows; of includes and references it is less than this times ten."""

Read = Callable[[str], Table | None]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps GitLab from reading a pipeline, or us from seeing all of it."""

    place: Place
    text: str
    unread: bool = False


@dataclass(frozen=True)
class Pipeline:
    """``jobs``: name -> its keys, whole. ``top``: what stands beside them. ``troubles``: what could not be followed."""

    top: Table
    jobs: dict[str, Table]
    troubles: tuple[Trouble, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def workflow(self) -> list[Any]:
        """The rules of ``workflow``; empty when there are none."""
        found = self.top.get("workflow")
        rules = found.get("rules") if isinstance(found, dict) else None
        return rules if isinstance(rules, list) else []

    @property
    def variables(self) -> dict[str, str]:
        """Those of the whole file."""
        return plain_variables(self.top.get("variables"))


def assemble(root: str, read: Read) -> Pipeline:
    """Read a pipeline from its root file. ``read`` gives a file of the project, None when there is none."""
    maker = _Maker(read)
    text = maker.file(root, 0)
    jobs = {n: t for n, t in text.items() if n not in GLOBAL and isinstance(t, Table)}
    whole = {name: maker.extended(name, jobs, ()) for name in jobs}
    resolved = {name: maker.resolved(table, whole, text) for name, table in whole.items()}
    top = maker.resolved(text, whole, text)
    defaults = top.get("default")
    own = {k: top[k] for k in INHERITED if k in top}
    base = laid_over(Table(own, top.places), defaults if isinstance(defaults, Table) else Table({}, {}))
    shown = {n: _with(t, base) for n, t in resolved.items() if not n.startswith(".")}
    places = {n: text.place(n) for n in shown}
    return Pipeline(top, shown, tuple(dict.fromkeys(maker.troubles)), places)


def plain_variables(found: Any) -> dict[str, str]:
    """Name -> value, also where the value stands below ``value``."""
    if not isinstance(found, dict):
        return {}
    flat = {name: told.get("value", "") if isinstance(told, dict) else told for name, told in found.items()}
    return {str(name): _text(value) for name, value in flat.items() if value is not None}


def items(found: Any) -> list[Any]:
    """A list, or the one thing that stands for it."""
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def laid_over(below: Table, above: Table) -> Table:
    """Tables are merged key by key, everything else is replaced; each key keeps its place."""
    found = Table({**below, **above}, {**below.places, **above.places}, above.own)
    for name in set(below) & set(above):
        lower, upper = below[name], above[name]
        if isinstance(lower, Table) and isinstance(upper, Table):
            found[name] = laid_over(lower, upper)
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with(job: Table, base: Table) -> Table:
    inherit = job.get("inherit")
    wanted = inherit.get("default", True) if isinstance(inherit, dict) else True
    names = [n for n in base if n in INHERITED and (wanted is True or n in (wanted or ()))]
    places = {n: base.place(n) for n in names}
    return Table({**{n: base[n] for n in names}, **job}, {**places, **job.places}, job.own)


class _Maker:
    """Collects what could not be followed."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.troubles: list[Trouble] = []

    def file(self, name: str, depth: int) -> Table:
        """A file with everything that it includes below it."""
        found = self._read(name)
        if found is None:
            self.troubles.append(Trouble(Place(name, 1), f"there is no {name}"))
            return Table({}, {}, Place(name, 1))
        below = Table({}, {}, found.own)
        for entry in items(found.get("include")):
            for local in self._locals(entry, found.place("include")):
                if depth >= DEEPEST:
                    self.troubles.append(Trouble(found.place("include"), "includes are nested too deeply"))
                    return found
                below = laid_over(below, self.file(local, depth + 1))
        return laid_over(below, found)

    def _locals(self, entry: Any, place: Place) -> Iterator[str]:
        told = entry.get("local") if isinstance(entry, dict) else entry
        if isinstance(told, str) and "://" not in told:
            yield told.lstrip("/")
            return
        kind = next(iter(entry), "?") if isinstance(entry, dict) else "remote"
        self.troubles.append(Trouble(place, f"include:{kind} is not read here", unread=True))

    def extended(self, name: str, jobs: Mapping[str, Table], way: tuple[str, ...]) -> Table:
        """A job above those that it extends."""
        job = jobs[name]
        if name in way or len(way) >= DEEPEST:
            self.troubles.append(Trouble(job.own, f"extends goes in a circle: {' -> '.join((*way, name))}"))
            return job
        below = Table({}, {}, job.own)
        for parent in map(str, items(job.get("extends"))):
            if parent in jobs:
                below = laid_over(below, self.extended(parent, jobs, (*way, name)))
            else:
                self.troubles.append(
                    Trouble(job.place("extends"), f"{name} extends {parent}, which is not there")
                )
        return laid_over(below, job)

    def resolved(self, value: Table, jobs: Mapping[str, Table], top: Table) -> Table:
        """The table with each reference replaced by what it leads to."""
        found = {name: self._value(inner, jobs, top, 0) for name, inner in value.items()}
        return Table(found, value.places, value.own)

    def _value(self, value: Any, jobs: Mapping[str, Table], top: Table, depth: int) -> Any:
        if isinstance(value, Reference):
            return self._followed(value, jobs, top, depth)
        if isinstance(value, Table):
            found = {name: self._value(part, jobs, top, depth) for name, part in value.items()}
            return Table(found, value.places, value.own)
        if isinstance(value, list):
            inner = [self._value(item, jobs, top, depth) for item in value]
            return [part for item in inner for part in (item if isinstance(item, list) else [item])]
        return value

    def _followed(self, reference: Reference, jobs: Mapping[str, Table], top: Table, depth: int) -> Any:
        found: Any = {**top, **jobs}
        for name in reference.path:
            found = found.get(name) if isinstance(found, dict) else None
        if found is None or depth >= DEEPEST - 1:
            words = ", ".join(reference.path)
            self.troubles.append(Trouble(reference.place, f"!reference [{words}] leads nowhere"))
            return None
        return self._value(found, jobs, top, depth + 1)
