"""What everybody sees: the front page, shelves, search, products, sellers."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from shop.db import session
from shop.models import Category, Product, Seller
from shop.services import catalogue, reviews
from shop.web.context import login_required, signed_in, visitor
from shop.web.forms import ReviewForm

bp = Blueprint("storefront", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    """The front page."""
    db = session()
    average = Product.rating_sum * 1.0 / func.greatest(Product.rating_count, 1)
    return render_template(
        "home.html",
        categories=catalogue.categories(db),
        loved=catalogue.shelf(db, average.desc(), 8, Product.rating_count >= 2),
        fresh=catalogue.shelf(db, Product.created_at.desc(), 8),
        offers=catalogue.shelf(
            db, Product.created_at.asc(), 4, Product.compare_at_cents > Product.price_cents
        ),
        sellers=catalogue.sellers(db),
    )


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Everything that fits the words and filters."""
    filters = catalogue.Filters.from_args(request.args)
    return render_template("listing.html", page=catalogue.find(session(), filters), category=None)


@bp.get("/c/<slug>")
def category(slug: str) -> ResponseReturnValue:
    """One shelf."""
    found = session().scalar(select(Category).where(Category.slug == slug)) or abort(404)
    filters = catalogue.Filters.from_args(request.args, category=slug)
    return render_template("listing.html", page=catalogue.find(session(), filters), category=found)


@bp.get("/sellers")
def sellers() -> ResponseReturnValue:
    """All storefronts."""
    return render_template("sellers.html", sellers=catalogue.sellers(session()))


@bp.get("/s/<slug>")
def seller(slug: str) -> ResponseReturnValue:
    """One storefront."""
    found = session().scalar(select(Seller).where(Seller.slug == slug)) or abort(404)
    filters = catalogue.Filters.from_args(request.args, seller_id=found.id)
    return render_template("seller.html", seller=found, page=catalogue.find(session(), filters))


def _visible(slug: str) -> Product:
    item = catalogue.product(session(), slug)
    user = visitor()
    own = bool(item and user and user.seller and user.seller.id == item.seller_id)
    if item is None or not (item.active or own):
        abort(404)
    return item


@bp.get("/p/<slug>")
def product(slug: str) -> ResponseReturnValue:
    """One product."""
    item, user, db = _visible(slug), visitor(), session()
    may_review = user is not None and catalogue.has_bought(db, user.id, item.id)
    return render_template(
        "product.html",
        item=item,
        reviews=catalogue.reviews(db, item.id),
        similar=catalogue.similar(db, item),
        form=ReviewForm() if may_review else None,
    )


@bp.post("/p/<slug>/reviews")
@login_required
def review(slug: str) -> ResponseReturnValue:
    """Write a review; only for those who bought the product."""
    item, user, db = _visible(slug), signed_in(), session()
    if not catalogue.has_bought(db, user.id, item.id):
        abort(403)
    form = ReviewForm()
    if not form.validate_on_submit():
        flash("Please fill in the rating, a headline and your review.", "error")
        return redirect(url_for("storefront.product", slug=slug, _anchor="write"))
    reviews.write(
        db,
        product_id=item.id,
        user_id=user.id,
        stars=form.stars.data,
        title=form.title.data,
        body=form.body.data,
    )
    flash("Thank you for your review.", "success")
    return redirect(url_for("storefront.product", slug=slug, _anchor="reviews"))
