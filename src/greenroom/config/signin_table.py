"""The table [signin]."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from greenroom.config import values
from greenroom.config.fields import Duration, Table, key
from greenroom.domain.access import SignIn

_SIGN_IN = SignIn()


class SignInTable(Table):
    """The sign-in in front of private environments: people with passwords (greenroom access user add), or a provider."""

    host: Annotated[str, AfterValidator(values.host)] | None = key(
        None,
        "The one host that signs people in; the provider must know https://<host>/.greenroom/callback."
        " Default: sign-in.<production's host>.",
        "sign-in.shop.localhost",
    )
    issuer: Annotated[str, AfterValidator(values.issuer)] | None = key(
        None, "The OpenID Connect provider, such as a GitLab.", "https://gitlab.example.org"
    )
    client_id: str | None = key(
        None, "What the provider calls this project; the secret: greenroom access client-secret.", "a1b2c3"
    )
    groups: list[str] = key(
        [], "Groups of the provider that may see every private environment, as full paths.", ["company/shop"]
    )
    emails: list[Annotated[str, AfterValidator(values.email)]] = key(
        [], 'Verified addresses that may, too; "@example.org" is everybody there.', ["@example.org"]
    )
    session: Duration = key(_SIGN_IN.session, "How long a sign-in lasts.")
    ca_file: str | None = key(
        None, "Certificates (PEM) to trust at the provider besides the usual ones.", "/etc/ssl/company.pem"
    )
