"""The seller's desk: products, pictures, orders."""

from __future__ import annotations

import secrets

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from wtforms.fields import SelectChoice

from shop.db import session
from shop.models import Category, Product, ProductImage, Role, Seller
from shop.services import catalogue, media, orders
from shop.services.accounts import slugify
from shop.web.context import role_required, s3, settings, signed_in
from shop.web.forms import ProductForm, StorefrontForm

bp = Blueprint("seller", __name__, url_prefix="/desk")
MOST_IMAGES = 8


def _shop() -> Seller:
    return signed_in().seller or abort(403)


@bp.get("/")
@role_required(Role.SELLER)
def index() -> ResponseReturnValue:
    """Orders waiting and products."""
    shop, state = _shop(), request.args.get("state", "")
    query = catalogue.for_cards().where(Product.seller_id == shop.id).order_by(Product.id.desc())
    return render_template(
        "desk/index.html",
        shop=shop,
        state=state,
        counts=orders.counts(session(), shop.id),
        orders=orders.of_seller(session(), shop.id, state),
        products=list(session().scalars(query.limit(200))),
    )


@bp.route("/storefront", methods=["GET", "POST"])
@role_required(Role.SELLER)
def storefront() -> ResponseReturnValue:
    """What the shop says about itself."""
    shop = _shop()
    form = StorefrontForm(obj=shop)
    if form.validate_on_submit():
        shop.name, shop.tagline = form.name.data, form.tagline.data or ""
        shop.city, shop.about = form.city.data or "", form.about.data or ""
        session().commit()
        flash("Your storefront is up to date.", "success")
        return redirect(url_for("storefront.seller", slug=shop.slug))
    return render_template("desk/storefront.html", form=form), 422 if form.errors else 200


@bp.route("/products/new", methods=["GET", "POST"])
@role_required(Role.SELLER)
def new_product() -> ResponseReturnValue:
    """Offer something new."""
    return _edit(None)


@bp.route("/products/<int:product_id>", methods=["GET", "POST"])
@role_required(Role.SELLER)
def edit_product(product_id: int) -> ResponseReturnValue:
    """Change an own product."""
    item = session().get(Product, product_id)
    if item is None or item.seller_id != _shop().id:
        abort(404)
    return _edit(item)


@bp.post("/products/<int:product_id>/images/<int:image_id>/delete")
@role_required(Role.SELLER)
def delete_image(product_id: int, image_id: int) -> ResponseReturnValue:
    """Take a picture off a product. The object stays: others may show the same one."""
    image, item = session().get(ProductImage, image_id), session().get(Product, product_id)
    if image is None or item is None or image.product_id != item.id or item.seller_id != _shop().id:
        abort(404)
    session().delete(image)
    session().commit()
    flash("The picture is gone.", "info")
    return redirect(url_for("seller.edit_product", product_id=item.id))


def _form(item: Product | None) -> ProductForm:
    form = ProductForm(obj=item)
    categories = session().scalars(select(Category).order_by(Category.position))
    form.category_id.choices = [SelectChoice(str(category.id), category.name) for category in categories]
    if item is not None and not form.is_submitted():
        form.price.data = item.price_cents / 100
    return form


def _edit(item: Product | None) -> ResponseReturnValue:
    form = _form(item)
    if form.validate_on_submit():
        try:
            pictures = _pictures(form.images.data or [])
        except media.BadImageError as error:
            form.images.errors = [str(error)]
        else:
            saved = _save(item, form, pictures)
            flash(f"{saved.name} is saved.", "success")
            return redirect(url_for("storefront.product", slug=saved.slug))
    return render_template("desk/product.html", form=form, item=item), 422 if form.errors else 200


def _pictures(files: list[FileStorage | str]) -> list[media.Stored]:
    chosen = [file for file in files if isinstance(file, FileStorage) and file.filename]
    if len(chosen) > MOST_IMAGES:
        raise media.BadImageError(f"Please choose at most {MOST_IMAGES} pictures.")
    return [media.prepare(file.read()) for file in chosen]


def _save(item: Product | None, form: ProductForm, pictures: list[media.Stored]) -> Product:
    """Objects first, then the rows that name them: a row never points at nothing."""
    for picture in pictures:
        media.upload(s3(), settings().s3_bucket, picture)
    if item is None:
        item = Product(seller_id=_shop().id, slug="", name=form.name.data)
        session().add(item)
    item.name, item.description = form.name.data, form.description.data
    item.category_id, item.stock = form.category_id.data, form.stock.data
    item.price_cents, item.active = round(form.price.data * 100), form.active.data
    first = max((image.position for image in item.images), default=-1) + 1
    for position, picture in enumerate(pictures, first):
        item.images.append(
            ProductImage(
                position=position,
                key=picture.key,
                thumb_key=picture.thumb_key,
                alt=item.name,
                width=picture.width,
                height=picture.height,
            )
        )
    if not item.slug:
        _name(item)
    session().commit()
    return item


def _name(item: Product) -> None:
    """A slug nobody else has."""
    plain = slugify(item.name)
    with session().no_autoflush:
        taken = session().scalar(select(Product.id).where(Product.slug == plain))
    item.slug = f"{plain}-{secrets.token_hex(3)}" if taken else plain
