"""Accounts and what each role may see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shop.models import User
from shop.services import accounts
from shop.services.accounts import slugify
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import PASSWORD, Browser, Stock

FORM: dict[str, object] = {"name": "Nina", "email": "Nina@X.test", "password": PASSWORD, "again": PASSWORD}


def test_sign_up_and_out_and_in(browser: Browser, db: Session) -> None:
    assert browser.post("/sign-up", FORM, page="/sign-up").status_code == 302
    user = db.scalars(select(User)).one()
    assert (user.email, user.role) == ("nina@x.test", "buyer")
    assert user.password_hash.startswith("$argon2id$")
    assert browser.get("/orders").status_code == 200
    assert browser.post("/sign-out", page="/orders").status_code == 302
    assert browser.get("/orders").status_code == 302
    assert browser.sign_in("nina@x.test").get("/orders").status_code == 200


def test_sign_up_as_a_seller_opens_a_shop(browser: Browser, db: Session) -> None:
    browser.post("/sign-up", FORM | {"shop_name": "Nina's Nets"}, page="/sign-up")
    assert browser.get("/desk/").status_code == 200
    assert browser.get("/s/nina-s-nets").status_code == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "nonsense"}, "does not look like"),
        ({"password": "short"}, "at least 10 characters"),
        ({"again": "something else"}, "passwords differ"),
        ({"name": ""}, "required"),
    ],
)
def test_sign_up_says_what_is_wrong(browser: Browser, change: dict[str, object], message: str) -> None:
    answer = browser.post("/sign-up", FORM | change, page="/sign-up")
    assert answer.status_code == 422
    assert message in answer.text and 'aria-invalid="true"' in answer.text


def test_an_address_has_one_account(browser: Browser, stock: Stock) -> None:
    answer = browser.post("/sign-up", FORM | {"email": "BUYER@x.test"}, page="/sign-up")
    assert answer.status_code == 422 and "is an account" in answer.text


@pytest.mark.parametrize("email", ["buyer@x.test", "nobody@x.test"])
def test_wrong_password(browser: Browser, stock: Stock, email: str) -> None:
    answer = browser.post("/sign-in", {"email": email, "password": "not the password"})
    assert answer.status_code == 422 and "is wrong" in answer.text


def test_a_closed_account_stays_outside(browser: Browser, visit: Callable[[], Browser], stock: Stock) -> None:
    inside = visit().sign_in("buyer@x.test")
    admin = browser.sign_in("admin@x.test")
    assert admin.post(f"/admin/users/{stock.buyer.id}/active", page="/admin/").status_code == 302
    assert inside.get("/orders").status_code == 302
    assert visit().post("/sign-in", {"email": "buyer@x.test", "password": PASSWORD}).status_code == 422
    assert admin.post(f"/admin/users/{stock.admin.id}/active", page="/admin/").status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"]
)
def test_sign_in_never_leads_away(visit: Callable[[], Browser], stock: Stock, target: str) -> None:
    data: dict[str, object] = {"email": "buyer@x.test", "password": PASSWORD}
    answer = visit().post(f"/sign-in?next={target}", data)
    assert answer.headers["Location"] == "/"


def test_sign_in_leads_back(visit: Callable[[], Browser], stock: Stock) -> None:
    browser = visit()
    assert browser.get("/orders").headers["Location"] == "/sign-in?next=/orders"
    answer = browser.post("/sign-in?next=/orders", {"email": "buyer@x.test", "password": PASSWORD})
    assert answer.headers["Location"] == "/orders"


# who may open what: nobody is sent to the sign-in page
WANTED = {
    "/orders": {"buyer": 200, "seller": 200, "admin": 200},
    "/desk/": {"buyer": 403, "seller": 200, "admin": 403},
    "/desk/products/new": {"buyer": 403, "seller": 200, "admin": 403},
    "/desk/storefront": {"buyer": 403, "seller": 200, "admin": 403},
    "/admin/": {"buyer": 403, "seller": 403, "admin": 200},
}


def test_each_role_sees_its_own(visit: Callable[[], Browser], stock: Stock) -> None:
    for path in WANTED:
        assert visit().get(path).status_code == 302
    for role in ("buyer", "seller", "admin"):
        browser = visit().sign_in(f"{role}@x.test")
        assert {path: browser.get(path).status_code for path in WANTED} == {
            p: w[role] for p, w in WANTED.items()
        }


def test_admin_page_shows_the_release(browser: Browser, stock: Stock) -> None:
    page = browser.sign_in("admin@x.test").get("/admin/").text
    for word in ("r42", "blue", "tests", 'id="queue-length">0<'):
        assert word in page


def test_a_password_is_not_kept(db: Session, env: dict[str, str]) -> None:
    user = accounts.sign_up(db, email="a@x.test", name="A", password=PASSWORD)
    assert PASSWORD not in user.password_hash
    assert accounts.check_password(db, " A@x.test ", PASSWORD) is user
    assert accounts.check_password(db, "a@x.test", "wrong") is None


def test_slugs() -> None:
    assert slugify("Blue Mug, No. 7!") == "blue-mug-no-7"
    assert slugify("!!!") == "item"
