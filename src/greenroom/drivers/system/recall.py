"""Keep what is costly to make until something that it depends on changes."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def recall(file: Path, key: str, make: Callable[[], T]) -> T:
    """What was kept in ``file`` under that very key, else what ``make`` gives, which is then kept.

    The file is only a copy: one that is damaged, foreign or cannot be written is passed over. It must be in a folder
    that nobody else may write to, for it is unpickled.
    """
    kept = _read(file)
    if kept is not None and kept[0] == key:
        return kept[1]  # type: ignore[no-any-return]
    made = make()
    with contextlib.suppress(OSError):
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(pickle.dumps((key, made)))
        temporary.replace(file)
    return made


def _read(file: Path) -> tuple[str, Any] | None:
    try:
        if file.stat().st_uid != os.getuid() or file.stat().st_mode & 0o022:
            return None
        kept = pickle.loads(file.read_bytes())  # noqa: S301 - our own file, nobody else may write it
    except Exception:  # noqa: BLE001 - unpickling rubbish raises nearly anything; the answer is to make it anew
        return None
    return kept if isinstance(kept, tuple) and len(kept) == 2 else None
