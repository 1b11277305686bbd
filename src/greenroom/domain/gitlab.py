"""Which GitLab the project lives on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """``url`` and ``project`` (a number, or a path like team/shop) empty: as the CI job says.

    ``token_variable`` names the environment variable that holds the token; ``token_file`` is read where that is not set.
    """

    url: str = ""
    project: str = ""
    token_variable: str = "GREENROOM_GITLAB_TOKEN"  # noqa: S105 - a name
    token_file: str = ""
    ca_file: str = ""
