"""What is installed in an image: packages of Python, of Debian and of Alpine, as their own databases say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from greenroom.domain.image_contents import Contents

_BLOCKS = re.compile(r"\n\s*\n")
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One installed package. ``kind`` is its type in package URLs (``pypi deb apk``), ``licence`` as the package names it,
    ``of`` the distribution's id such as ``debian``, empty for Python."""

    kind: str
    name: str
    version: str
    licence: str = ""
    of: str = ""

    @property
    def purl(self) -> str:
        """Its package URL (https://github.com/package-url/purl-spec)."""
        folder = f"{self.of}/" if self.of else ""
        return f"pkg:{self.kind}/{folder}{quote(self.name, safe='')}@{quote(self.version, safe='')}"


def installed(contents: Contents) -> tuple[Part, ...]:
    """Every package that can be seen in the finished image, by kind and name; what a later layer took away is not there."""
    seen = {one.path for one in contents.lying if one.hidden is None}
    texts = {path: text for path, text in contents.texts.items() if path in seen}
    system = _system(texts)
    found: set[Part] = set()
    for path, text in texts.items():
        if path.endswith(".dist-info/METADATA"):
            found |= set(_python(text))
        elif path.endswith("lib/dpkg/status"):
            found |= set(_debian(text, system or "debian"))
        elif path.endswith("lib/apk/db/installed"):
            found |= set(_alpine(text, system or "alpine"))
    return tuple(sorted(found))


def _system(texts: Mapping[str, str]) -> str:
    for path, text in texts.items():
        if path.endswith("os-release"):
            for line in text.splitlines():
                if line.startswith("ID="):
                    return line.removeprefix("ID=").strip().strip("\"'")
    return ""


def _python(text: str) -> Iterator[Part]:
    """Core metadata (https://packaging.python.org/en/latest/specifications/core-metadata/): its head, before the description."""
    head = _fields(_BLOCKS.split(text, maxsplit=1)[0], ":")
    licence = head.get("License-Expression") or head.get("License", "")
    if head.get("Name") and head.get("Version"):
        name = _SEPARATORS.sub("-", head["Name"]).lower()
        yield Part("pypi", name, head["Version"], licence if len(licence) <= 100 else "")


def _debian(text: str, of: str) -> Iterator[Part]:
    """``/var/lib/dpkg/status`` (deb-control(5)); packages that were removed are still in it."""
    for block in _BLOCKS.split(text):
        found = _fields(block, ":")
        if found.get("Status", "").endswith(" installed"):
            yield Part("deb", found["Package"], found["Version"], "", of)


def _alpine(text: str, of: str) -> Iterator[Part]:
    """``/lib/apk/db/installed`` (https://wiki.alpinelinux.org/wiki/Apk_spec)."""
    for block in _BLOCKS.split(text):
        found = _fields(block, ":")
        if found.get("P") and found.get("V"):
            yield Part("apk", found["P"], found["V"], found.get("L", ""), of)


def _fields(block: str, sign: str) -> dict[str, str]:
    """``Name: value`` lines; a field's first line counts, and the first of fields that are there twice."""
    found: dict[str, str] = {}
    for line in block.splitlines():
        name, there, value = line.partition(sign)
        if there and not line[:1].isspace():
            found.setdefault(name, value.strip())
    return found
