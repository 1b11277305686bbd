"""Reviews and their sums."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.models import Product, Review


def write(db: Session, *, product_id: int, user_id: int, stars: int, title: str, body: str) -> None:
    """Write a review, or the account's earlier one anew, and keep the product's sums right."""
    # The product's row first: everybody who reviews it waits in line here.
    db.execute(select(Product.id).where(Product.id == product_id).with_for_update())
    row = insert(Review).values(product_id=product_id, user_id=user_id, stars=stars, title=title, body=body)
    newer = {"stars": stars, "title": title, "body": body, "created_at": func.now()}
    db.execute(row.on_conflict_do_update(index_elements=["product_id", "user_id"], set_=newer))
    total, number = db.execute(
        select(func.coalesce(func.sum(Review.stars), 0), func.count()).where(Review.product_id == product_id)
    ).one()
    db.execute(
        update(Product)
        .where(Product.id == product_id)
        .values(rating_sum=total, rating_count=number)
        .execution_options(synchronize_session=False)
    )
    db.commit()
