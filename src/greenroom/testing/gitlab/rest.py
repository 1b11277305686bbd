"""The paths of the REST API, and who may ask for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from greenroom.testing.gitlab import shapes
from greenroom.testing.gitlab.paging import Answer, paged
from greenroom.testing.gitlab.project import GitLab
from greenroom.testing.gitlab.things import DEVELOPER, GUEST, REPORTER, Deployment, Note, Place, Token

READ = ("api", "read_api")
WRITE = ("api",)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``path`` without ``/api/v4``, as it was sent; ``parts``: what stands at the path's names."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    token: Token
    parts: Mapping[str, str] = field(default_factory=dict)


Does = Callable[[GitLab, Asked], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """``scopes``: one of them is enough; ``role`` and more may."""

    method: str
    pattern: re.Pattern[str]
    does: Does
    scopes: tuple[str, ...]
    role: int


ROUTES: list[Route] = []


def route(method: str, path: str, role: int, scopes: tuple[str, ...] = ()) -> Callable[[Does], Does]:
    """Answer this path."""
    named = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)

    def register(does: Does) -> Does:
        wanted = scopes or (READ if method == "GET" else WRITE)
        ROUTES.append(Route(method, re.compile(named), does, wanted, role))
        return does

    return register


def refusal(lab: GitLab, token: Token | None, route: Route | None) -> Answer | None:
    """Why GitLab does not answer: the words are its own."""
    if token is None:
        return Answer(401, {"message": "401 Unauthorized"})
    ended = "revoked" if token.revoked else "expired"
    if token.revoked or (token.expires_at is not None and token.expires_at <= lab.clock.now()):
        told = "Token was revoked. You have to re-authorize from the user."
        text = (
            told
            if ended == "revoked"
            else "Token is expired. You can either do re-authorization or token refresh."
        )
        return Answer(401, {"error": "invalid_token", "error_description": text})
    if route is None:
        return Answer(404, {"error": "404 Not Found"})
    if not set(route.scopes) & set(token.scopes):
        told = "The request requires higher privileges than provided by the access token."
        scope = " ".join(route.scopes)
        return Answer(403, {"error": "insufficient_scope", "error_description": told, "scope": scope})
    if token.role < route.role:
        hidden = token.role < GUEST
        return Answer(404, {"message": "404 Project Not Found"}) if hidden else _forbidden()
    return None


def _forbidden() -> Answer:
    return Answer(403, {"message": "403 Forbidden"})


def address(lab: GitLab, asked: Asked) -> str:
    """Where the list lies; its pages link there."""
    return f"{lab.url}/api/v4{asked.path}"


@route("GET", "/metadata", GUEST, ("api", "read_api", "read_user"))
def _metadata(lab: GitLab, _asked: Asked) -> Answer:
    return Answer(200, {"version": lab.version, "revision": "0a1b2c3d4e5", "enterprise": False})


@route("GET", "/personal_access_tokens/self", 0, ("api", "read_api", "self_rotate"))
def _self(lab: GitLab, asked: Asked) -> Answer:
    return Answer(200, shapes.token(lab, asked.token))


@route("GET", "/projects/{id}/repository/branches", REPORTER)
def _branches(lab: GitLab, asked: Asked) -> Answer:
    @dataclass(frozen=True)
    class Named:
        name: str
        sha: str

    items = [Named(*pair) for pair in sorted(lab.heads.items())]
    return paged(
        items,
        lambda b: shapes.branch(lab, b.name, b.sha),
        asked.query,
        address(lab, asked),
        "name" if lab.keyset else "",
    )


@route("GET", "/projects/{id}/merge_requests", REPORTER)
def _requests(lab: GitLab, asked: Asked) -> Answer:
    query = asked.query
    source, target = query.get("source_branch"), query.get("target_branch")
    state = query.get("state", "opened")
    items = [
        r
        for r in lab.requests.values()
        if (source in (None, r.branch) and target in (None, r.target) and state in ("all", r.state))
    ]
    items.sort(key=lambda r: (r.created_at, r.iid), reverse=query.get("sort", "desc") == "desc")
    return paged(items, lambda r: shapes.request(lab, r), query, address(lab, asked))


@route("GET", "/projects/{id}/merge_requests/{iid}/notes", REPORTER)
def _notes(lab: GitLab, asked: Asked) -> Answer:
    one = lab.requests.get(int(asked.parts["iid"]))
    if one is None:
        return Answer(404, {"message": "404 Not found"})
    items = sorted(one.notes.values(), key=lambda n: n.id, reverse=asked.query.get("sort") != "asc")
    return paged(items, shapes.note, asked.query, address(lab, asked))


@route("POST", "/projects/{id}/merge_requests/{iid}/notes", REPORTER)
def _new_note(lab: GitLab, asked: Asked) -> Answer:
    one, now = lab.requests.get(int(asked.parts["iid"])), lab.clock.now()
    if one is None:
        return Answer(404, {"message": "404 Not found"})
    if not asked.body.get("body"):
        return Answer(400, {"error": "body is missing"})
    made = Note(lab.next_id(), str(asked.body["body"]), now, now)
    one.notes[made.id], one.updated_at = made, now
    return Answer(201, shapes.note(made))


@route("PUT", "/projects/{id}/merge_requests/{iid}/notes/{note}", REPORTER)
def _change_note(lab: GitLab, asked: Asked) -> Answer:
    one = lab.requests.get(int(asked.parts["iid"]))
    found = one.notes.get(int(asked.parts["note"])) if one else None
    if found is None:
        return Answer(404, {"message": "404 Not found"})
    if not found.own:
        return _forbidden()
    found.body, found.updated_at = str(asked.body["body"]), lab.clock.now()
    return Answer(200, shapes.note(found))


@route("GET", "/projects/{id}/jobs", REPORTER)
def _jobs(lab: GitLab, asked: Asked) -> Answer:
    scope = asked.query.get("scope")
    items = sorted((j for j in lab.jobs.values() if scope in (None, j.status)), key=lambda j: -j.id)
    return paged(
        items, lambda j: shapes.job(lab, j), asked.query, address(lab, asked), name="id", counted=False
    )


@route("GET", "/projects/{id}/environments", REPORTER)
def _places(lab: GitLab, asked: Asked) -> Answer:
    name, states = asked.query.get("name"), asked.query.get("states")
    items = [p for p in lab.places.values() if name in (None, p.name) and states in (None, p.state)]
    return paged(items, shapes.place, asked.query, address(lab, asked))


@route("POST", "/projects/{id}/environments", DEVELOPER)
def _new_place(lab: GitLab, asked: Asked) -> Answer:
    name = asked.body.get("name")
    if not name:
        return Answer(400, {"error": "name is missing"})
    if any(p.name == name for p in lab.places.values()):
        return Answer(400, {"message": {"name": ["has already been taken"]}})
    return Answer(201, shapes.place(_made(lab, str(name), asked.body)))


@route("PUT", "/projects/{id}/environments/{environment_id}", DEVELOPER)
def _change_place(lab: GitLab, asked: Asked) -> Answer:
    one = lab.places.get(int(asked.parts["environment_id"]))
    if one is None:
        return Answer(404, {"message": "404 Not found"})
    one.external_url = asked.body.get("external_url", one.external_url)
    one.updated_at = lab.clock.now()
    return Answer(200, shapes.place(one))


@route("POST", "/projects/{id}/environments/{environment_id}/stop", DEVELOPER)
def _stop(lab: GitLab, asked: Asked) -> Answer:
    one = lab.places.get(int(asked.parts["environment_id"]))
    if one is None:
        return Answer(404, {"message": "404 Not found"})
    one.state, one.updated_at = "stopped", lab.clock.now()
    return Answer(201, shapes.place(one))


@route("DELETE", "/projects/{id}/environments/{environment_id}", DEVELOPER)
def _delete_place(lab: GitLab, asked: Asked) -> Answer:
    one = lab.places.get(int(asked.parts["environment_id"]))
    if one is None:
        return Answer(404, {"message": "404 Not found"})
    if one.state != "stopped":
        return _forbidden()
    del lab.places[one.id]
    lab.deployments = {k: d for k, d in lab.deployments.items() if d.place != one.id}
    return Answer(204)


@route("GET", "/projects/{id}/deployments", REPORTER)
def _deployments(lab: GitLab, asked: Asked) -> Answer:
    name, status = asked.query.get("environment"), asked.query.get("status")
    items = [
        d
        for d in lab.deployments.values()
        if name in (None, lab.places[d.place].name) and status in (None, d.status)
    ]
    return paged(items, lambda d: shapes.deployment(lab, d), asked.query, address(lab, asked))


@route("POST", "/projects/{id}/deployments", DEVELOPER)
def _new_deployment(lab: GitLab, asked: Asked) -> Answer:
    body, now = asked.body, lab.clock.now()
    missing = [k for k in ("environment", "sha", "ref", "tag", "status") if k not in body]
    if missing:
        return Answer(400, {"error": ", ".join(f"{k} is missing" for k in missing)})
    name = str(body["environment"])
    where = next((p for p in lab.places.values() if p.name == name), None) or _made(lab, name, {})
    if body["status"] == "success":
        where.state = "available"
    number = 1 + len(lab.deployments)
    made = Deployment(
        lab.next_id(), number, where.id, body["ref"], body["sha"], body["tag"], body["status"], now, now
    )
    lab.deployments[made.id] = made
    return Answer(201, shapes.deployment(lab, made))


def _made(lab: GitLab, name: str, body: Mapping[str, Any]) -> Place:
    now = lab.clock.now()
    made = Place(lab.next_id(), name, now, now, body.get("external_url"), body.get("tier", "other"))
    lab.places[made.id] = made
    return made


def find(lab: GitLab, method: str, path: str) -> tuple[Route | None, dict[str, str]]:
    """The route of a path, with what stands at its names; no other project is there."""
    for one in ROUTES:
        match = one.pattern.fullmatch(path)
        if match is not None and method == one.method:
            parts = {key: unquote(value) for key, value in match.groupdict().items()}
            if parts.get("id", lab.path) in (str(lab.id), lab.path):
                return one, parts
    return None, {}
