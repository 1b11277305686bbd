"""An export as files: one YAML document an object, a folder a namespace, and ``index.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.moving.export import Export, Index, Secret, Told, Volume
from greenroom.domain.objects import Id, Json
from greenroom.drivers.system.files import read_json, write_json, write_whole

INDEX = "index.json"
_LISTS = {"left_out": Told, "notes": Told, "converted": Told, "secrets": Secret, "volumes": Volume}


class ExportFolder:
    """See :class:`greenroom.ports.moving.Folder`. While it is written the index says that it is not whole."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._index = folder, folder / INDEX

    def write(self, export: Export) -> Sequence[str]:
        self._clear()
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._index, {"whole": False}, 0o644)
        names = []
        for found in export.objects:
            name = file_name(found)
            place = self._folder / name
            place.parent.mkdir(exist_ok=True)
            write_whole(place, _as_text(found), 0o600 if found["kind"] == "Secret" else 0o644)
            names.append(name)
        write_json(self._index, {"whole": True, **export.index.to_json()}, 0o644)
        return names

    def read(self) -> Export:
        kept = read_json(self._index)
        if kept is None:
            hint = "make one: greenroom cluster export -o FOLDER"
            raise GreenroomError("no-export", f"{self._folder} holds no export", hint, Exit.USAGE)
        if not kept.pop("whole", False):
            hint = "export anew: greenroom cluster export -o FOLDER"
            raise GreenroomError("no-export", f"the export in {self._folder} is not whole", hint, Exit.USAGE)
        return Export([_from_text(path) for path in self._files()], _index(kept))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*/*.yaml"))

    def _clear(self) -> None:
        """Make room for a new export where an older one lies; anything else stays, and is an error."""
        if not self._folder.exists():
            return
        older = [*self._files(), *([self._index] if self._index.exists() else [])]
        there = [path for path in self._folder.rglob("*") if not path.is_dir()]
        if (not self._index.exists() and there) or set(there) - set(older):
            hint = "name a new folder, or an older export"
            raise GreenroomError("not-empty", f"{self._folder} holds something else", hint, Exit.USAGE)
        for path in older:
            path.unlink()


def file_name(found: Json) -> str:
    """``<namespace>/<kind>-<name>.yaml``; kinds of operators with their group."""
    what = Id.of(found)
    if what.kind == "Namespace":
        return f"{what.name}/namespace.yaml"
    group = f".{what.group}" if "." in what.group and not what.group.endswith(".k8s.io") else ""
    return f"{what.namespace}/{what.kind.lower()}{group}-{quote(what.name, safe='')}.yaml"


def _as_text(found: Json) -> str:
    return str(_yaml().safe_dump(found, sort_keys=False, width=110, allow_unicode=True))


def _from_text(path: Path) -> Json:
    yaml = _yaml()
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(found, dict) or not {"apiVersion", "kind", "metadata"} <= found.keys():
        raise _unreadable(path, "no object of Kubernetes")
    return found


def _unreadable(path: Path, why: str) -> GreenroomError:
    hint = "correct the file or remove it"
    return GreenroomError("no-export", f"{path} cannot be read: {why}", hint, Exit.USAGE)


def _index(kept: dict[str, Any]) -> Index:
    made = {key: value for key, value in kept.items() if key in Index.__dataclass_fields__}
    for key, kind in _LISTS.items():
        made[key] = [kind(**{k: _frozen(v) for k, v in one.items()}) for one in made.get(key) or ()]
    made["namespaces"] = tuple(made.get("namespaces") or ())
    made["needs"] = {kind: tuple(names) for kind, names in (made.get("needs") or {}).items()}
    return Index(**made)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        hint = "pip install 'greenroom[kubernetes]'"
        raise GreenroomError("no-yaml", "PyYAML is missing", hint, Exit.USAGE) from None
    return yaml
