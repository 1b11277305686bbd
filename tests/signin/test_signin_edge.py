"""Nothing private passes the edge without a sign-in, whatever is tried; with one, everything works."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from stand import (
    ALPHA,
    BETA,
    NAVIGATE,
    PICTURE,
    PRODUCTION,
    SECRET_PAGE,
    SIGN_IN,
    Got,
    Stand,
    Visitor,
    stand,
)

from greenroom.domain.access import AccessPolicy
from greenroom.domain.environment import Access
from greenroom.domain.secret import Secret
from greenroom.drivers.local.outside import LocalOutside
from greenroom.drivers.system.real import this_machine

STATIC = "/static/app.0123456789.css"
EVERYTHING = (
    "/",
    "/some/page",
    STATIC,
    "/static/plain.css",
    "/static/none",
    "/media/lamp.png",
    "/media/none",
    "/media/",
    "/api/echo",
    "/.greenroom",
    "/static/..%2f..%2fslot",
    "/favicon.ico",
    "/robots.txt",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "QUERY")
PASS = "__Host-greenroom"
PEOPLE = {"user": "ada", "password": "correct horse"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Edge, sign-in, store and app; stopped at the end."""
    with stand(tmp_path_factory.mktemp("stand") / "state") as running:
        yield running


def url(made: Stand, host: str, path: str = "/") -> str:
    return f"https://{host}:{made.public.port}{path}"


def form_of(got: Got) -> dict[str, str]:
    """The hidden fields of the sign-in form."""
    return dict(re.findall(r'name="(begin|form)" value="([^"]+)"', got.body.decode()))


def signed_in(made: Stand, host: str = ALPHA, path: str = "/") -> Visitor:
    """Somebody who went through the whole sign-in with a password."""
    visitor = Visitor(made)
    got = send_form(visitor, visitor.go(url(made, host, path)))
    assert got.status == 200
    assert got.seen["RAW_URI"] == path
    return visitor


def send_form(visitor: Visitor, shown: Got, **changed: str) -> Got:
    fields = {**form_of(shown), **PEOPLE, **changed}
    return visitor.go(url(visitor.stand, SIGN_IN, "/.greenroom/sign-in"), urlencode(fields).encode())


def is_shut(got: Got) -> bool:
    """Neither the app nor a file nor an upload answered."""
    text = got.body.decode("latin-1")
    told = SECRET_PAGE in text or "body{}" in text or "lamp" in text or got.header("X-Release")
    return not told and (got.status in {400, 401, 403, 404, 405, 421} or sent_to_sign_in(got))


def sent_to_sign_in(got: Got) -> bool:
    return got.status == 302 and got.header("Location").startswith(f"https://{SIGN_IN}:")


@pytest.mark.parametrize("path", EVERYTHING)
def test_every_address_is_shut(made: Stand, path: str) -> None:
    assert made.ask(ALPHA, path).status == 401
    got = made.ask(ALPHA, path, NAVIGATE)
    assert sent_to_sign_in(got)
    assert got.header("X-Robots-Tag") == "noindex, nofollow"
    assert got.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_shut(made: Stand, method: str) -> None:
    for path in ("/", STATIC, "/media/lamp.png", "/api/echo"):
        got = made.ask(ALPHA, path, NAVIGATE, method, b"x" if method in {"POST", "PUT", "PATCH"} else None)
        assert is_shut(got), (method, path, got)
        assert got.status == (302 if method in {"GET", "HEAD"} else 401)


