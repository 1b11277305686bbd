"""The edge's configuration: one for its whole life. Environments, switches and maintenance never change it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from greenroom.drivers.local import edge_door
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.public import PublicAddress

Json = dict[str, Any]

HOLD_SECONDS = 10
"""How long the edge holds a request whose slot does not answer; then the error page."""

HIDDEN = ["/metrics", "/metrics/*", "/readyz", "/healthz", "/.greenroom/*"]
NO_STORE = {"Cache-Control": ["no-store"]}


def edge_config(
    layout: Layout, public: PublicAddress, project: str, static_url: str, max_body: int, s3: str, sign_in: str
) -> Json:
    """Caddy's JSON configuration.

    ``s3``: the store's address and what buckets begin with, ``https://host:port/shop``; ``sign_in``: the sign-in's host.
    """
    state = str(layout.short)
    servers: Json = {"https": _https(layout, public, static_url.rstrip("/"), max_body, s3, sign_in)}
    if public.http_port:
        servers["http"] = _http(public)
    subjects = [*sorted({*public.hosts.values(), sign_in}), *(f"*.{domain}" for domain in public.domains)]
    issuer = {"module": "internal"}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "storage": {"module": "file_system", "root": f"{state}/caddy"},
        "logging": _logging(layout),
        "apps": {
            "pki": {
                "certificate_authorities": {"local": {"install_trust": False, "name": f"Greenroom {project}"}}
            },
            "tls": {
                "certificates": {"automate": subjects},
                "automation": {"policies": [{"issuers": [issuer]}]},
            },
            "http": {"grace_period": "40s", "servers": servers},
        },
    }


def _https(layout: Layout, public: PublicAddress, static: str, max_body: int, s3: str, sign_in: str) -> Json:
    environment = f"{layout.short}/edge/{{env}}"
    closed = edge_door.closed(environment)
    routes = [
        *edge_door.unspoofed(),
        *edge_door.own_pages(layout.sign_in, environment),
        _route([_static_response(404)], path=HIDDEN),
        *edge_door.door(layout.sign_in, environment),
        _maintenance(environment, static),
        _route([{"handler": "subroute", "routes": _static(environment, static)}], path=[f"{static}/*"]),
        _route([_static_response(404)], path_regexp={"pattern": "^/media/(.*/)?$"}),
        _media(s3, edge_door.for_the_store(), **closed),
        _media(s3, {}),
        _route([_static_response(405, Allow=["GET, HEAD"])], path=["/media/*"]),
        _route(_app(environment, max_body)),
    ]
    return {
        "listen": ["fd/3", "fdgram/4"],
        "listen_protocols": [["h1", "h2"], ["h3"]],
        "automatic_https": {"disable_redirects": True},
        "tls_connection_policies": [{}],
        "logs": {},
        "routes": [
            edge_door.sign_in_host(layout.sign_in, sign_in),
            {"handle": [_hosts(public)]},
            _route(
                [{"handler": "subroute", "routes": routes}],
                file=_file(environment, "/live/slot", f"/{edge_door.ASLEEP}"),
            ),
            _route([_static_response(421)]),
        ],
        "errors": {
            "routes": [
                _route([_error_page("503")], **edge_door.silent()),
                {"handle": [_error_page("{http.error.status_code}")]},
            ]
        },
    }


def _hosts(public: PublicAddress) -> Json:
    exact = sorted(public.hosts.items())
    mappings: list[Json] = [{"input": host, "outputs": [environment]} for environment, host in exact]
    for domain in public.domains:
        mappings.append({"input_regexp": f"^([a-z0-9-]+)[.]{re.escape(domain)}$", "outputs": ["${1}"]})
    return {
        "handler": "map",
        "source": "{http.request.host}",
        "destinations": ["{env}"],
        "mappings": mappings,
        "defaults": ["none"],
    }


def _maintenance(environment: str, static: str) -> Json:
    page = _file(environment, "/maintenance.html")
    match = {"file": page, "not": [{"path": [f"{static}/*", "/media/*"]}]}
    headers = {"set": {"Retry-After": ["120"], **NO_STORE}}
    return {
        "match": [match],
        "terminal": True,
        "handle": [
            {"handler": "headers", "response": headers},
            {"handler": "rewrite", "method": "GET", "uri": "/maintenance.html"},
            {"handler": "file_server", "root": environment, "status_code": "503"},
        ],
    }


def _static(environment: str, static: str) -> list[Json]:
    def served(root: str, cache: str) -> Json:
        files = {
            "handler": "file_server",
            "root": root,
            "precompressed": {"zstd": {}, "br": {}, "gzip": {}},
            "precompressed_order": ["zstd", "br", "gzip"],
        }
        headers = {"handler": "headers", "response": {"set": {"Cache-Control": [cache]}}}
        return _route([headers, files], file=_file(root, "{http.request.uri.path}"))

    return [
        {"handle": [{"handler": "rewrite", "strip_path_prefix": static}]},
        served(f"{environment}/assets", "public, max-age=31536000, immutable"),
        served(f"{environment}/live/static", "no-cache"),
        _route([_static_response(404)]),
    ]


def _media(s3: str, proof: dict[str, list[str]], **match: Any) -> Json:
    """Uploads, straight from the bucket's ``public/``: no cookies, answers sandboxed.

    ``proof``: what opens a bucket that is not public; the visitor's own signatures never get there.
    """
    store = urlsplit(s3)
    tls = store.scheme == "https"
    kept = {"Cache-Control": ["private, no-cache"]} if proof else {}
    proxy = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": f"{store.hostname}:{store.port or (443 if tls else 80)}"}],
        **({"transport": {"protocol": "http", "tls": {}}} if tls else {}),
        "headers": {
            "request": {"delete": ["X-Forwarded-*"], "set": {"Host": [store.netloc], **proof}},
            "response": {
                "delete": ["Set-Cookie", "Server", "Via", "X-Amz-*", "Seaweed-*"],
                "set": {
                    "X-Content-Type-Options": ["nosniff"],
                    "Content-Security-Policy": ["default-src 'none'; sandbox"],
                    **kept,
                },
            },
        },
        "handle_response": [
            {"match": {"status_code": [4]}, "routes": [{"handle": [_static_response(404)]}]},
        ],
    }
    # Apart from the proxy's own changes: there, what is deleted goes after what is set.
    handle: list[Json] = [
        {"handler": "headers", "request": {"delete": ["Cookie", "Authorization", "X-Amz-*"]}},
        {"handler": "rewrite", "strip_path_prefix": "/media"},
        {"handler": "rewrite", "uri": f"{store.path}-{{env}}/public{{http.request.uri.path}}?"},
        proxy,
    ]
    return _route(handle, path=["/media/*"], method=["GET", "HEAD"], **match)


def _app(environment: str, max_body: int) -> list[Json]:
    """The live slot. Upstream keep-alive is off: each request resolves ``live`` anew, and a connection is a request."""
    proxy = {
        "handler": "reverse_proxy",
        "flush_interval": -1,
        "upstreams": [{"dial": f"unix/{environment}/live/web.sock"}],
        "transport": {"protocol": "http", "keep_alive": {"enabled": False}},
        "load_balancing": {"try_duration": f"{HOLD_SECONDS}s", "try_interval": "50ms"},
        "headers": {
            "response": {"delete": ["Server", "Via"], "replace": edge_door.kept_from_the_visitor()},
        },
    }
    return [
        {"handler": "request_body", "max_size": max_body},
        {"handler": "log_append", "key": "environment", "value": "{env}"},
        {"handler": "log_append", "key": "upstream_ms", "value": "{http.reverse_proxy.upstream.latency_ms}"},
        {"handler": "log_append", "key": "slot", "value": "{http.reverse_proxy.header.X-Release}"},
        {
            "handler": "encode",
            "encodings": {"zstd": {}, "gzip": {}},
            "prefer": ["zstd", "gzip"],
            "minimum_length": 512,
        },
        proxy,
    ]


def _http(public: PublicAddress) -> Json:
    port = "" if public.port == 443 else f":{public.port}"
    location = f"https://{{http.request.host}}{port}{{http.request.uri}}"
    response = {"handler": "static_response", "status_code": 308, "headers": {"Location": [location]}}
    return {"listen": ["fd/5"], "automatic_https": {"disable": True}, "routes": [{"handle": [response]}]}


def _error_page(status: str) -> Json:
    body = "<!doctype html><title>Back in a moment</title><h1>Back in a moment</h1>"
    headers = {"Content-Type": ["text/html; charset=utf-8"], "Retry-After": ["10"], **NO_STORE}
    headers["X-Robots-Tag"] = ["noindex, nofollow"]
    return {
        "handler": "static_response",
        "status_code": status,
        "headers": headers,
        "body": body,
    }


def _logging(layout: Layout) -> Json:
    deleted = {"filter": "delete"}
    secret = ("token", "code", "state", "begin")
    token = {"filter": "query", "actions": [{"type": "delete", "parameter": name} for name in secret]}
    fields = {
        "request>headers": deleted,
        "resp_headers": deleted,
        "request>tls": deleted,
        "user_id": deleted,
        "request>uri": token,
    }
    writer = {
        "output": "file",
        "filename": str(layout.access_log),
        "mode": "0600",
        "roll_size_mb": 50,
        "roll_keep": 3,
    }
    access = {
        "writer": writer,
        "include": ["http.log.access"],
        "encoder": {"format": "filter", "wrap": {"format": "json"}, "fields": fields},
    }
    return {"logs": {"default": {"level": "WARN", "exclude": ["http.log.access"]}, "access": access}}


def _file(root: str, *paths: str) -> Json:
    return {"root": root, "try_files": list(paths)}


def _route(handle: list[Json], **match: Any) -> Json:
    return {**({"match": [match]} if match else {}), "handle": handle, "terminal": True}


def _static_response(status: int, **headers: list[str]) -> Json:
    return {"handler": "static_response", "status_code": status, "headers": {**NO_STORE, **headers}}
