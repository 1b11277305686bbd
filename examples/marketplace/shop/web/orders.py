"""A buyer's orders, and the steps an order takes."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.db import session
from shop.models import Order, State
from shop.services import orders
from shop.web.context import login_required, signed_in

bp = Blueprint("orders", __name__)


def _own(number: str) -> Order:
    """The order, if the account has a part in it; else it does not exist."""
    order = orders.by_number(session(), number)
    if order is None or not orders.part_of(order, signed_in()):
        abort(404)
    return order


@bp.get("/orders")
@login_required
def index() -> ResponseReturnValue:
    """The buyer's orders."""
    return render_template("orders/index.html", orders=orders.of_buyer(session(), signed_in().id))


@bp.get("/orders/<number>")
@login_required
def show(number: str) -> ResponseReturnValue:
    """One order, for its buyer, its seller and the admin."""
    order = _own(number)
    return render_template("orders/show.html", order=order, steps=orders.next_steps(order, signed_in()))


@bp.post("/orders/<number>/state")
@login_required
def move(number: str) -> ResponseReturnValue:
    """Take the order one step on."""
    order = _own(number)
    wanted = request.form.get("state", "")
    if wanted not in set(State):
        abort(400)
    try:
        orders.move(session(), order.id, State(wanted), signed_in(), request.form.get("note", ""))
    except orders.NotAllowedError as error:
        flash(str(error), "error")
    else:
        flash(f"Order {number} is now {wanted}.", "success")
    return redirect(url_for("orders.show", number=number))