@pytest.mark.parametrize(
    "path",
    [
        "//", "/%2e%2e/", "/./", "/x/..", "//static/app.0123456789.css", "/static//app.0123456789.css",
        "/%73tatic/app.0123456789.css", "/STATIC/app.0123456789.css", "/media%2flamp.png", "//media/lamp.png",
        "/media/./lamp.png", "/media/x/../lamp.png", "/.greenroom/../", "/.greenroom/check", "/%2egreenroom/check",
        "/.greenroom/check/../code", "/.greenroom/code/../check", "/.Greenroom/Code", "//.greenroom/code",
        "/.greenroom/leave", "/.greenroom/code", "/.greenroom/code?code=x", "/.greenroom/code%3fcode=x",
        "/.greenroom/sign-in", "/.greenroom/callback", "/.greenroom/about", "/metrics", "/healthz", "/;/", "/%00",
        "/\\media\\lamp.png", "/.greenroom;/code", "/media/lamp.png?X-Amz-Signature=1", "/?next=//evil.example",
    ],
)  # fmt: skip
def test_no_path_leads_past(made: Stand, path: str) -> None:
    for headers in ({}, NAVIGATE):
        got = made.ask(ALPHA, path, headers)
        assert is_shut(got), (path, got)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Greenroom-User": "ada"},
        {"X-Greenroom-Environment": "production", "X-Greenroom-Host": PRODUCTION},
        {"X_Greenroom_Environment": "production"},
        {"X-Greenroom-Address": "10.9.8.7"},
        {"X-Forwarded-For": "10.9.8.7"},
        {"X-Real-IP": "10.9.8.7", "Forwarded": "for=10.9.8.7"},
        {"X-Forwarded-Host": PRODUCTION},
        {"X-Forwarded-Uri": "/healthz", "X-Original-Url": "/healthz", "X-Rewrite-Url": "/healthz"},
        {"X-Forwarded-Method": "OPTIONS", "X-HTTP-Method-Override": "OPTIONS"},
        {"X-Greenroom-Probe": "1"},
        {"Connection": "X-Greenroom-Environment, X-Forwarded-Uri, Cookie"},
        {"Authorization": "Basic YWRhOmNvcnJlY3QgaG9yc2U="},
        {"Authorization": "Bearer grt_own_"},
        {"Authorization": "Bearer grt_"},
        {"Authorization": "Bearer "},
        {"X-Greenroom-Token": "grt_own_x"},
        {"Cookie": "__Host-greenroom=x"},
        {"Cookie": "__Host-greenroom=eyJ9.a.b; __Host-greenroom=eyJ9.a.b"},
        {"Host": PRODUCTION},
    ],
)
def test_no_header_opens(made: Stand, headers: dict[str, str]) -> None:
    if "Host" in headers:
        # The connection is to the private host by its TLS name; what counts is the header, and it is public.
        assert made.ask(ALPHA, "/", header_host=PRODUCTION).seen["HTTP_HOST"] == PRODUCTION
        return
    made.policies["alpha"] = AccessPolicy(Access.PRIVATE, allow_ips=("10.9.8.7",))
    made.doorkeeper.publish()
    try:
        assert made.ask(ALPHA, "/", headers).status == 401
        assert sent_to_sign_in(made.ask(ALPHA, "/", {**NAVIGATE, **headers}))
    finally:
        made.policies["alpha"] = AccessPolicy(Access.PRIVATE)
        made.doorkeeper.publish()


@pytest.mark.parametrize(
    "host", [ALPHA.upper(), f"{ALPHA}.", f"{ALPHA}:1", f"{ALPHA}.:443", "gamma.shop.localhost", "", "x" * 300]
)
def test_no_spelling_of_the_host_opens(made: Stand, host: str) -> None:
    for path in ("/", STATIC, "/media/lamp.png"):
        assert is_shut(made.ask(ALPHA, path, header_host=host)), host


