"""The few JSON endpoints."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, abort, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from shop.db import session
from shop.models import Product
from shop.services import cart, catalogue
from shop.web.context import cart_id, media_url

bp = Blueprint("api", __name__, url_prefix="/api")
LARGEST_ECHO = 20 * 1024 * 1024


def _product(item: Product) -> dict[str, Any]:
    return {
        "slug": item.slug,
        "name": item.name,
        "price_cents": item.price_cents,
        "in_stock": item.in_stock,
        "rating": round(item.rating, 2),
        "reviews": item.rating_count,
        "seller": item.seller.name,
        "url": url_for("storefront.product", slug=item.slug),
        "image": media_url(item.images[0].thumb_key) if item.images else None,
    }


@bp.get("/products")
def products() -> ResponseReturnValue:
    """Search, with the same filters as the page."""
    page = catalogue.find(session(), catalogue.Filters.from_args(request.args))
    return jsonify(
        total=page.total,
        page=page.filters.page,
        pages=page.last,
        products=[_product(item) for item in page.products],
    )


@bp.get("/products/<slug>")
def product(slug: str) -> ResponseReturnValue:
    """One product."""
    item = catalogue.product(session(), slug)
    if item is None or not item.active:
        abort(404)
    return jsonify(_product(item) | {"description": item.description, "category": item.category.slug})


@bp.get("/cart")
def own_cart() -> ResponseReturnValue:
    """The visitor's cart."""
    found = cart.load(session(), cart_id())
    lines = found.items if found else []
    return jsonify(
        total_cents=cart.total_cents(found),
        items=[{"slug": i.product.slug, "name": i.product.name, "quantity": i.quantity} for i in lines],
    )


@bp.post("/echo")
def echo() -> ResponseReturnValue:
    """The SHA-256 and the size of the body, for proofs under load. At most 20 MB, no CSRF token."""
    request.max_content_length = LARGEST_ECHO
    digest, size = hashlib.sha256(), 0
    while chunk := request.stream.read(65536):
        digest.update(chunk)
        size += len(chunk)
    return jsonify(sha256=digest.hexdigest(), bytes=size)
