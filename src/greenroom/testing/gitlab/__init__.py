"""A GitLab with one project, in memory, for tests: its REST API (v4) and what teams do to it.

It was written from GitLab's documentation, its source and the shapes of its OpenAPI document, to which the project's
own tests hold every request and answer; **a real GitLab was not at hand**. :class:`GitLab` holds the state and the
team's verbs (push, merge, squash, close, reopen, delete, fork ...); :func:`greenroom.testing.gitlab.serving.session` answers
in process, :class:`greenroom.testing.gitlab.serving.Served` on 127.0.0.1. :class:`Trouble` makes it fail as one that is far away does.
"""

from greenroom.testing.gitlab import settings as settings
from greenroom.testing.gitlab.project import GitLab
from greenroom.testing.gitlab.repository import GitRepository, Repository
from greenroom.testing.gitlab.serving import Served, session
from greenroom.testing.gitlab.things import (
    Deployment,
    Note,
    Place,
    Protection,
    Request,
    Runner,
    Schedule,
    Token,
    Variable,
)
from greenroom.testing.gitlab.trouble import Trouble

__all__ = [
    "Deployment",
    "GitLab",
    "GitRepository",
    "Note",
    "Place",
    "Protection",
    "Repository",
    "Request",
    "Runner",
    "Schedule",
    "Served",
    "Token",
    "Trouble",
    "Variable",
    "session",
]