@pytest.mark.parametrize(
    "lines",
    [
        f"GET https://{ALPHA}/media/lamp.png HTTP/1.1|Host: {PRODUCTION}",
        f"GET https://{ALPHA}/ HTTP/1.1|Host: {PRODUCTION}",
        f"OPTIONS * HTTP/1.1|Host: {ALPHA}",
        f"GET / HTTP/1.0|Host: {ALPHA}",
        f"GET / HTTP/1.1|Host: {PRODUCTION}|Host: {ALPHA}",
        f"GET / HTTP/1.1|Host: {ALPHA}|Host: {PRODUCTION}",
        f"GET / HTTP/1.1|Host: {ALPHA}|X-Greenroom-Environment: alpha| X-Greenroom-Environment: production",
        f"GET / HTTP/1.1|Host: {ALPHA}|X-Greenroom-Environment : production",
        f"GET / HTTP/1.1|Host: {ALPHA}|Content-Length: 5|Transfer-Encoding: chunked||0||GET /x HTTP/1.1|Host: {ALPHA}",
        f"POST /api HTTP/1.1|Host: {ALPHA}|Content-Length: 0|Content-Length: 44||GET / HTTP/1.1|X-Greenroom-User: x",
        f"GET / HTTP/1.1|Host: {ALPHA}|Upgrade: h2c|Connection: Upgrade, HTTP2-Settings|HTTP2-Settings: AAMAAABk",
        f"GET / HTTP/1.1|Host: {ALPHA}|Range: bytes=0-10|If-None-Match: *|If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",
        f"GET / HTTP/1.1|Host: {ALPHA}|Cookie: " + "a" * 20_000,
        f"GET /{'x' * 9_000} HTTP/1.1|Host: {ALPHA}",
    ],
)  # fmt: skip
def test_no_request_line_or_framing_opens(made: Stand, lines: str) -> None:
    with made.connect(ALPHA).sock as link:
        link.settimeout(20)
        link.sendall((lines.replace("|", "\r\n") + "\r\nConnection: close\r\n\r\n").encode())
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    # Where a request comes after the first, it is answered on its own, and as shut.
    statuses = [int(s) for s in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.MULTILINE)]
    assert statuses
    public = statuses == [200] and PRODUCTION in lines and b'"HTTP_HOST": "shop.localhost"' in answer
    # Go answers this one by itself, before any host is looked at: it says nothing.
    public |= lines.startswith("OPTIONS *") and b"Content-Length: 0" in answer and b"X-Release" not in answer
    assert public or (set(statuses) <= {400, 401, 403, 414, 421, 431} and SECRET_PAGE.encode() not in answer)
    assert PICTURE[:40] not in answer


def test_a_host_nobody_was_told_of_is_shut(made: Stand) -> None:
    """The edge finds an environment by its folder alone; the sign-in must know the host, too."""
    folder = made.layout.edge("delta")
    folder.mkdir()
    (folder / "live").symlink_to((made.layout.edge("alpha") / "live").readlink())
    token = made.token("alpha")
    for headers in ({}, NAVIGATE, {"Authorization": f"Bearer {token}"}):
        assert made.ask("delta.shop.localhost", "/", headers).status == 403


def test_the_whole_way_with_a_password(made: Stand) -> None:
    visitor = Visitor(made)
    shown = visitor.go(url(made, ALPHA, "/orders?page=2&q=%C3%BC"))
    assert "alpha.shop.localhost is not public" in shown.body.decode()
    got = send_form(visitor, shown)
    assert got.seen["RAW_URI"] == "/orders?page=2&q=%C3%BC"
    assert got.seen["HTTP_X_GREENROOM_USER"] == "ada"
    assert got.header("X-Robots-Tag") == "noindex, nofollow"
    css = visitor.go(url(made, ALPHA, STATIC))
    assert css.body == b"body{}"
    assert css.header("Cache-Control").startswith("private, ")
    assert visitor.go(url(made, ALPHA, "/media/lamp.png")).body == PICTURE
    # The second private host needs no second password, but a code and a cookie of its own.
    assert visitor.go(url(made, BETA)).seen["HTTP_X_GREENROOM_USER"] == "ada"
    assert visitor.jar[ALPHA][PASS] != visitor.jar[BETA][PASS]


def test_the_app_sees_nothing_of_the_door(made: Stand) -> None:
    visitor = signed_in(made)
    visitor.jar[ALPHA] = {"before": "1", **visitor.jar[ALPHA], "after": "2"}
    assert len(visitor.jar[ALPHA]) == 4
    seen = visitor.go(url(made, ALPHA)).seen
    assert seen["HTTP_COOKIE"] == "before=1; after=2"
    spoofed = {"X-Greenroom-User": "root", "X_Greenroom_User": "root", "X-Forwarded-Uri": "/x"}
    cookie = visitor.cookies(ALPHA)
    seen = made.ask(ALPHA, "/", {**spoofed, "Cookie": cookie}).seen
    assert seen["HTTP_X_GREENROOM_USER"] == "ada"
    assert "HTTP_X_FORWARDED_URI" not in seen
    assert seen["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert (
        "greenroom" not in json.dumps({k: v for k, v in seen.items() if k != "HTTP_X_GREENROOM_USER"}).lower()
    )
    public = made.ask(PRODUCTION, "/", {**spoofed, "Cookie": "a=1; __Host-greenroom=x"}).seen
    assert "HTTP_X_GREENROOM_USER" not in public
    assert public["HTTP_COOKIE"] == "a=1"


