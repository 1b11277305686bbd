"""The project's things as GitLab shows them; keys and types are those of its OpenAPI document."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from greenroom.drivers.memory.commits import TARGET
from greenroom.testing.gitlab.project import GitLab
from greenroom.testing.gitlab.things import Deployment, Job, Note, Place, Request, Token

BOT = {
    "id": 7,
    "username": "project_4711_bot",
    "public_email": None,
    "name": "greenroom",
    "state": "active",
    "locked": False,
    "avatar_url": None,
    "web_url": "https://gitlab.example.org/project_4711_bot",
}
PERSON = {**BOT, "id": 8, "username": "anna", "name": "Anna", "web_url": "https://gitlab.example.org/anna"}


def moment(at: float | None) -> str | None:
    """As GitLab writes it, in milliseconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def branch(lab: GitLab, name: str, sha: str) -> dict[str, Any]:
    """``merged`` is asked of the default branch, and true for a branch without commits of its own."""
    when = moment(lab.clock.now())
    commit: dict[str, Any] = {
        "id": sha,
        "short_id": sha[:8],
        "created_at": when,
        "parent_ids": [],
        "title": "change",
        "message": "change",
        "author_name": "Anna",
        "author_email": "anna@example.org",
        "authored_date": when,
        "committer_name": "Anna",
        "committer_email": "anna@example.org",
        "committed_date": when,
        "web_url": f"{lab.url}/{lab.path}/-/commit/{sha}",
    }
    return {
        "name": name,
        "commit": commit,
        "merged": name != TARGET and lab.contains(TARGET, sha),
        "protected": name in lab.protected,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": True,
        "default": name == TARGET,
        "web_url": f"{lab.url}/{lab.path}/-/tree/{name}",
    }


def request(lab: GitLab, one: Request) -> dict[str, Any]:
    """A merge request as lists have it."""
    return {
        "id": 1000 + one.iid,
        "iid": one.iid,
        "project_id": lab.id,
        "title": f"Merge {one.branch}",
        "description": "",
        "state": one.state,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "merged_at": moment(one.merged_at),
        "closed_at": moment(one.closed_at),
        "target_branch": one.target,
        "source_branch": one.branch,
        "author": PERSON,
        "source_project_id": one.source,
        "target_project_id": lab.id,
        "draft": False,
        "sha": one.sha,
        "merge_commit_sha": one.merge_commit_sha,
        "squash_commit_sha": one.squash_commit_sha,
        "squash": one.squash,
        "web_url": f"{lab.url}/{lab.path}/-/merge_requests/{one.iid}",
    }


def note(one: Note) -> dict[str, Any]:
    """A comment."""
    return {
        "id": one.id,
        "body": one.body,
        "author": BOT if one.own else PERSON,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "system": one.system,
        "noteable_type": "MergeRequest",
        "internal": False,
    }


def place(one: Place) -> dict[str, Any]:
    """An environment."""
    return {
        "id": one.id,
        "name": one.name,
        "slug": re.sub(r"[^a-z0-9]+", "-", one.name.lower()).strip("-")[:24],
        "external_url": one.external_url,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "tier": one.tier,
        "state": one.state,
        "auto_stop_at": None,
        "description": None,
        "auto_stop_setting": "always",
    }


def deployment(lab: GitLab, one: Deployment) -> dict[str, Any]:
    """A deployment that was told by a client; only those of jobs have a ``deployable``."""
    where = lab.places[one.place]
    return {
        "id": one.id,
        "iid": one.iid,
        "ref": one.ref,
        "sha": one.sha,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "user": BOT,
        "environment": {k: v for k, v in place(where).items() if k in ("id", "name", "slug", "external_url")},
        "deployable": None,
        "status": one.status,
    }


def job(lab: GitLab, one: Job) -> dict[str, Any]:
    """A job as lists have it."""
    return {
        "id": one.id,
        "status": one.status,
        "stage": "deploy",
        "name": one.name,
        "ref": one.ref,
        "tag": one.tag,
        "allow_failure": True,
        "created_at": moment(one.created_at),
        "commit": {"id": one.sha, "short_id": one.sha[:8], "title": "change", "message": "change"},
        "pipeline": {"id": one.id, "project_id": lab.id, "ref": one.ref, "sha": one.sha, "status": "manual"},
        "user": PERSON,
        "web_url": f"{lab.url}/{lab.path}/-/jobs/{one.id}",
        "archived": False,
    }


def token(lab: GitLab, one: Token) -> dict[str, Any]:
    """A token about itself."""
    expires = one.expires_at
    return {
        "id": 3,
        "name": "greenroom",
        "revoked": one.revoked,
        "created_at": moment(0.0),
        "description": "",
        "scopes": list(one.scopes),
        "user_id": 7,
        "last_used_at": moment(lab.clock.now()),
        "active": not one.revoked,
        "expires_at": None if expires is None else datetime.fromtimestamp(expires, UTC).date().isoformat(),
    }
