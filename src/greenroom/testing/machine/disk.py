"""A disk that forgets what was not synced when the power goes."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

FLUSHED_AFTER = 30.0
"""Seconds after which the kernel has written everything by itself (vm.dirty_expire_centisecs)."""


@dataclass(eq=False, slots=True)
class File:
    """An inode. ``durable`` is the content that survives for sure, None: not even its length is known."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytes | None = b""
    since: float = 0.0


@dataclass(eq=False, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(eq=False, slots=True)
class Folder:
    """Names and what they stand for."""

    names: dict[str, File | Link | Folder] = field(default_factory=dict)


Node = File | Link | Folder


@dataclass(slots=True)
class Change:
    """Names of a folder that changed together, not yet durable: (name, node or None for removed)."""

    names: tuple[tuple[str, Node | None], ...]
    at: float


class SimulatedDisk:
    """See :class:`greenroom.drivers.system.machine.Disk`. ``step`` is told before every operation."""

    def __init__(self, step: Callable[[str], None], monotonic: Callable[[], float]) -> None:
        self._step = step
        self._monotonic = monotonic
        self.root = Folder()
        self.full = False
        self.renamed: Callable[[str], None] = lambda _path: None
        self.removed: Callable[[str], None] = lambda _path: None
        self._durable: dict[Folder, dict[str, Node]] = {}
        self._pending: dict[Folder, list[Change]] = {}

    # Looking

    def read(self, path: Path, at: int = 0, most: int = -1) -> bytes:
        self._step(f"read {path}")
        file = self._file(path)
        return bytes(file.data[at:] if most < 0 else file.data[at : at + most])

    def size(self, path: Path) -> int | None:
        node = self._find(str(path))
        return len(node.data) if isinstance(node, File) else None

    def exists(self, path: Path) -> bool:
        return self._find(str(path)) is not None

    def is_folder(self, path: Path) -> bool:
        return isinstance(self._find(str(path)), Folder)

    def room(self, folder: Path) -> int:
        return 0 if self.full else 1 << 40

    def names(self, folder: Path) -> list[str]:
        self._step(f"list {folder}")
        return self.peek(folder)

    def target(self, link: Path) -> str | None:
        node = self._find(str(link), follow=False)
        return node.target if isinstance(node, Link) else None

    def peek(self, folder: Path) -> list[str]:
        """The names in a folder, without a step: for rules that look from outside."""
        node = self._find(str(folder))
        return sorted(node.names) if isinstance(node, Folder) else []

    # Changing

    def make_folder(self, path: Path) -> None:
        if self._find(str(path)) is not None:
            return
        self._step(f"mkdir {path}")
        self._check_room(path)
        at = self.root
        for name in str(path).strip("/").split("/"):
            node = at.names.get(name)
            if node is None:
                node = Folder()
                self._change(at, (name, node))
            if not isinstance(node, Folder):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(path))
            at = node

    def create(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        self._step(f"create {path}")
        self._check_room(path)
        folder, name = self._place(path)
        node = self._find(str(path))
        if not isinstance(node, File):
            node = File(durable=b"", since=self._monotonic())
            self._change(folder, (name, node))
        node.durable = None if node.data else node.durable
        node.data, node.since = bytearray(data), self._monotonic()

    def append(self, path: Path, data: bytes) -> None:
        self._step(f"append {path}")
        self._check_room(path)
        self.write_behind(path, data)

    def write_behind(self, path: Path, data: bytes) -> None:
        """Append without a step: what the simulated programs write into their logs."""
        node = self._find(str(path))
        if not isinstance(node, File):
            folder, name = self._place(path)
            node = File(since=self._monotonic())
            self._change(folder, (name, node))
        node.data += data

    def replace_content(self, path: Path, data: bytes) -> None:
        """Write anew without a step: the note in a lock's file."""
        self._file(path).data[:] = data

    def sync(self, path: Path) -> None:
        self._step(f"fsync {path}")
        file = self._file(path)
        file.durable = bytes(file.data)

    def sync_folder(self, folder: Path) -> None:
        self._step(f"fsync {folder}/")
        node = self._find(str(folder))
        if not isinstance(node, Folder):
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))
        self._flush(node, lambda _change: True)

    def rename(self, source: Path, target: Path) -> None:
        self._step(f"rename {source} {target}")
        folder, old = self._place(source)
        into, new = self._place(target)
        node = folder.names.get(old)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(source))
        if into is folder:
            self._change(folder, (old, None), (new, node))
        else:
            self._change(into, (new, node))
            self._change(folder, (old, None))
        self.renamed(str(target))

    def link(self, path: Path, target: str) -> None:
        self._step(f"link {path}")
        self._check_room(path)
        folder, name = self._place(path)
        if name in folder.names:
            raise FileExistsError(errno.EEXIST, "is there", str(path))
        self._change(folder, (name, Link(target)))

    def hard_link(self, source: Path, path: Path) -> None:
        if self.exists(path):
            return
        self._step(f"hard link {path}")
        folder, name = self._place(path)
        self._change(folder, (name, self._file(source)))

    def remove(self, path: Path) -> None:
        self._step(f"remove {path}")
        if self._find(str(path), follow=False) is not None:
            folder, name = self._place(path)
            self._change(folder, (name, None))
            self.removed(str(path))

    def remove_tree(self, folder: Path) -> None:
        """Name by name, each a step of its own."""
        node = self._find(str(folder), follow=False)
        if isinstance(node, Folder):
            for name in sorted(node.names):
                self.remove_tree(folder / name)
        self.remove(folder)

    # Power

    def settle(self) -> None:
        """Everything is durable now."""
        for folder in list(self._pending):
            self._flush(folder, lambda _change: True)
        todo: list[Folder] = [self.root]
        while todo:
            for node in todo.pop().names.values():
                if isinstance(node, Folder):
                    todo.append(node)
                elif isinstance(node, File):
                    node.durable = bytes(node.data)

    def lose_power(self, rng: random.Random) -> None:
        """Keep what was synced, and a seeded part of the rest."""
        old = self._monotonic() - FLUSHED_AFTER
        for folder in list(self._pending):
            self._flush(folder, lambda change: change.at <= old or rng.random() < 0.5)
        self._pending.clear()
        self.root = self._rebuilt(self.root, rng, old, {})
        self._durable.clear()

    def _rebuilt(self, folder: Folder, rng: random.Random, old: float, files: dict[File, File]) -> Folder:
        made = Folder()
        for name, node in self._durable.get(folder, folder.names).items():
            if isinstance(node, Folder):
                made.names[name] = self._rebuilt(node, rng, old, files)
            elif isinstance(node, File):
                made.names[name] = files.setdefault(node, _survivor(node, rng, old))
            else:
                made.names[name] = node
        return made

    def _change(self, folder: Folder, *names: tuple[str, Node | None]) -> None:
        if folder not in self._durable:
            self._durable[folder] = dict(folder.names)
        for name, node in names:
            _set(folder.names, name, node)
        changes = self._pending.setdefault(folder, [])
        changes.append(Change(names, self._monotonic()))
        if len(changes) > 200:
            old = self._monotonic() - FLUSHED_AFTER
            self._flush(folder, lambda change: change.at <= old)

    def _flush(self, folder: Folder, chosen: Callable[[Change], bool]) -> None:
        left = []
        for change in self._pending.get(folder, ()):
            if chosen(change):
                for name, node in change.names:
                    _set(self._durable[folder], name, node)
            else:
                left.append(change)
        self._pending[folder] = left

    # Paths

    def _find(self, path: str, follow: bool = True) -> Node | None:
        at: Node | None = self.root
        parts = path.strip("/").split("/")
        for index, name in enumerate(parts):
            if isinstance(at, Link):
                at = self._find(at.target)
            if not isinstance(at, Folder):
                return None
            at = at.names.get(name)
            if isinstance(at, Link) and (follow or index < len(parts) - 1):
                at = self._find(at.target)
        return at

    def _file(self, path: Path) -> File:
        node = self._find(str(path))
        if not isinstance(node, File):
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return node

    def _place(self, path: Path) -> tuple[Folder, str]:
        above, _, name = str(path).rpartition("/")
        folder = self._find(above)
        if not isinstance(folder, Folder):
            raise FileNotFoundError(errno.ENOENT, "no such folder", above)
        return folder, name

    def _check_room(self, path: Path) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))


def _set(names: dict[str, Node], name: str, node: Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


def _survivor(file: File, rng: random.Random, old: float) -> File:
    """A file after the power cut: durable content, or what it was, or only a beginning of it."""
    whole = bytes(file.data)
    if file.durable == whole or file.since <= old:
        kept = whole
    else:
        cut = whole[: rng.randrange(len(whole) + 1)] if whole else b""
        kept = rng.choice([file.durable if file.durable is not None else b"", whole, cut])
    return File(bytearray(kept), kept)
