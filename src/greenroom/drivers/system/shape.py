"""From a JSON object to a dataclass, or an error that names the file and the key."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from greenroom.drivers.system.files import damaged

T = TypeVar("T")


def shaped(cls: type[T], data: Mapping[str, Any], file: Path) -> T:
    """``cls(**data)`` with every value of its declared type; lists become tuples.

    Knows str, int, float, bool, None, unions, enums, dataclasses, ``tuple[X, ...]`` and ``dict[str, X]``. Raises
    :class:`greenroom.domain.errors.GreenroomError` (exit 5) for anything missing, unknown or of another type.
    """
    try:
        return cls(**_values(cls, data))
    except (TypeError, ValueError, OverflowError) as error:
        raise damaged(file, str(error)) from error


def _values(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    hints = _hints(cls)
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise TypeError(f"it has {', '.join(unknown)}")
    lacking = [f.name for f in fields(cls) if f.name not in data and _is_required(f)]
    if lacking:
        raise TypeError(f"it lacks {', '.join(lacking)}")
    return {key: _value(key, hints[key], value) for key, value in data.items()}


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _hints(cls: type[Any]) -> dict[str, Any]:
    return dict(get_type_hints(cls))


def _value(key: str, hint: Any, value: Any) -> Any:
    origin = get_origin(hint)
    if origin is types.UnionType:
        return (
            None
            if value is None
            else _value(key, next(h for h in get_args(hint) if h is not type(None)), value)
        )
    if origin is tuple and isinstance(value, list):
        return tuple(_value(key, get_args(hint)[0], item) for item in value)
    if origin is dict and isinstance(value, dict):
        return {name: _value(f"{key}.{name}", get_args(hint)[1], item) for name, item in value.items()}
    if is_dataclass(hint) and isinstance(value, dict):
        return hint(**_values(hint, value)) if isinstance(hint, type) else value
    if isinstance(hint, type) and issubclass(hint, enum.Enum) and isinstance(value, str):
        return hint(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise TypeError(f"{key} is {type(value).__name__} {str(value)[:40]!r}")
