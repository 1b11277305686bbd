"""The shop's forms. Each carries a CSRF token."""

from __future__ import annotations

from decimal import Decimal

from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import (
    BooleanField,
    DecimalField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, NumberRange, Optional, Regexp

STARS = ("5 – wonderful", "4 – good", "3 – fair", "2 – poor", "1 – bad")
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"


def _strip(text: str | None) -> str | None:
    return text.replace("\0", "").strip() if text else text


class SignInForm(FlaskForm):
    """E-mail and password."""

    email = StringField("E-mail", [DataRequired(), Length(max=254)], filters=[_strip])
    password = PasswordField("Password", [DataRequired(), Length(max=200)])
    remember = BooleanField("Keep me signed in on this device")


class SignUpForm(FlaskForm):
    """A new account, perhaps with a storefront."""

    name = StringField("Your name", [DataRequired(), Length(max=120)], filters=[_strip])
    email = StringField(
        "E-mail",
        [
            DataRequired(),
            Length(max=254),
            Regexp(EMAIL, message="This does not look like an e-mail address."),
        ],
        filters=[_strip],
    )
    password = PasswordField(
        "Password",
        [DataRequired(), Length(min=10, max=200, message="Please take at least 10 characters.")],
        description="At least 10 characters. A short sentence is a good password.",
    )
    again = PasswordField(
        "Password again", [DataRequired(), EqualTo("password", message="The two passwords differ.")]
    )
    shop_name = StringField(
        "Name of your shop",
        [Optional(), Length(max=120)],
        filters=[_strip],
        description="Only if you want to sell. Leave it empty to buy.",
    )


class CheckoutForm(FlaskForm):
    """Where the parcels go."""

    checkout_id = HiddenField(validators=[DataRequired()])
    name = StringField("Full name", [DataRequired(), Length(max=120)], filters=[_strip])
    street = StringField("Street and number", [DataRequired(), Length(max=200)], filters=[_strip])
    postcode = StringField("Postcode", [DataRequired(), Length(max=20)], filters=[_strip])
    city = StringField("City", [DataRequired(), Length(max=80)], filters=[_strip])
    country = SelectField(
        "Country",
        choices=[
            "Germany",
            "Austria",
            "Switzerland",
            "France",
            "Netherlands",
            "Belgium",
            "Italy",
            "Poland",
            "Spain",
        ],
    )
    phone = StringField(
        "Telephone", [Optional(), Length(max=40)], filters=[_strip], description="For the carrier. Optional."
    )


class ReviewForm(FlaskForm):
    """Stars and a few words."""

    stars = SelectField(
        "Your rating",
        choices=[SelectChoice(str(5 - n), text) for n, text in enumerate(STARS)],
        coerce=int,
    )
    title = StringField("Headline", [DataRequired(), Length(max=120)], filters=[_strip])
    body = TextAreaField("Your review", [DataRequired(), Length(max=4000)], filters=[_strip])


class ProductForm(FlaskForm):
    """A product of a seller."""

    name = StringField("Name", [DataRequired(), Length(max=160)], filters=[_strip])
    category_id = SelectField("Category", coerce=int)
    description = TextAreaField("Description", [DataRequired(), Length(max=8000)], filters=[_strip])
    price = DecimalField(
        "Price in euros", [InputRequired(), NumberRange(min=Decimal("0.01"), max=Decimal(100000))], places=2
    )
    stock = IntegerField("In stock", [InputRequired(), NumberRange(min=0, max=100_000)])
    active = BooleanField("Visible in the shop", default=True)
    images = MultipleFileField("Add pictures", description="JPEG, PNG or WebP, at most 8 at once.")


class StorefrontForm(FlaskForm):
    """What a seller says about the shop."""

    name = StringField("Name of the shop", [DataRequired(), Length(max=120)], filters=[_strip])
    tagline = StringField("Tagline", [Optional(), Length(max=160)], filters=[_strip])
    city = StringField("City", [Optional(), Length(max=80)], filters=[_strip])
    about = TextAreaField("About", [Optional(), Length(max=4000)], filters=[_strip])
