"""The paths of the REST API that are about the project's settings."""

from __future__ import annotations

from typing import Any

from greenroom.testing.gitlab.paging import Answer, paged
from greenroom.testing.gitlab.project import GitLab
from greenroom.testing.gitlab.rest import Asked, address, route
from greenroom.testing.gitlab.things import (
    ADMINISTRATOR,
    DEVELOPER,
    MAINTAINER,
    REPORTER,
    Protection,
    Schedule,
    Variable,
)

SHORTEST = 8
"""GitLab masks no value that has fewer characters, or a line break."""


@route("GET", "/projects/{id}", REPORTER)
def _project(lab: GitLab, _asked: Asked) -> Answer:
    """What is asked of it here; a real answer tells much more."""
    body = {"id": lab.id, "path_with_namespace": lab.path, "container_expiration_policy": lab.cleanup}
    return Answer(200, body)


@route("PUT", "/projects/{id}", MAINTAINER)
def _change_project(lab: GitLab, asked: Asked) -> Answer:
    lab.cleanup |= asked.body.get("container_expiration_policy_attributes", {})
    return _project(lab, asked)


@route("GET", "/application/settings", ADMINISTRATOR)
def _instance(lab: GitLab, _asked: Asked) -> Answer:
    """What is asked of it here; a real answer tells much more."""
    return Answer(200, {"push_event_hooks_limit": lab.push_limit})


@route("GET", "/projects/{id}/protected_branches", DEVELOPER)
def _protected(lab: GitLab, asked: Asked) -> Answer:
    return paged(sorted(lab.protected.items()), lambda p: _protection(*p), asked.query, address(lab, asked))


@route("POST", "/projects/{id}/protected_branches", MAINTAINER)
def _protect(lab: GitLab, asked: Asked) -> Answer:
    name = asked.body.get("name")
    if not name:
        return Answer(400, {"error": "name is missing"})
    if name in lab.protected:
        return Answer(409, {"message": f"Protected branch '{name}' already exists"})
    lab.protected[name] = Protection(
        asked.body.get("push_access_level", MAINTAINER),
        asked.body.get("merge_access_level", MAINTAINER),
        asked.body.get("allow_force_push", False),
    )
    return Answer(201, _protection(name, lab.protected[name]))


@route("PATCH", "/projects/{id}/protected_branches/{name}", MAINTAINER)
def _change_protection(lab: GitLab, asked: Asked) -> Answer:
    found = lab.protected.get(asked.parts["name"])
    if found is None:
        return Answer(404, {"message": "404 Not found"})
    found.force = asked.body.get("allow_force_push", found.force)
    return Answer(200, _protection(asked.parts["name"], found))


@route("GET", "/projects/{id}/variables", MAINTAINER)
def _variables(lab: GitLab, asked: Asked) -> Answer:
    return paged(lab.variables, _variable, asked.query, address(lab, asked))


@route("PUT", "/projects/{id}/variables/{key}", MAINTAINER)
def _change_variable(lab: GitLab, asked: Asked) -> Answer:
    scope = asked.body.get("filter", {}).get("environment_scope")
    fits = [v for v in lab.variables if v.key == asked.parts["key"] and scope in (None, v.scope)]
    if len(fits) != 1:
        told = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"
        return Answer(409, {"message": told}) if fits else Answer(404, {"message": "404 Variable Not Found"})
    one = fits[0]
    if asked.body.get("masked") and (len(one.value) < SHORTEST or "\n" in one.value):
        return Answer(400, {"message": {"value": ["is invalid"]}})
    one.masked = asked.body.get("masked", one.masked)
    one.protected = asked.body.get("protected", one.protected)
    return Answer(200, _variable(one))


@route("GET", "/projects/{id}/runners", MAINTAINER)
def _runners(lab: GitLab, asked: Asked) -> Answer:
    def show(one: Any) -> dict[str, Any]:
        status = "online" if one.online else "offline"
        return {
            "id": one.id,
            "active": not one.paused,
            "paused": one.paused,
            "online": one.online,
            "status": status,
        }

    return paged(lab.runners, show, asked.query, address(lab, asked))


@route("GET", "/projects/{id}/pipeline_schedules", REPORTER)
def _schedules(lab: GitLab, asked: Asked) -> Answer:
    def show(one: Schedule) -> dict[str, Any]:
        return {"id": one.id, "description": "", "ref": one.ref, "cron": one.cron, "active": one.active}

    return paged(lab.schedules, show, asked.query, address(lab, asked))


def _protection(name: str, one: Protection) -> dict[str, Any]:
    return {
        "id": 1,
        "name": name,
        "push_access_levels": [{"id": 1, "access_level": one.push, "access_level_description": "some"}],
        "merge_access_levels": [{"id": 2, "access_level": one.merge, "access_level_description": "some"}],
        "allow_force_push": one.force,
    }


def _variable(one: Variable) -> dict[str, Any]:
    return {
        "variable_type": one.kind,
        "key": one.key,
        "value": one.value,
        "hidden": False,
        "protected": one.protected,
        "masked": one.masked,
        "raw": False,
        "environment_scope": one.scope,
        "description": None,
    }
