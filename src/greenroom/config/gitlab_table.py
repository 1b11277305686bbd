"""The table [gitlab]."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from greenroom.config import values
from greenroom.config.fields import Table, VariableName, key
from greenroom.domain.gitlab import GitLabSettings

_GITLAB = GitLabSettings()


class GitLabTable(Table):
    """The team's GitLab; the table may be empty. With it, sweep asks GitLab for branches and merge requests (needs greenroom[gitlab])."""

    url: Annotated[str, AfterValidator(values.server_url)] | None = key(
        None, "Its address. Default: $CI_SERVER_URL, which every CI job has.", "https://gitlab.example.org"
    )
    project: str | None = key(
        None, "The project, by path or number. Default: $CI_PROJECT_ID.", "team/shop", min_length=1
    )
    token_variable: VariableName = key(
        _GITLAB.token_variable,
        "The environment variable with a token: of scope read_api and role Reporter for sweep, of scope api and role Developer for the rest.",
    )
    token_file: str | None = key(
        None, "A file that is read where that variable is not set.", "/run/credentials/greenroom/gitlab"
    )
    ca_file: str | None = key(
        None, "Certificates (PEM) to trust at GitLab instead of the usual ones.", "/etc/ssl/company.pem"
    )


def settings(table: GitLabTable | None) -> GitLabSettings | None:
    """What the domain knows of it; None without the table."""
    return None if table is None else GitLabSettings(**table.model_dump(exclude_none=True))
