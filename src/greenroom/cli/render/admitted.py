"""Who may see what, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any


def as_text(found: Mapping[str, Any]) -> str:
    """The answer of ``access show``."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for name, policy in found["environments"].items():
        yield f"{name:20} {policy['access']}{_who(policy)}"
    yield f"{'sign-in':20} {found['sign_in']}"
    if found["issuer"]:
        secret = "" if found["client_secret"] else ", without a secret: greenroom access client-secret"
        yield f"{'provider':20} {found['issuer']}, callback {found['callback']}{secret}"
    yield f"{'people':20} {', '.join(found['people']) or 'nobody has a password'}"
    if found["tokens"]:
        yield tokens(found["tokens"])


def _who(policy: Mapping[str, Any]) -> str:
    named = [
        f"{key} {', '.join(policy[key])}" for key in ("users", "groups", "emails", "allow_ips") if policy[key]
    ]
    return f": {'; '.join(named)}" if named else ""


def tokens(found: Sequence[Mapping[str, Any]]) -> str:
    """One line for each token."""
    return "\n".join(f"token {t['name']:14} {t['environment']}, {_until(t['expires'])}" for t in found)


def _until(expires: float) -> str:
    if not expires:
        return "until it is revoked"
    return f"until {datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M} UTC"