def test_the_app_cannot_set_the_doors_cookie(made: Stand) -> None:
    visitor = signed_in(made)
    mine = visitor.jar[ALPHA][PASS]
    got = made.ask(ALPHA, "/overwrite", {"Cookie": visitor.cookies(ALPHA)})
    assert got.status == 200
    assert "theirs" not in got.header("Set-Cookie")
    assert "mine=1" in got.header("Set-Cookie")
    assert visitor.jar[ALPHA][PASS] == mine


def test_a_cookie_of_one_host_is_refused_by_another(made: Stand) -> None:
    visitor = signed_in(made)
    assert made.ask(BETA, "/", {"Cookie": f"{PASS}={visitor.jar[ALPHA][PASS]}"}).status == 401
    person = visitor.jar[SIGN_IN]["__Host-greenroom-person"]
    assert made.ask(ALPHA, "/", {"Cookie": f"{PASS}={person}"}).status == 401
    begun = urlsplit(made.ask(ALPHA, "/", NAVIGATE).header("Location")).query.partition("=")[2]
    assert made.ask(ALPHA, "/", {"Cookie": f"{PASS}={begun}"}).status == 401


def code_for(made: Stand, visitor: Visitor, host: str) -> str:
    """Go to where the sign-in gives a code, and stop there."""
    asked = visitor.once(url(made, host))
    given = visitor.once(asked.header("Location"))
    assert given.status == 303
    return parse_qs(urlsplit(given.header("Location")).query)["code"][0]


def test_a_code_is_used_once_by_one_browser_at_one_host(made: Stand) -> None:
    visitor = signed_in(made)
    visitor.jar[ALPHA].pop(PASS)
    take = "/.greenroom/code?code="
    code = code_for(made, visitor, ALPHA)
    stranger = Visitor(made)
    stranger.once(url(made, ALPHA))
    assert stranger.once(url(made, ALPHA, take + code)).status == 400
    assert visitor.once(url(made, ALPHA, take + code)).status == 400, "whoever tries it uses it up"
    code = code_for(made, visitor, ALPHA)
    visitor.jar[BETA] = dict(visitor.jar[ALPHA])
    assert visitor.once(url(made, BETA, take + code)).status == 400
    code = code_for(made, visitor, ALPHA)
    assert visitor.once(url(made, ALPHA, take + code)).status == 303
    assert PASS in visitor.jar[ALPHA]
    assert visitor.once(url(made, ALPHA, take + code)).status == 400, "used"


@pytest.mark.parametrize(
    "page", ["//evil.example/x", "/\\evil.example", "/%5cevil.example", "/x%0d%0aSet-Cookie:a=b"]
)
def test_the_way_back_stays_on_the_host(made: Stand, page: str) -> None:
    visitor = Visitor(made)
    shown = visitor.go(url(made, ALPHA, page))
    got = send_form(visitor, shown)
    if got.status == 200:
        assert got.seen["HTTP_HOST"].startswith(ALPHA)
    assert all((urlsplit(u).hostname or "").endswith("shop.localhost") for u in visitor.walked)
    assert "a=b" not in visitor.cookies(ALPHA)


def test_where_to_go_cannot_be_forged(made: Stand) -> None:
    for begin in ("", "x", "eyJob3N0IjoiZXZpbC5leGFtcGxlIn0.a.b"):
        got = made.ask(SIGN_IN, f"/.greenroom/sign-in?begin={begin}", NAVIGATE)
        assert got.status == 400
        assert not got.header("Location")


