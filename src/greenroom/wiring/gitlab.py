"""The project's GitLab: which, and by which token. Nothing is asked and nothing fails before it is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.gitlab import GitLabSettings
from greenroom.domain.secret import Secret
from greenroom.drivers.gitlab import Client, GitLabBoard, GitLabExaminer, GitLabForge, Job, Where
from greenroom.ports import Board, Forge

if TYPE_CHECKING:
    from greenroom.wiring.project import Wiring

PATIENCE, TELLING = 120.0, 15.0
"""Seconds that a command waits in all for a GitLab that is away: to learn of branches, and to tell of a deploy."""


def forge(wiring: Wiring, settings: GitLabSettings, git: Forge) -> Forge:
    """Branches and merge requests from GitLab; what only git can tell from git."""
    return GitLabForge(client(wiring, settings, PATIENCE), git)


def board(wiring: Wiring, settings: GitLabSettings, target: str) -> Board:
    """Where the team reads of deploys. ``target``: the branch that is named where nobody knows a better one."""
    look = os.environ.get
    job = Job(
        declares=look("CI_ENVIRONMENT_NAME", ""),
        log=look("CI_JOB_URL", ""),
        ref=look("CI_COMMIT_REF_NAME", ""),
        tag=bool(look("CI_COMMIT_TAG")),
    )
    return GitLabBoard(
        client(wiring, settings, TELLING), job, lambda place: wiring.site.url(place.name), target
    )


def examiner(wiring: Wiring) -> GitLabExaminer:
    """Who looks at the project's GitLab. Raises (exit 2) when the project's file names none."""
    settings = wiring.project.gitlab
    if settings is None:
        raise GreenroomError(
            "no-gitlab-table",
            "greenroom.toml has no [gitlab]",
            "docs/guides/gitlab.md says what stands in it",
            Exit.USAGE,
        )
    asked = client(wiring, settings, TELLING)
    if wiring.project.image.repository is None:
        return GitLabExaminer(asked, wiring.target_branches)
    from greenroom.wiring.registry import deletes

    return GitLabExaminer(asked, wiring.target_branches, lambda: deletes(wiring))


def client(wiring: Wiring, settings: GitLabSettings, patience: float) -> Client:
    """Requests to the project."""
    variable = f"${settings.token_variable}"
    where = Where(
        url=settings.url or os.environ.get("CI_SERVER_URL", ""),
        project=settings.project or os.environ.get("CI_PROJECT_ID", ""),
        source=f"{variable} or {settings.token_file}" if settings.token_file else variable,
        ca_file=settings.ca_file,
    )
    return Client(where, _token(settings), wiring.clock, wiring.say, patience)


def _token(settings: GitLabSettings) -> Secret | None:
    """What the variable holds, else what the file does."""
    given = os.environ.get(settings.token_variable, "").strip()
    if not given and settings.token_file:
        try:
            given = Path(settings.token_file).read_text().strip()
        except OSError:
            return None
    return Secret(given) if given else None
