"""The whole pipeline of a project: its file, and the one of the team that includes it."""

from __future__ import annotations

from typing import Any

from greenroom.domain.environment import TargetKind
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.pipelines.deploying import builds, deploys, places, reviews, sweep
from greenroom.domain.pipelines.generated import STAGES, Lines, checks, workflow
from greenroom.domain.project import Project

TEAMS = ".gitlab-ci.yml"
"""The file that GitLab reads: the team's own."""

OURS = ".gitlab/greenroom.gitlab-ci.yml"
"""What ``ci generate`` writes, and the team's file includes."""

INCLUDING: dict[str, Any] = {"include": [{"local": OURS}]}


def pipeline(project: Project) -> dict[str, Any]:
    """The pipeline as data. Raises (exit 2) when the project's file lacks what it needs."""
    lines = Lines(project)
    if not lines.chain and not lines.straight and not lines.reviews:
        hint = "give a table of [[environments]] its refs"
        raise GreenroomError("no-refs", "no branch leads to any environment", hint, Exit.USAGE)
    clusters = any(r.like.target is TargetKind.KUBERNETES for r in project.rules)
    if clusters and not project.ci.tools:
        hint = "set tools in [ci] of greenroom.toml"
        message = "the jobs for the cluster need an image that has greenroom, git and helm"
        raise GreenroomError("no-tools", message, hint, Exit.USAGE)
    found: dict[str, Any] = {
        "workflow": workflow(lines),
        "stages": list(STAGES),
        "default": {
            "interruptible": True,
            "retry": {"max": 1, "when": ["runner_system_failure", "stuck_or_timeout_failure"]},
        },
    }
    for part in (checks, places, builds, deploys, reviews, sweep):
        found.update(part(lines))
    return found
