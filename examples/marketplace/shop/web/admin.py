"""The admin's page."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from shop.db import session
from shop.models import Cart, Order, OutboxJob, Product, Review, Role, Seller, User
from shop.services import mail, orders, outbox
from shop.web.context import role_required, settings, signed_in

bp = Blueprint("admin", __name__, url_prefix="/admin")
COUNTED = {
    "Accounts": User,
    "Sellers": Seller,
    "Products": Product,
    "Orders": Order,
    "Reviews": Review,
    "Carts": Cart,
}


@bp.get("/")
@role_required(Role.ADMIN)
def index() -> ResponseReturnValue:
    """How the shop is doing."""
    db = session()
    kinds = set(mail.handlers(settings()))
    newest = select(Order).options(joinedload(Order.buyer), joinedload(Order.seller))
    failing = select(OutboxJob).where(OutboxJob.done_at.is_(None), OutboxJob.attempts > 0)
    return render_template(
        "admin/index.html",
        counts={name: db.scalar(select(func.count()).select_from(table)) for name, table in COUNTED.items()},
        states=orders.counts(db),
        waiting=outbox.waiting(db),
        unknown=outbox.unknown_kinds(db, kinds),
        failing=list(db.scalars(failing.order_by(OutboxJob.id).limit(10))),
        newest=list(db.scalars(newest.order_by(Order.placed_at.desc(), Order.id).limit(12))),
        users=list(db.scalars(select(User).order_by(User.id.desc()).limit(12))),
    )


@bp.post("/users/<int:user_id>/active")
@role_required(Role.ADMIN)
def toggle(user_id: int) -> ResponseReturnValue:
    """Close or open an account; not one's own."""
    user = session().get(User, user_id) or abort(404)
    if user.id == signed_in().id:
        abort(400)
    user.active = not user.active
    session().commit()
    flash(f"{user.email} is {'open' if user.active else 'closed'}.", "info")
    return redirect(url_for("admin.index"))
