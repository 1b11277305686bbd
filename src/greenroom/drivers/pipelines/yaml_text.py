"""A pipeline as the text of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

WIDTH = 110


class _Dumper(yaml.SafeDumper):
    """Lists are indented, nothing is written as an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dumped(pipeline: Mapping[str, Any]) -> str:
    """YAML, with an empty line between what stands at the top."""
    parts = (
        yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
        for key, value in pipeline.items()
    )
    return "\n".join(parts)
