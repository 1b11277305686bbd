"""Secrets in the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from greenroom.domain.pipelines.places import Place
from greenroom.domain.pipelines.problems import Examined, Problem, problem
from greenroom.domain.pipelines.reading import plain_variables

_NAME = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIALS?)$", re.IGNORECASE
)
_KNOWN = re.compile(
    r"glpat-[\w-]{16,}|gl(dt|rt|cbt|ptt)-[\w-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|xox[abp]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@$]+:[^/\s@$]{3,}@"
)
_GIVEN = re.compile(r"(--password|--token|\blogin\b[^\n]*\s-p)[= ]+['\"]?(?!\$)[^\s'\"$-][^\s'\"$]{5,}")
_HARMLESS = frozenset(
    {"", "postgres", "password", "secret", "test", "root", "ci", "example", "changeme", "true", "false"}
)
"""What test databases beside a job are given."""


def secrets(seen: Examined) -> Iterator[Problem]:
    """Values that are in the repository for everybody who ever read it; they are not repeated."""
    top = seen.pipeline.top
    for name, value in plain_variables(top.get("variables")).items():
        if _secret(name, value):
            yield _told(f"the variable {name}", top.place("variables", name))
    said: set[Place] = set()
    for job in seen.jobs.values():
        for name, value in job.variables.items():
            place = job.place("variables", name)
            if _secret(name, value) and place not in said:
                said.add(place)
                yield _told(f"the variable {name} of {job.name}", place)
        place = job.place("script")
        if any(_KNOWN.search(line) or _GIVEN.search(line) for line in job.lines) and place not in said:
            said.add(place)
            yield _told(f"the script of {job.name}", place)


def _secret(name: str, value: str) -> bool:
    if _KNOWN.search(value):
        return True
    return _NAME.search(name) is not None and "$" not in value and value.lower() not in _HARMLESS


def _told(what: str, place: Place) -> Problem:
    return problem(
        "secret-in-file",
        place,
        f"{what} holds a secret in clear text",
        "it is in the history of the repository for everybody who may read it, and in job logs",
        "replace it, and keep the new one as a masked, protected variable of the project: greenroom secrets",
    )