def test_the_form_takes_only_what_it_gave(made: Stand) -> None:
    shown = Visitor(made).go(url(made, ALPHA))
    fields = urlencode({**form_of(shown), **PEOPLE}).encode()
    other = Visitor(made)
    other.go(url(made, ALPHA))
    where = url(made, SIGN_IN, "/.greenroom/sign-in")
    assert other.once(where, fields).status == 400, "another browser's form"
    visitor = Visitor(made)
    fields = urlencode({**form_of(visitor.go(url(made, ALPHA))), **PEOPLE}).encode()
    assert visitor.once(where, fields, Origin="https://evil.example").status == 400
    assert visitor.once(where, fields, Origin=f"https://{SIGN_IN}:{made.public.port}").status == 303


def test_a_wrong_password_tells_nothing_and_soon_nobody_is_asked(made: Stand) -> None:
    visitor = Visitor(made)
    made.doorkeeper.put_person("bob", Secret("another long one"))
    shown = visitor.go(url(made, ALPHA))
    unknown = send_form(visitor, shown, user="nobody", password="wrong wrong")
    wrong = send_form(visitor, shown, user="bob", password="wrong wrong")
    assert unknown.status == wrong.status == 401
    hidden = re.compile(rb'value="[^"]*"')
    assert hidden.sub(b"", unknown.body) == hidden.sub(b"", wrong.body)
    for _ in range(4):
        assert send_form(visitor, shown, user="bob", password="wrong wrong").status == 401
    slow = send_form(visitor, shown, user="bob", password="another long one")
    assert slow.status == 429
    assert int(slow.header("Retry-After")) > 0
    assert PASS not in visitor.jar[ALPHA]
    assert send_form(visitor, shown).status == 200, "others are still asked"


def test_who_is_removed_is_out_at_once(made: Stand) -> None:
    made.doorkeeper.put_person("eve", Secret("a long password"))
    visitor = Visitor(made)
    got = send_form(visitor, visitor.go(url(made, ALPHA)), user="eve", password="a long password")
    assert got.seen["HTTP_X_GREENROOM_USER"] == "eve"
    made.doorkeeper.put_person("eve", Secret("another password"))
    assert "Password" in visitor.go(url(made, ALPHA)).body.decode(), (
        "a new password ends what the old one opened"
    )
    send_form(visitor, visitor.go(url(made, ALPHA)), user="eve", password="another password")
    assert visitor.go(url(made, ALPHA)).seen["HTTP_X_GREENROOM_USER"] == "eve"
    assert made.doorkeeper.remove_person("eve")
    assert "Password" in visitor.go(url(made, ALPHA)).body.decode()


def test_who_is_not_named_stays_out(made: Stand) -> None:
    made.policies["beta"] = AccessPolicy(Access.PRIVATE, users=("grace",))
    made.doorkeeper.publish()
    try:
        visitor = signed_in(made)
        got = visitor.go(url(made, BETA))
        assert got.status == 403
        assert "ada may not see beta" in got.body.decode()
        assert PASS not in visitor.jar.get(BETA, {})
    finally:
        made.policies["beta"] = AccessPolicy(Access.PRIVATE)
        made.doorkeeper.publish()


