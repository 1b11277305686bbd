"""Everything that speaks HTTP."""

from __future__ import annotations

from flask import Flask
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

from shop.config import Settings
from shop.db import session
from shop.models import User
from shop.readiness import Readiness
from shop.services.mail import money
from shop.web import accounts, admin, api, cart, errors, operations, orders, security, seller, storefront
from shop.web.context import template_values

BLUEPRINTS = (accounts.bp, storefront.bp, cart.bp, orders.bp, seller.bp, admin.bp, api.bp, operations.bp)


def load_user(user_id: str) -> User | None:
    """Flask-Login asks for the account of a session."""
    user = session().get(User, int(user_id)) if user_id.isdigit() else None
    return user if user and user.active else None


def register(app: Flask, settings: Settings) -> None:
    """Give the application its pages, its protection and its filters."""
    csrf = CSRFProtect()
    csrf.init_app(app)
    csrf.exempt("shop.web.api.echo")
    manager = LoginManager()
    manager.user_loader(load_user)
    manager.init_app(app)
    app.extensions["shop.readiness"] = Readiness(settings)
    app.add_template_filter(money)
    app.context_processor(template_values)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    security.init_app(app, settings)
    errors.init_app(app)
