"""What GitLab's refusals mean, and what to do about each."""

from __future__ import annotations

import json
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError

ROLE_HINT = (
    "the token's role must be Reporter to read branches and merge requests, Developer to tell deployments"
)


class GitLabError(GreenroomError):
    """An answer of GitLab that is none; ``status`` is its HTTP status, 0 where there was none."""

    def __init__(self, code: str, message: str, hint: str, status: int = 0) -> None:
        super().__init__(code, message, hint, Exit.FAILED)
        self.status = status


def refusal(status: int, body: bytes, asked: str, where: str, token: str) -> GitLabError:
    """The error for an answer that no second try makes better.

    ``asked``: method and path; ``where``: project and address; ``token``: where the token comes from.
    """
    said = _said(body)
    told = str(said.get("error_description") or said.get("message") or said.get("error") or f"HTTP {status}")
    if status == 401:
        return GitLabError(
            "gitlab-token",
            f"GitLab does not take the token of {token}: {told}",
            f"make a project access token with the scope api (read_api for sweep alone) and put it into {token}",
            status,
        )
    if status == 403 and said.get("error") == "insufficient_scope":
        least = _least(str(said.get("scope", "")))
        return GitLabError(
            "gitlab-scope",
            f"the token of {token} lacks the scope {least}: GitLab refuses {asked}",
            f"make one with the scope {least} and put it into {token}",
            status,
        )
    if status == 403:
        return GitLabError(
            "gitlab-role", f"GitLab refuses {asked} to the token of {token}: {told}", ROLE_HINT, status
        )
    if status == 404:
        message = f"GitLab knows nothing at {asked}: {told}"
        return GitLabError("gitlab-missing", message, f"is it {where}, and may the token see it?", status)
    return GitLabError("gitlab-refused", f"GitLab refuses {asked}: {told}", f"look at {where}", status)


def _least(scopes: str) -> str:
    """Of the scopes that would do, the one that may least."""
    names = scopes.split()
    return "read_api" if "read_api" in names else (names or ["api"])[0]


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def unread(what: str, why: str) -> GitLabError:
    """A list that cannot be read whole is no list."""
    return GitLabError("gitlab-unread", f"{what} cannot be read whole from GitLab: {why}", "do it again")
