"""Keep a project's pipeline what its rules ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenroom.domain.charting import Export, compare, digest
from greenroom.domain.errors import Exit, GreenroomError, refused
from greenroom.domain.pipelines.evaluating import Exists, Verdict, evaluate
from greenroom.domain.pipelines.expressions import BadExpression
from greenroom.domain.pipelines.making import OURS, TEAMS
from greenroom.domain.pipelines.reading import Pipeline
from greenroom.domain.pipelines.signed import untouched
from greenroom.domain.pipelines.situation import Situation
from greenroom.ports.pipelines import PipelineFolder


@dataclass(frozen=True, slots=True)
class Generated:
    """``todo``: what was written, or would be; ``included``: does the team's file take ours in?"""

    todo: Export
    included: bool

    @property
    def pending(self) -> bool:
        """Is anything not as the rules ask for?"""
        return bool(self.todo.write) or not self.included

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        changed = {name: text for name, text in sorted(self.todo.changed.items())}
        return {"files": sorted(self.todo.write), "changed": changed, "included": self.included}


def generate(files: Mapping[str, str], teams: str, folder: PipelineFolder, check: bool) -> Generated:
    """Write ``files``, and ``teams`` as the team's own file where it has none. ``check``: write nothing.

    Raises (exit 3) with a diff when somebody has changed one of ours; then nothing is written.
    """
    there = {name: text for name in (*files, TEAMS) if (text := folder.read(name)) is not None}
    wanted = dict(files) if TEAMS in there else {**files, TEAMS: teams}
    ours = {name: digest(text) for name, text in there.items() if untouched(text)}
    todo = compare(wanted, {name: text for name, text in there.items() if name in files}, ours)
    found = Generated(todo, OURS in there.get(TEAMS, teams))
    if check:
        return found
    if todo.changed:
        names = " and ".join(todo.changed)
        raise refused(
            "pipeline-changed",
            f"{names} was changed by hand",
            f"move the change into {TEAMS}, remove the file, and again: greenroom ci generate",
            "\n".join(todo.changed.values()),
        )
    for name, text in todo.write.items():
        folder.write(name, text)
    return found


def explain(pipeline: Pipeline, ref: str, exists: Exists, **kind: Any) -> Verdict:
    """Which jobs run for a ref. ``kind``: the other fields of a :class:`Situation`.

    Raises (exit 2) when two kinds of pipeline are asked for at once, or GitLab would not read a condition.
    """
    chosen = [name for name in ("request", "tag", "opened") if kind.get(name)]
    chosen += ["schedule"] if kind.get("source") == "schedule" else []
    if len(chosen) > 1 or (kind.get("fork") and not kind.get("request")):
        hint = "choose one of --merge-request (with --fork), --open, --tag, --schedule"
        raise GreenroomError("usage", "a pipeline is of one kind", hint, Exit.USAGE)
    try:
        return evaluate(pipeline, Situation(ref, **kind), exists)
    except BadExpression as error:
        message = f"GitLab would refuse a condition: {error}"
        raise GreenroomError("bad-condition", message, "greenroom ci check", Exit.USAGE) from error
