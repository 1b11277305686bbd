"""What a job of anybody's pipeline is about: does it deploy, into which environment, with which words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from greenroom.domain.pipelines.places import Place, Table
from greenroom.domain.pipelines.reading import items, plain_variables

_DEPLOYS = re.compile(
    r"\b(kubectl\s+(-\S+\s+\S+\s+)*(apply|replace|create|set\s+image|rollout\s+restart|patch)"
    r"|helm\s+(-\S+\s+\S+\s+)*(upgrade|install)|werf\s+converge|skaffold\s+run|docker\s+stack\s+deploy"
    r"|docker[ -]compose\s+(.*\s)?up|ansible-playbook"
    r"|greenroom\s+(-\S+\s+\S+\s+)*(deploy|promote|env\s+create))\b"
)
_LASTING = re.compile(r"(prod|live|stag|pre|dev|test|qa|uat|int|demo)[a-z]*$", re.IGNORECASE)
_SWEEPS = re.compile(r"\bgreenroom\s+(-\S+\s+\S+\s+)*sweep\b")


@dataclass(frozen=True)
class Job:
    """A job with its name; ``keys`` are all that it has, also from others."""

    name: str
    keys: Table

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of its scripts."""
        parts = ("before_script", "script", "after_script")
        return tuple(str(line) for part in parts for line in items(self.keys.get(part)))

    @cached_property
    def script(self) -> str:
        """All of them."""
        return "\n".join(self.lines)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """What it says of its environment; empty when it has none."""
        found = self.keys.get("environment")
        return found if isinstance(found, dict) else {"name": found} if isinstance(found, str) else {}

    @property
    def environment_name(self) -> str:
        """As it stands in the file, with its variables."""
        return str(self.environment.get("name", ""))

    @property
    def lasting(self) -> bool:
        """Is it one that a project always has, such as production or staging?"""
        return _LASTING.match(self.environment_name) is not None

    @property
    def starts(self) -> bool:
        """Does it bring something into an environment, as GitLab sees it?"""
        return bool(self.environment) and self.environment.get("action", "start") == "start"

    @property
    def stops(self) -> bool:
        """Does it end an environment?"""
        return self.environment.get("action") == "stop"

    @property
    def deploys(self) -> bool:
        """Does it bring something on stage, whether it says so or not?"""
        return not self.stops and (self.starts or _DEPLOYS.search(self.script) is not None)

    @property
    def sweeps(self) -> bool:
        """Does it remove what nobody needs any more?"""
        return _SWEEPS.search(self.script) is not None

    @property
    def on_stop(self) -> str:
        """The job that ends its environment."""
        return str(self.environment.get("on_stop", ""))

    @property
    def variables(self) -> dict[str, str]:
        """Its own."""
        return plain_variables(self.keys.get("variables"))

    def images(self) -> Iterator[tuple[str, Place]]:
        """Its image and those of its services, with their lines."""
        for key in ("image", "services"):
            for found in items(self.keys.get(key)):
                name = found.get("name") if isinstance(found, dict) else found
                if isinstance(name, str):
                    place = found.own if isinstance(found, Table) else self.keys.place(key)
                    yield name, place

    def place(self, *path: str) -> Place:
        """Where a key stands; of one that is not there, the job."""
        return self.keys.place(*path)

    @property
    def own_place(self) -> Place:
        """Where the job itself begins."""
        return self.keys.own
