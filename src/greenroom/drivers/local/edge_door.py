"""The edge's part of the sign-in: what is not open goes through the sign-in service first, and never past it.

An environment is open where the file ``open`` lies in its folder; where ``asleep`` lies, every request waits for the
waking. Without either file, and when the service does not answer, nobody passes.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

OPEN, ASLEEP = "open", "asleep"
OWN_PATHS = {"/.greenroom/code": "/.greenroom/code", "/.greenroom/sign-out": "/.greenroom/leave"}
"""Paths of a private host that belong to the service, and what they are called there."""
SIGN_IN_PATHS = ("/.greenroom/sign-in", "/.greenroom/callback", "/.greenroom/sign-out")

S3_HEADERS = ("Authorization", "X-Amz-Date", "X-Amz-Content-Sha256")
"""Of a signed request. Caddy's placeholders want header names in their canonical case."""
HOLD_SECONDS = 5
"""How long a request waits for a service that restarts."""
ANSWER_SECONDS = 75
"""How long the service may take: it lets requests wait for an environment that wakes up."""
LARGEST_FORM = 65_536

_NOBODY = ["X-Greenroom-*", "X_Greenroom_*", "X-Forwarded-*", "X_Forwarded_*", "Forwarded"]
_OF_THE_BODY = ["Content-*", "Transfer-Encoding", "Expect", "Connection", "Upgrade", "Range", "If-*"]
_COOKIES = r"(^|;)\s*__Host-greenroom(-browser|-person)?\s*=[^;]*"


def unspoofed() -> list[Json]:
    """Take from every request what only the edge may say; a machine's token is put aside for the door."""
    token = {"handler": "vars", "token": "{http.request.header.X-Greenroom-Token}", "door": "none"}
    return [{"handle": [token, {"handler": "headers", "request": {"delete": _NOBODY}}]}]


def own_pages(service: str, environment: str) -> list[Json]:
    """The service's own addresses on a private host."""
    routes = []
    for path, inner in OWN_PATHS.items():
        match = {"path": [path], **closed(environment)}
        routes.append({"match": [match], "handle": _page(service, inner, "{env}"), "terminal": True})
    return routes


def door(service: str, environment: str) -> list[Json]:
    """The question whether a request may pass, and what is then hidden from the app."""
    return [
        {"match": [closed(environment)], "handle": [_unseen()]},
        {
            "match": [closed(environment), {"file": _file(environment, ASLEEP)}],
            "handle": [{"handler": "vars", "door": "asked"}, _ask(service)],
        },
        {"handle": [{"handler": "headers", "request": {"replace": {"Cookie": _without_ours()}}}]},
        {
            "match": [{"header_regexp": {"Authorization": {"pattern": r"(?i)^\s*bearer\s+grt_"}}}],
            "handle": [{"handler": "headers", "request": {"delete": ["Authorization"]}}],
        },
    ]


def sign_in_host(service: str, host: str) -> Json:
    """The one host that holds the callback. It has no app."""
    pages = [
        {"match": [{"path": [path]}], "handle": _page(service, path, ""), "terminal": True}
        for path in SIGN_IN_PATHS
    ]
    nothing = {"handler": "static_response", "status_code": 404, "headers": {"Cache-Control": ["no-store"]}}
    routes = [*unspoofed(), *pages, {"handle": [nothing], "terminal": True}]
    handle = [{"handler": "subroute", "routes": routes}]
    return {"match": [{"host": [host]}], "handle": handle, "terminal": True}


def closed(environment: str) -> Json:
    """Matches what is not open."""
    return {"not": [{"file": _file(environment, OPEN)}]}


def silent() -> Json:
    """Matches, among errors, those of a door that did not answer."""
    return {"vars": {"door": ["asked"]}}


def for_the_store() -> dict[str, list[str]]:
    """The headers that let the request for one upload into the private bucket."""
    return {name: [f"{{http.vars.s3_{name.lower()}}}"] for name in S3_HEADERS}


def kept_from_the_visitor() -> Json:
    """What an app may not do: set the door's cookies."""
    return {"Set-Cookie": [{"search_regexp": r"^\s*__Host-greenroom.*", "replace": ""}]}


def _ask(service: str) -> Json:
    """One GET for each request, without its body. 2xx lets it go on; everything else is the answer."""
    passed: Json = {"handler": "vars", "door": "passed", "user": _said("X-Greenroom-User")}
    passed |= {f"s3_{name.lower()}": _said(f"X-Greenroom-S3-{name}") for name in S3_HEADERS}
    named = {"handler": "headers", "request": {"set": {"X-Greenroom-User": ["{http.vars.user}"]}}}
    return {
        **_proxy(service, "{env}", delete=_OF_THE_BODY),
        "rewrite": {"method": "GET", "uri": "/.greenroom/check"},
        "handle_response": [
            {"match": {"status_code": [2]}, "routes": [{"handle": [passed]}, {"handle": [named]}]}
        ],
    }


def _page(service: str, path: str, environment: str) -> list[Json]:
    return [
        {"handler": "request_body", "max_size": LARGEST_FORM},
        {"handler": "vars", "door": "asked"},
        {"handler": "rewrite", "uri": f"{path}?{{http.request.uri.query}}"},
        _proxy(service, environment, delete=["Connection", "Upgrade"]),
    ]


def _proxy(service: str, environment: str, delete: list[str]) -> Json:
    told = {
        "X-Greenroom-Environment": [environment],
        "X-Greenroom-Host": ["{http.request.host}"],
        "X-Greenroom-Address": ["{http.request.remote.host}"],
        "X-Greenroom-Token": ["{http.vars.token}"],
        "X-Forwarded-Method": ["{http.request.method}"],
        "X-Forwarded-Uri": ["{http.request.uri}"],
    }
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"unix/{service}"}],
        "transport": {
            "protocol": "http",
            "keep_alive": {"enabled": False},
            "response_header_timeout": f"{ANSWER_SECONDS}s",
        },
        "load_balancing": {"try_duration": f"{HOLD_SECONDS}s", "try_interval": "50ms"},
        "headers": {
            "request": {"delete": delete, "set": told},
            "response": {"delete": ["Server", "Via"]},
        },
    }


def _unseen() -> Json:
    """Search engines and shared caches keep out."""
    own = {"Cache-Control": [{"search_regexp": r"\bpublic\b", "replace": "private"}]}
    response = {"deferred": True, "set": {"X-Robots-Tag": ["noindex, nofollow"]}, "replace": own}
    return {"handler": "headers", "response": response}


def _without_ours() -> list[Json]:
    return [{"search_regexp": _COOKIES, "replace": ""}, {"search_regexp": r"^\s*;\s*", "replace": ""}]


def _said(header: str) -> str:
    return f"{{http.reverse_proxy.header.{header}}}"


def _file(environment: str, name: str) -> Json:
    return {"root": environment, "try_files": [f"/{name}"]}
