"""The project's GitLab: which, and by which token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.gitlab import GitLabSettings
from greenroom.domain.secret import Secret
from greenroom.drivers.gitlab import Client, GitLabForge, Where
from greenroom.ports import Forge

if TYPE_CHECKING:
    from greenroom.wiring.project import Wiring


def forge(wiring: Wiring, settings: GitLabSettings, git: Forge) -> Forge:
    """Branches and merge requests from GitLab; what only git can tell from git."""
    return GitLabForge(client(wiring, settings), git)


def client(wiring: Wiring, settings: GitLabSettings, patience: float = 120.0) -> Client:
    """Requests to the project. Nothing is asked yet, and no token is needed before that.

    Raises (exit 2) when neither the file nor a CI job says which GitLab and project it is.
    """
    url = settings.url or os.environ.get("CI_SERVER_URL", "")
    project = settings.project or os.environ.get("CI_PROJECT_ID", "")
    if not url or not project:
        missing = "url" if not url else "project"
        raise GreenroomError(
            "gitlab-unknown",
            f"nothing says which GitLab this is: [gitlab] has no {missing}, and this is no CI job",
            f"set {missing} in [gitlab] of greenroom.toml",
            Exit.USAGE,
        )
    where = Where(url, project, f"${settings.token_variable}", settings.ca_file)
    return Client(where, _token(settings), wiring.clock, wiring.say, patience)


def _token(settings: GitLabSettings) -> Secret | None:
    """What the variable holds, else what the file does. Raises (exit 2) when the file cannot be read."""
    given = os.environ.get(settings.token_variable, "").strip()
    if given or not settings.token_file:
        return Secret(given) if given else None
    try:
        return Secret(Path(settings.token_file).read_text().strip())
    except OSError as error:
        raise GreenroomError(
            "gitlab-token",
            f"the token for GitLab cannot be read from {settings.token_file}: {error.strerror}",
            f"put it there, or into ${settings.token_variable}",
            Exit.USAGE,
        ) from error
