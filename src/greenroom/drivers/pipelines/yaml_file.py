"""A pipeline's file, read with the line of every key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.pipelines.places import Place, Reference, Table


def read(folder: Path, name: str) -> Table | None:
    """A file of the project; None when there is none. Raises (exit 2) with the line where it is no YAML."""
    place = folder / name
    if not place.is_file() or folder.resolve() not in place.resolve().parents:
        return None
    try:
        return parsed(place.read_text("utf-8"), name)
    except UnicodeDecodeError as error:
        raise _unreadable(f"{name}:1: not UTF-8") from error


def parsed(text: str, name: str) -> Table:
    """The text of a file of that name. Raises (exit 2)."""
    loader = _Loader(text)
    loader.file = name
    try:
        found = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(f"{name}:{line}: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _unreadable(f"{name}:1: {error}") from error
    finally:
        loader.dispose()
    if found is None:
        return Table({}, {}, Place(name, 1))
    if not isinstance(found, Table):
        raise _unreadable(f"{name}:1: it is no mapping")
    return found


def _unreadable(details: str) -> GreenroomError:
    return GreenroomError("no-yaml-file", "the pipeline cannot be read", "mend the file", Exit.USAGE, details)


class _Loader(yaml.SafeLoader):
    """Mappings become tables, ``!reference`` a reference; YAML's own dates stay text."""

    file = ""

    def table(self, node: yaml.MappingNode) -> Table:
        self.flatten_mapping(node)
        found = Table({}, {}, self._place(node))
        for key, value in node.value:
            name = str(self.construct_object(key, deep=True))
            inner = self.construct_object(value, deep=True)
            place = found.places[name] = self._place(key)
            found[name] = Table(inner, inner.places, place) if isinstance(inner, Table) else inner
        return found

    def reference(self, node: yaml.SequenceNode) -> Reference:
        return Reference(tuple(map(str, self.construct_sequence(node, deep=True))), self._place(node))

    def text(self, node: yaml.ScalarNode) -> str:
        return str(node.value)

    def _place(self, node: Any) -> Place:
        return Place(self.file, node.start_mark.line + 1)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.table)
_Loader.add_constructor("!reference", _Loader.reference)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.text)
