"""Search, filters, paging, reviews, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image
from shop.config import Settings
from shop.models import Product, ProductImage
from shop.services import catalogue, media, reviews
from shop.services.catalogue import Filters, Page
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests.conftest import Browser, Stock


def names(db: Session, **args: str) -> list[str]:
    return [item.name for item in catalogue.find(db, Filters.from_args(args)).products]


def test_search_prefers_the_name(db: Session, stock: Stock) -> None:
    assert names(db, q="mug") == ["Blue Mug", "Brass Lamp"]
    assert names(db, q="mugs -lamp") == ["Blue Mug"]
    assert names(db, q="reading lamps") == ["Brass Lamp"]
    assert names(db, q="' OR 1=1 --") == []


def test_filters(db: Session, stock: Stock) -> None:
    assert set(names(db, stock="1")) == {"Blue Mug", "Brass Lamp"}
    assert names(db, category="lighting") == ["Brass Lamp"]
    assert names(db, min="15", max="50") == ["Old Plate"]
    assert names(db, sort="price-desc") == ["Brass Lamp", "Old Plate", "Blue Mug"]
    stock.mug.active = False
    db.commit()
    assert "Blue Mug" not in names(db)


def test_rating_is_kept_right(db: Session, stock: Stock) -> None:
    for user, stars in ((stock.buyer, 5), (stock.other_buyer, 2), (stock.buyer, 4)):
        reviews.write(db, product_id=stock.mug.id, user_id=user.id, stars=stars, title="t", body="b")
    db.refresh(stock.mug)
    assert (stock.mug.rating_sum, stock.mug.rating_count, stock.mug.rating) == (6, 2, 3.0)
    assert names(db, rating="3") == ["Blue Mug"]
    assert names(db, rating="4") == []


def test_paging(db: Session, stock: Stock, browser: Browser) -> None:
    row = {"seller_id": stock.mug.seller_id, "category_id": stock.mug.category_id, "price_cents": 100}
    db.execute(insert(Product), [row | {"slug": f"n{n}", "name": f"Thing {n}"} for n in range(60)])
    db.commit()
    first, last = browser.get("/search?sort=newest"), browser.get("/search?sort=newest&page=3")
    assert first.text.count('class="card"') == 24 and 'rel="next"' in first.text
    assert last.text.count('class="card"') == 63 - 48 and 'rel="next"' not in last.text
    assert "sort=newest" in first.text


def test_page_numbers_leave_gaps() -> None:
    page = Page([], 24 * 20, Filters(page=10))
    assert page.around() == [1, None, 9, 10, 11, None, 20]


def test_only_who_bought_may_review(visit: Callable[[], Browser], stock: Stock, db: Session) -> None:
    review: dict[str, object] = {"stars": 5, "title": "Good", "body": "Very good"}
    browser = visit().sign_in("buyer@x.test")
    assert browser.post("/p/blue-mug/reviews", review, page="/p/blue-mug").status_code == 403
    browser.post("/cart/add", {"product_id": stock.mug.id}, page="/p/blue-mug")
    address = {"name": "B", "street": "S 1", "postcode": "1", "city": "C", "country": "Germany"}
    browser.post("/checkout", address | {"checkout_id": "0" * 32}, page="/checkout")
    assert "You bought this" in browser.get("/p/blue-mug").text
    assert browser.post("/p/blue-mug/reviews", review, page="/p/blue-mug").status_code == 302
    assert "Very good" in browser.get("/p/blue-mug").text


def picture(kind: str = "PNG", size: tuple[int, int] = (1500, 900)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(out, kind)
    return out.getvalue()


def test_pictures_are_remade_and_named_by_content() -> None:
    first, second = media.prepare(picture()), media.prepare(picture())
    assert first == second
    assert (first.width, first.height) == (1200, 720)
    assert first.key.startswith("products/") and first.key.endswith(".webp")
    with Image.open(io.BytesIO(first.small)) as small:
        assert small.format == "WEBP" and max(small.size) == 480


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n broken", picture("GIF")])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(media.BadImageError):
        media.prepare(data)


def test_a_picture_with_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MOST_PIXELS", 1000)
    with pytest.raises(media.BadImageError, match="too many"):
        media.prepare(picture())


def form(stock: Stock, **changes: object) -> dict[str, object]:
    base = {"name": "Green Jug", "category_id": stock.mug.category_id, "description": "A jug", "active": "y"}
    return base | {"price": "24.90", "stock": 3} | changes


def test_a_seller_offers_a_product(browser: Browser, stock: Stock, db: Session, app: Flask) -> None:
    browser.sign_in("seller@x.test")
    files = {"images": [(io.BytesIO(picture()), "a.png"), (io.BytesIO(picture(size=(300, 300))), "b.png")]}
    page = "/desk/products/new"
    answer = browser.post(page, form(stock) | files, page=page)
    assert answer.headers["Location"] == "/p/green-jug", answer.text
    item = db.scalars(select(Product).where(Product.slug == "green-jug")).one()
    assert (item.price_cents, item.stock, len(item.images)) == (2490, 3, 2)
    shown = browser.get(f"/media/{item.images[0].thumb_key}")
    assert (
        shown.status_code == 200
        and shown.mimetype == "image/webp"
        and "immutable" in shown.headers["Cache-Control"]
    )
    settings = Settings.from_env()
    head = media.client(settings).head_object(Bucket=settings.s3_bucket, Key=f"public/{item.images[0].key}")
    assert head["ContentType"] == "image/webp"
    again = browser.post(page, form(stock), page=page)
    assert again.headers["Location"].startswith("/p/green-jug-")


def test_a_bad_upload_changes_nothing(browser: Browser, stock: Stock, db: Session) -> None:
    browser.sign_in("seller@x.test")
    path = f"/desk/products/{stock.mug.id}"
    bad = form(stock, images=[(io.BytesIO(b"not a picture"), "a.png")])
    answer = browser.post(path, bad, page=path)
    assert answer.status_code == 422 and "Please choose a JPEG" in answer.text
    assert db.scalars(select(ProductImage)).all() == []


def test_sellers_keep_out_of_each_others_shops(browser: Browser, stock: Stock) -> None:
    browser.sign_in("seller@x.test")
    path = f"/desk/products/{stock.lamp.id}"
    assert browser.get(path).status_code == 404
    assert browser.post(path, form(stock), page="/desk/products/new").status_code == 404


def test_storefront_can_be_edited(browser: Browser, stock: Stock) -> None:
    browser.sign_in("seller@x.test")
    new: dict[str, object] = {
        "name": "Sam & Co",
        "tagline": "Pots <b>only</b>",
        "city": "Bremen",
        "about": "Hi",
    }
    browser.post("/desk/storefront", new, page="/desk/storefront")
    page = browser.get("/s/sam-s-pots").text
    assert "Sam &amp; Co" in page and "&lt;b&gt;only" in page