def test_signing_out(made: Stand) -> None:
    visitor = signed_in(made)
    leave = url(made, ALPHA, "/.greenroom/sign-out")
    assert visitor.once(leave, None, **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert PASS in visitor.jar[ALPHA]
    assert "signed out" in visitor.go(url(made, ALPHA, "/.greenroom/sign-out")).body.decode()
    assert PASS not in visitor.jar[ALPHA]
    assert "Password" in visitor.go(url(made, ALPHA)).body.decode()


def test_a_machines_token_opens_one_environment(made: Stand) -> None:
    token = made.token("alpha", "tests")
    for headers in ({"Authorization": f"Bearer {token}"}, {"X-Greenroom-Token": token}):
        got = made.ask(ALPHA, "/api", headers)
        assert got.seen["HTTP_X_GREENROOM_USER"] == "token:tests"
        assert token not in got.body.decode()
        assert made.ask(ALPHA, "/media/lamp.png", headers).body == PICTURE
        assert made.ask(BETA, "/api", headers).status == 401
    own = made.ask(ALPHA, "/", {"X-Greenroom-Token": token, "Authorization": "Bearer of-the-app"})
    assert own.seen["HTTP_AUTHORIZATION"] == "Bearer of-the-app", "the app's own API keeps its own"
    assert token not in json.dumps(made.ask(PRODUCTION, "/", {"Authorization": f"bearer  {token}"}).seen)
    assert made.ask(ALPHA, "/", {"Authorization": f"Bearer {token}x"}).status == 401
    made.doorkeeper.revoke_token("alpha", "tests")
    assert made.ask(ALPHA, "/", {"Authorization": f"Bearer {token}"}).status == 401


def test_an_allowed_address_needs_no_sign_in(made: Stand) -> None:
    made.policies["beta"] = AccessPolicy(Access.PRIVATE, allow_ips=("127.0.0.0/8",))
    made.doorkeeper.publish()
    try:
        assert made.ask(BETA, "/").seen["HTTP_X_GREENROOM_USER"] == "address:127.0.0.1"
        assert made.ask(ALPHA, "/").status == 401
    finally:
        made.policies["beta"] = AccessPolicy(Access.PRIVATE)
        made.doorkeeper.publish()
    assert made.ask(BETA, "/").status == 401


def test_uploads_need_the_environments_own_key(made: Stand) -> None:
    for path in ("/shop-alpha/public/lamp.png", "/shop-alpha/private/ledger.txt", "/shop-alpha?list-type=2"):
        assert made.store(path) == 403
    assert made.store("/shop-alpha/public/lamp.png", key_of="beta") == 403
    assert made.store("/shop-alpha/public/lamp.png", key_of="production") == 403
    assert made.store("/shop-alpha/public/lamp.png", key_of="alpha") == 200
    assert made.store("/shop-production/public/lamp.png") == 200, "production is public"


def test_uploads_through_the_door(made: Stand) -> None:
    opened = {"Authorization": f"Bearer {made.token('alpha', 'uploads')}"}
    part = made.ask(ALPHA, "/media/lamp.png", {**opened, "Range": "bytes=2-10"})
    assert (part.status, part.body) == (206, PICTURE[2:11])
    whole = made.ask(ALPHA, "/media/a%20lamp+%C3%BC~.png", opened)
    assert whole.body == PICTURE
    assert "sandbox" in whole.header("Content-Security-Policy")
    assert whole.header("Cache-Control") == "private, no-cache"
    assert made.ask(ALPHA, "/media/lamp.png", {**opened, "If-None-Match": whole.header("ETag")}).status == 304
    head = made.ask(ALPHA, "/media/lamp.png", opened, "HEAD")
    assert (head.status, head.header("Content-Length")) == (200, str(len(PICTURE)))
    assert made.ask(ALPHA, "/media/lamp.png", opened, "DELETE").status == 405
    for path in (
        "../private/ledger.txt",
        "..%2fprivate/ledger.txt",
        "%2e%2e/private/ledger.txt",
        "x/../../private/ledger.txt",
        "%252e%252e/private/ledger.txt",
        "..%252fprivate/ledger.txt",
        "",
        "?list-type=2",
        "..%5cprivate/ledger.txt",
        "%2e%2e%2fprivate%2fledger.txt",
        "lamp.png/",
        "lamp.png?versioning",
    ):
        got = made.ask(ALPHA, f"/media/{path}", opened)
        private = got.body == PICTURE and "ledger" in path
        assert not private, path
        assert b"<ListBucketResult" not in got.body


def test_a_large_upload_goes_through_whole(made: Stand) -> None:
    visitor = signed_in(made)
    body = bytes(range(256)) * 60_000
    got = made.ask(ALPHA, "/api", {"Cookie": visitor.cookies(ALPHA), "Expect": "100-continue"}, "POST", body)
    assert got.seen["body"] == hashlib.sha256(body).hexdigest()
    assert got.seen["REQUEST_METHOD"] == "POST"
    chunked = [("Cookie", visitor.cookies(ALPHA)), ("Transfer-Encoding", "chunked")]
    connection = made.connect(ALPHA)
    connection.putrequest("POST", "/api", skip_host=True)
    connection.putheader("Host", f"{ALPHA}:{made.public.port}")
    for name, value in chunked:
        connection.putheader(name, value)
    connection.endheaders(iter([b"a" * 70_000, b"b" * 30_000]), encode_chunked=True)
    seen = json.loads(connection.getresponse().read())
    connection.close()
    assert seen["body"] == hashlib.sha256(b"a" * 70_000 + b"b" * 30_000).hexdigest()


def test_a_large_upload_without_a_sign_in_is_refused(made: Stand) -> None:
    connection = made.connect(ALPHA)
    connection.putrequest("POST", "/api", skip_host=True)
    connection.putheader("Host", f"{ALPHA}:{made.public.port}")
    connection.putheader("Content-Length", str(15_000_000))
    connection.endheaders(b"x" * 300_000)
    answer = connection.getresponse()
    assert answer.status == 401, "answered before all of the body is sent"
    answer.read()
    connection.close()


def test_a_websocket_is_asked_too(made: Stand) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}  # fmt: skip
    assert made.ask(ALPHA, "/ws", upgrade).status == 401
    visitor = signed_in(made)
    got = made.ask(ALPHA, "/ws", {**upgrade, "Cookie": visitor.cookies(ALPHA)})
    assert got.seen["HTTP_UPGRADE"] == "websocket"


