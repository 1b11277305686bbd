"""The shop in a real browser: accessible, nothing sticks out, nothing is blocked, and no script is needed."""

from __future__ import annotations

import time

import pytest
from browser import CHROMIUM, SIZES, add_to_cart, chromium, first_product, pages, sign_in, visit
from shop import Shop

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found (Debian: apt install chromium)"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_sound(shop: Shop, size: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found, complaints = [], []
    with chromium() as browser, visit(browser, shop, size) as page:
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        seen = 0
        for name in pages(page, shop):
            seen += 1
            violations = Axe().run(page).response["violations"]
            found += [(name, v["id"]) for v in violations if v["impact"] in {"serious", "critical"}]
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                found.append((name, "wider than the window"))
    assert seen == 7
    assert found == []
    assert complaints == []


def test_an_order_without_any_script(shop: Shop) -> None:
    mail = shop.state / "mail" / "production"
    before = set(mail.glob("*"))
    with chromium() as browser, visit(browser, shop, "phone", scripts=False) as page:
        sign_in(page, shop, "buyer")
        first_product(page)
        add_to_cart(page)
        page.goto("/checkout")
        for field in page.locator("form.form input:not([type=hidden]), form.form textarea").all():
            if not field.input_value():
                field.fill("Somewhere 1, 12345 Town")
        page.locator("form.form button[type=submit]").click()
        page.wait_for_load_state()
        assert "/orders" in page.url, page.locator("main").inner_text()
    until = time.monotonic() + 30
    while set(mail.glob("*")) == before:
        assert time.monotonic() < until, "no confirmation was sent"
        time.sleep(0.5)
