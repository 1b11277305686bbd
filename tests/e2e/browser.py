"""Chromium on the shop: the pages that a visitor, a buyer, a seller and an admin see."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright
from shop import Shop

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser found on this machine, headless."""
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, shop: Shop, size: str, scripts: bool = True) -> Iterator[Page]:
    """A fresh visitor. The certificate is the machine's own, which no browser knows."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=shop.url,
        viewport={"width": width, "height": height},
        ignore_https_errors=True,
        java_script_enabled=scripts,
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in(page: Page, shop: Shop, who: str) -> None:
    """Sign in as admin, seller or buyer."""
    page.goto("/sign-in")
    page.fill("input[name=email]", f"{who}@example.test")
    page.fill("input[name=password]", shop.password)
    page.click("main button[type=submit]")
    page.wait_for_load_state()


def first_product(page: Page) -> None:
    """Open the first product that can be bought."""
    page.goto("/search?stock=1")
    page.locator("a.card-link").first.click()
    page.wait_for_load_state()


def add_to_cart(page: Page) -> None:
    """Put the open product into the cart."""
    page.locator("form.add button[type=submit]").first.click()
    page.wait_for_load_state()


def pages(page: Page, shop: Shop) -> Iterator[str]:
    """Walk through the shop; the name of each page once it is open."""
    page.goto("/")
    yield "home"
    page.goto("/search?q=lamp")
    yield "search"
    sign_in(page, shop, "buyer")
    first_product(page)
    yield "product"
    add_to_cart(page)
    page.goto("/cart")
    yield "cart"
    page.goto("/checkout")
    yield "checkout"
    page.context.clear_cookies()
    sign_in(page, shop, "seller")
    page.goto("/desk/")
    yield "order-desk"
    page.context.clear_cookies()
    sign_in(page, shop, "admin")
    page.goto("/admin/")
    yield "admin"