def test_two_requests_on_one_connection_are_two_questions(made: Stand) -> None:
    visitor = signed_in(made)
    connection = made.connect(ALPHA)
    for cookies, status in ((visitor.cookies(ALPHA), 200), ("", 401), (visitor.cookies(ALPHA), 200)):
        connection.putrequest("GET", "/", skip_host=True)
        connection.putheader("Host", f"{ALPHA}:{made.public.port}")
        connection.putheader("Cookie", cookies)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_many_at_once(made: Stand) -> None:
    visitor = signed_in(made)
    cookie, statuses = {"Cookie": visitor.cookies(ALPHA)}, []

    def ask(headers: dict[str, str]) -> None:
        statuses.append((bool(headers), made.ask(ALPHA, "/", headers).status))

    threads = [threading.Thread(target=ask, args=(h,)) for h in [cookie, {}] * 30]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [(False, 401)] * 30 + [(True, 200)] * 30


def test_the_doctors_look_from_outside(made: Stand) -> None:
    look = LocalOutside(made.layout, this_machine().net, made.public, "/static/", made.keeping).look
    assert look("alpha").passed == ()
    assert look("alpha").readable == ()
    assert len(look("alpha").stopped) == 4
    assert look("production").stopped == ()
    assert not look("production").hidden
    (made.layout.edge("alpha") / "open").touch()
    try:
        seen = look("alpha")
        assert STATIC in seen.passed
        assert "/" in seen.passed
        assert seen.stopped == ()
    finally:
        (made.layout.edge("alpha") / "open").unlink()
    made.policies["production"] = AccessPolicy(Access.PRIVATE)
    try:
        assert look("production").readable == (
            "by everybody on this machine", "with the key of alpha", "with the key of beta",
        )  # fmt: skip
    finally:
        made.policies["production"] = AccessPolicy()


def test_asleep_until_somebody_asks(made: Stand) -> None:
    """What wakes it is not the sign-in: here a thread that takes the mark away once it was poked."""
    cookie = {"Cookie": signed_in(made).cookies(ALPHA)}
    asleep = {e: made.layout.edge(e) / "asleep" for e in ("alpha", "production")}
    poked: list[str] = []
    for mark in asleep.values():
        mark.touch()

    def supervisor() -> None:
        with this_machine().net.serve(made.layout.control) as listener:
            until = time.monotonic() + 30
            while any(m.exists() for m in asleep.values()) and time.monotonic() < until:
                call = listener.next(0.1)
                if call is not None:
                    poked.append(call.text)
                    call.answer("{}")
                for environment, mark in asleep.items():
                    if (made.layout.root / "wake" / environment).exists():
                        (made.layout.root / "wake" / environment).unlink()
                        mark.unlink()

    assert made.ask(ALPHA, "/").status == 401, "strangers wake nobody"
    assert not (made.layout.root / "wake" / "alpha").exists()
    thread = threading.Thread(target=supervisor)
    thread.start()
    try:
        assert made.ask(ALPHA, "/first", cookie).seen["RAW_URI"] == "/first"
        body = b"kept while it wakes" * 1000
        got = made.ask(PRODUCTION, "/api", {}, "POST", body)
        assert got.seen["body"] == hashlib.sha256(body).hexdigest()
    finally:
        thread.join()
    assert [json.loads(text)["op"] for text in poked] == ["poke", "poke"]
    assert not any(m.exists() for m in asleep.values())


