"""The values of [kubernetes]'s keys, as the chart and the API server take them; see :mod:`greenroom.config.values`."""

from __future__ import annotations

import re

from greenroom.domain.quantity import quantity

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
ASKED_URL = re.compile(r"https?://[-A-Za-z0-9._~:/\[\]%?&=+@]+")
SIGN_IN_URL = re.compile(r"(https?://|/)[-A-Za-z0-9._~:/?&=]+")


def namespace(value: str) -> str:
    """The name of a namespace."""
    if NAMESPACE.fullmatch(value) is None:
        raise ValueError("must be a namespace: 1 to 63 of a-z, 0-9 and -, no - first or last")
    return value


def amount(value: str) -> str:
    """Memory, CPU, or a number of things."""
    quantity(value)
    return value


def asked_url(value: str) -> str:
    """An address that nginx asks; an empty one is none."""
    if value and ASKED_URL.fullmatch(value) is None:
        raise ValueError(
            "must be a URL with its whole host name, such as http://oauth2-proxy.auth.svc:4180/oauth2/auth"
        )
    return value


def sign_in_url(value: str) -> str:
    """Where a browser is sent; an empty one is none."""
    if value and SIGN_IN_URL.fullmatch(value) is None:
        raise ValueError("must be a URL, or a path such as /oauth2/start")
    return value
