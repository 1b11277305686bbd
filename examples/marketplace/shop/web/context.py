"""What views share: settings, the bucket, who is signed in, and small decorators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import abort, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from shop.config import Settings
from shop.db import session as db_session
from shop.models import Role, User
from shop.services import cart, catalogue, media

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

P = ParamSpec("P")
R = TypeVar("R")


def settings() -> Settings:
    """The application's settings."""
    return cast(Settings, current_app.extensions["shop.settings"])


def s3() -> S3Client:
    """The client for the bucket, made at first use and shared by the threads of the process."""
    kept = current_app.extensions
    if "shop.s3" not in kept:
        kept["shop.s3"] = media.client(settings())
    return cast("S3Client", kept["shop.s3"])


def visitor() -> User | None:
    """The account that is signed in, if any."""
    return cast(User, current_user) if current_user.is_authenticated else None


def signed_in() -> User:
    """The account that is signed in; 401 without one."""
    return visitor() or abort(401)


def cart_id() -> str | None:
    """The id of the visitor's cart."""
    return cast("str | None", session.get("cart"))


def login_required(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send visitors without an account to the sign-in page, and back afterwards."""

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if visitor() is None:
            flash("Please sign in first.", "info")
            back = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("accounts.sign_in", next=back))
        return view(*args, **kwargs)

    return wrapped


def role_required(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Only for accounts with one of these roles; 403 for the others."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if not signed_in().is_a(*roles):
                abort(403)
            return view(*args, **kwargs)

        return login_required(wrapped)

    return decorate


def safe_next(default: str) -> str:
    """The page to go to after signing in: only a path of this shop."""
    target = request.args.get("next", "")
    parts = urlsplit(target)
    sound = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if sound and not parts.netloc and target.isprintable() else default


def media_url(key: str) -> str:
    """The address of a public object."""
    return settings().media_url + key


def cart_count() -> int:
    """How many things are in the visitor's cart."""
    known = cart_id()
    return cart.count(db_session(), known) if known else 0


def page_url(filters: catalogue.Filters, number: int) -> str:
    """The address of another page of the same list."""
    return url_for(request.endpoint or "", **(request.view_args or {}), **filters.query(page=number))


def template_values() -> dict[str, Any]:
    """What every template may use. Functions, so that an error page needs no database."""
    return {
        "visitor": visitor,
        "settings": settings(),
        "media_url": media_url,
        "cart_count": cart_count,
        "page_url": page_url,
        "sorts": catalogue.SORTS,
        "shelves": lambda: catalogue.shelves(db_session()),
    }
