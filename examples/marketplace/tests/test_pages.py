"""What visitors see, and the protection around it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask
from shop import create_app

from tests.conftest import Browser, Stock

PUBLIC = [
    "/",
    "/search",
    "/c/ceramics",
    "/c/lighting?sort=price-asc&page=99",
    "/sellers",
    "/s/sam-s-pots",
    "/p/blue-mug",
    "/p/old-plate",
    "/cart",
    "/sign-in",
    "/sign-up",
    "/api/products",
    "/api/products/blue-mug",
    "/api/cart",
    "/search?q=%22&min=x&max=1e400&rating=99&page=-1&sort=nope",
]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_answer(browser: Browser, stock: Stock, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text[:500]


def test_an_empty_shop_is_still_a_shop(browser: Browser) -> None:
    assert "still empty" in browser.get("/").text
    assert browser.get("/search").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/p/nothing",
        "/c/nothing",
        "/s/nothing",
        "/media/no/such",
        "/media/%2e%2e/private",
        "/slow",
        "/stream",
    ],
)
def test_what_is_not_there_is_404(browser: Browser, stock: Stock, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "We looked everywhere" in answer.text


def test_api_errors_are_json(browser: Browser, stock: Stock) -> None:
    answer = browser.get("/api/products/nothing")
    assert answer.status_code == 404
    assert answer.json and answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_security_headers(browser: Browser) -> None:
    headers = browser.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "max-age" in headers["Strict-Transport-Security"]
    assert headers["Cache-Control"] == "private, no-cache"


def test_pages_contain_nothing_inline(browser: Browser, stock: Stock) -> None:
    for path in ("/", "/search", "/p/blue-mug", "/sign-up"):
        page = browser.get(path).text
        assert " style=" not in page and "<style" not in page and " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")


def test_session_cookie_is_careful(browser: Browser) -> None:
    cookie = browser.get("/sign-in").headers["Set-Cookie"]
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_no_secure_cookie_over_plain_http(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:5000")
    app = create_app()
    assert app.config["SESSION_COOKIE_SECURE"] is False
    assert "Strict-Transport-Security" not in app.test_client().get("/healthz").headers
    app.extensions["shop.db"].engine.dispose()


@pytest.mark.parametrize(
    "path",
    ["/cart/add", "/cart/change", "/sign-in", "/sign-up", "/sign-out", "/checkout", "/p/blue-mug/reviews"],
)
def test_forms_need_a_token(app: Flask, stock: Stock, path: str) -> None:
    answer = app.test_client().post(
        path, base_url="https://shop.test", headers={"Referer": "https://shop.test/"}
    )
    assert answer.status_code == 400
    assert "form has expired" in answer.text


def test_a_form_from_elsewhere_is_refused(browser: Browser, stock: Stock) -> None:
    browser.headers = {"Referer": "https://evil.test/"}
    assert browser.post("/cart/add", {"product_id": stock.mug.id}).status_code == 400


def test_request_id_is_taken_or_made(browser: Browser) -> None:
    given = browser.client.get("/healthz", headers={"X-Request-ID": "abc-123"})
    assert given.headers["X-Request-ID"] == "abc-123"
    forged = browser.client.get("/healthz", headers={"X-Request-ID": "a b<script>"})
    assert len(forged.headers["X-Request-ID"]) == 32


def test_echo_answers_the_digest(browser: Browser) -> None:
    body = b"x" * 200_000
    answer = browser.client.post("/api/echo", data=body)
    assert answer.json == {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}


def test_echo_has_a_limit(browser: Browser) -> None:
    answer = browser.client.post("/api/echo", data=b"x" * (20 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_slow_page_only_when_asked_for(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("shop.web.operations.time.sleep", slept.append)
    monkeypatch.setenv("SHOP_SLOW_PAGE", "1")
    app = create_app()
    for given in ("2", "900", "-3", "nan", "words"):
        assert app.test_client().get(f"/slow?s={given}").status_code == 200
    assert slept == [2.0, 35.0, 0.0, 0.0, 1.0]
    app.extensions["shop.db"].engine.dispose()


def test_stream_comes_in_pieces(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("shop.web.operations.time.sleep", slept.append)
    monkeypatch.setenv("SHOP_SLOW_PAGE", "1")
    app = create_app()
    answer = app.test_client().get("/stream?s=0.3", buffered=False)
    pieces = [bytes(piece).decode() for piece in answer.iter_encoded()]
    answer.close()
    assert pieces == ["line 1 of 3\n", "line 2 of 3\n", "line 3 of 3\n", "the end\n"]
    assert slept == [0.1] * 3
    assert answer.content_length is None
    app.extensions["shop.db"].engine.dispose()


def test_footer_says_what_is_running(browser: Browser) -> None:
    assert "tests · blue · r42" in browser.get("/").text


def test_proxy_headers_only_behind_a_proxy(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.test",
        "X-Forwarded-For": "203.0.113.9",
    }
    for behind, scheme in (("0", "http"), ("1", "https")):
        monkeypatch.setenv("BEHIND_PROXY", behind)
        app = create_app()
        seen: list[str] = []

        @app.before_request
        def look(seen: list[str] = seen) -> None:
            from flask import request

            seen.append(request.scheme)

        app.test_client().get("/healthz", headers=headers)
        assert seen == [scheme]
        app.extensions["shop.db"].engine.dispose()


def test_a_crash_shows_no_traceback(app: Flask, visit: Callable[[], Browser]) -> None:
    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("secret detail")

    answer = visit().get("/boom")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text and "It is our fault" in answer.text
