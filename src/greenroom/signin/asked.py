"""What the edge says of the request that somebody made of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from flask import Request


@dataclass(frozen=True, slots=True)
class Asked:
    """The original request. All of it is set by the edge, which lets no header of these names in from outside.

    ``host`` has no port; ``address`` is the client's; ``uri`` is path and query as sent; ``token`` a machine's.
    ``foreign``: a page of another host made the browser ask, other than by a link that was followed.
    """

    environment: str
    host: str
    address: str
    method: str
    uri: str
    cookies: str
    token: str
    navigates: bool
    accepts_html: bool
    foreign: bool = False

    @property
    def path(self) -> bytes:
        """The decoded path."""
        return unquote_to_bytes(self.uri.partition("?")[0])

    @property
    def page(self) -> str:
        """Where to come back to after the sign-in: a path of the same host, whatever was sent."""
        target = self.uri
        plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
        return target if plain and target.isascii() and len(target) <= 2000 else "/"


def asked(request: Request) -> Asked:
    """Read it off the headers."""
    headers = request.headers
    method = headers.get("X-Forwarded-Method", "")
    html = "text/html" in headers.get("Accept", "")
    mode = headers.get("Sec-Fetch-Mode")
    navigates = method in {"GET", "HEAD"} and (mode == "navigate" if mode else html)
    return Asked(
        environment=headers.get("X-Greenroom-Environment", ""),
        host=headers.get("X-Greenroom-Host", "").lower(),
        address=headers.get("X-Greenroom-Address", ""),
        method=method,
        uri=headers.get("X-Forwarded-Uri", ""),
        cookies=headers.get("Cookie", ""),
        token=_token(headers.get("Authorization", ""), headers.get("X-Greenroom-Token", "")),
        navigates=navigates,
        accepts_html=html,
        foreign=headers.get("Sec-Fetch-Site") in {"same-site", "cross-site"} and not navigates,
    )


def _token(authorization: str, own: str) -> str:
    scheme, _, value = authorization.partition(" ")
    return own.strip() or (value.strip() if scheme.lower() == "bearer" else "")
