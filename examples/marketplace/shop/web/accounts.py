"""Signing up, in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from shop.db import session as db
from shop.models import User
from shop.services import accounts, cart
from shop.web.context import cart_id, login_required, safe_next, visitor
from shop.web.forms import SignInForm, SignUpForm

bp = Blueprint("accounts", __name__)


def _enter(user: User, remember: bool = False) -> None:
    """A new session for the account; the visitor's cart comes along."""
    before = cart_id()
    session.clear()
    login_user(user, remember=remember)
    adopted = cart.adopt(db(), before, user.id)
    if adopted:
        session["cart"] = adopted


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    home = url_for("storefront.home")
    if visitor() is not None:
        return redirect(safe_next(home))
    form = SignInForm()
    if form.validate_on_submit():
        user = accounts.check_password(db(), form.email.data, form.password.data)
        if user is not None:
            _enter(user, form.remember.data)
            flash(f"Welcome back, {user.name}.", "success")
            return redirect(safe_next(home))
        form.password.errors = ["E-mail or password is wrong."]
    return render_template("accounts/sign_in.html", form=form), 422 if form.errors else 200


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> ResponseReturnValue:
    """The sign-up page."""
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            user = accounts.sign_up(
                db(),
                email=form.email.data,
                name=form.name.data,
                password=form.password.data,
                shop_name=form.shop_name.data or "",
            )
        except accounts.EmailTakenError:
            form.email.errors = ["There is an account with this address. Please sign in."]
        else:
            _enter(user)
            flash(f"Welcome, {user.name}.", "success")
            return redirect(safe_next(url_for("storefront.home")))
    return render_template("accounts/sign_up.html", form=form), 422 if form.errors else 200


@bp.post("/sign-out")
@login_required
def sign_out() -> ResponseReturnValue:
    """Forget the visitor."""
    logout_user()
    for name in ("cart", "csrf_token"):
        session.pop(name, None)
    flash("You are signed out.", "info")
    return redirect(url_for("storefront.home"))