def test_nobody_passes_without_the_service(made: Stand) -> None:
    cookie = {"Cookie": signed_in(made).cookies(ALPHA)}
    made.stop("signin")
    began = time.monotonic()
    try:
        for path in ("/", STATIC, "/media/lamp.png"):
            got = made.ask(ALPHA, path, cookie)
            assert got.status == 503
            assert got.header("Retry-After")
            assert got.header("X-Robots-Tag") == "noindex, nofollow"
        assert made.ask(PRODUCTION, "/").status == 200, "what is open stays open"
    finally:
        assert time.monotonic() - began < 40
        made.start_sign_in()
    assert made.ask(ALPHA, "/", cookie).status == 200, "cookies outlive the service"


def test_a_service_that_restarts_is_waited_for(made: Stand) -> None:
    cookie = {"Cookie": signed_in(made).cookies(ALPHA)}
    made.stop("signin")
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(made.ask(ALPHA, "/", cookie).status))
    thread.start()
    made.start_sign_in()
    thread.join()
    assert got == [200]


def test_nobody_passes_with_a_damaged_configuration(made: Stand) -> None:
    cookie = {"Cookie": signed_in(made).cookies(ALPHA)}
    file = made.layout.root / "signin" / "config.json"
    text = file.read_text()
    try:
        for damaged in ("", "{", "[]", "{}", text[: len(text) // 2], text.replace('"private"', '"hidden"')):
            file.write_text(damaged)
            assert made.ask(ALPHA, "/", cookie).status == 503, damaged
        file.write_text(text)
        file.chmod(0o644)
        assert made.ask(ALPHA, "/", cookie).status == 503, "others may read it"
    finally:
        file.chmod(0o600)
        file.write_text(text)
    assert made.ask(ALPHA, "/", cookie).status == 200


def test_http2_goes_through_the_same_door(made: Stand) -> None:
    import ssl

    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import DataReceived, ResponseReceived, StreamEnded

    tls = ssl.create_default_context(cafile=str(made.layout.ca))
    tls.set_alpn_protocols(["h2"])
    cookie = signed_in(made).cookies(ALPHA)
    with (
        socket.create_connection(("127.0.0.1", made.public.port), 20) as plain,
        tls.wrap_socket(plain, server_hostname=ALPHA) as link,
    ):
        assert link.selected_alpn_protocol() == "h2"
        h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        h2.initiate_connection()
        base = [(":method", "GET"), (":scheme", "https"), (":authority", f"{ALPHA}:{made.public.port}")]
        crumbs = [("cookie", part) for part in cookie.split("; ")]
        h2.send_headers(1, [*base, (":path", "/"), ("x-greenroom-user", "root")], end_stream=True)
        h2.send_headers(3, [*base, (":path", "/"), *crumbs, ("cookie", "mine=1")], end_stream=True)
        link.sendall(h2.data_to_send())
        statuses: dict[int, str] = {}
        bodies: dict[int, bytes] = {1: b"", 3: b""}
        ended = 0
        while ended < 2:
            for event in h2.receive_data(link.recv(65536)):
                if isinstance(event, ResponseReceived):
                    statuses[event.stream_id] = str(dict(event.headers or ())[":status"])  # type: ignore[index]
                elif isinstance(event, DataReceived):
                    bodies[event.stream_id] += event.data
                elif isinstance(event, StreamEnded):
                    ended += 1
            link.sendall(h2.data_to_send())
    assert statuses == {1: "401", 3: "200"}
    seen = json.loads(bodies[3])
    assert seen["HTTP_COOKIE"] == "mine=1"
    assert seen["HTTP_X_GREENROOM_USER"] == "ada"
