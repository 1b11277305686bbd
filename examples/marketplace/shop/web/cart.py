"""The cart and the checkout."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shop.db import session as db
from shop.metrics import ORDERS
from shop.models import Cart, Order, Product
from shop.services import cart, checkout
from shop.web.context import cart_id, login_required, signed_in, visitor
from shop.web.forms import CheckoutForm

bp = Blueprint("cart", __name__)


def _quantity() -> int:
    return request.form.get("quantity", 1, type=int)


@bp.get("/cart")
def show() -> ResponseReturnValue:
    """The cart."""
    found = cart.load(db(), cart_id())
    return render_template("cart.html", cart=found, total=cart.total_cents(found))


@bp.post("/cart/add")
def add() -> ResponseReturnValue:
    """Put a product in the cart."""
    item = db().get(Product, request.form.get("product_id", 0, type=int))
    if item is None or not item.in_stock:
        flash("That product is sold out.", "error")
        return redirect(url_for("cart.show"))
    user = visitor()
    session["cart"] = cart.add(db(), cart_id(), user.id if user else None, item.id, _quantity())
    flash(f"{item.name} is in your cart.", "success")
    return redirect(url_for("cart.show"))


@bp.post("/cart/change")
def change() -> ResponseReturnValue:
    """Set the number of a line."""
    cart.change(db(), cart_id(), request.form.get("product_id", 0, type=int), _quantity())
    return redirect(url_for("cart.show"))


@bp.route("/checkout", methods=["GET", "POST"])
@login_required
def check_out() -> ResponseReturnValue:
    """Address and order."""
    form = CheckoutForm()
    if not form.is_submitted():
        form.checkout_id.data = str(uuid.uuid4())
        form.name.data = signed_in().name
    found = cart.load(db(), cart_id())
    if form.validate_on_submit():
        answer = _place(form, found)
        if answer is not None:
            return answer
    elif found is None or not found.items:
        flash("Your cart is empty.", "info")
        return redirect(url_for("cart.show"))
    page = render_template("checkout.html", form=form, cart=found, total=cart.total_cents(found))
    return page, 422 if form.errors else 200


def _place(form: CheckoutForm, found: Cart | None) -> ResponseReturnValue | None:
    """Place the orders; None if the form should be shown again."""
    try:
        key = uuid.UUID(form.checkout_id.data)
    except ValueError:
        abort(400)
    to = checkout.Address(
        name=form.name.data,
        street=form.street.data,
        postcode=form.postcode.data,
        city=form.city.data,
        country=form.country.data,
        phone=form.phone.data or None,
    )
    try:
        if found is None:
            raise checkout.CheckoutError("Your cart is empty.")
        orders = checkout.place(db(), cart_id=found.id, buyer_id=signed_in().id, checkout_id=key, to=to)
    except checkout.CheckoutError as error:
        flash(str(error), "error")
        return redirect(url_for("cart.show"))
    ORDERS.inc(len(orders))
    return _thank(orders)


def _thank(orders: list[Order]) -> ResponseReturnValue:
    flash("Thank you! Your order is placed and a confirmation is on its way.", "success")
    if len(orders) == 1:
        return redirect(url_for("orders.show", number=orders[0].number))
    return redirect(url_for("orders.index"))
