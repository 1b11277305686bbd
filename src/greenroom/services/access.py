"""Who may see what is private: people with passwords, machines with tokens, and what holds now."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.ports.admitting import Doorkeeper, MachineToken
from greenroom.services.target import Target

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
SHORTEST = 10
"""Characters of a password (NIST SP 800-63B asks for at least 8)."""


def add_person(target: Target, doorkeeper: Doorkeeper, name: str, password: Secret, wait: float) -> None:
    """Give somebody a password, or another one. Raises (exit 2) for a name or password that will not do."""
    _check_name(name)
    if not SHORTEST <= len(password.reveal()) <= 1000:
        raise GreenroomError(
            "weak-password", f"a password has at least {SHORTEST} characters", "take a longer one", Exit.USAGE
        )
    with target.lease.hold("access", wait):
        doorkeeper.put_person(name, password)
        target.doors.ledger.append(target.environment, "access", what="person added", name=name)


def remove_person(target: Target, doorkeeper: Doorkeeper, name: str, wait: float) -> None:
    """Forget somebody; whatever they opened is shut at their next request. Raises (exit 2) for an unknown name."""
    with target.lease.hold("access", wait):
        if not doorkeeper.remove_person(name):
            people = ", ".join(doorkeeper.people()) or "nobody"
            raise GreenroomError(
                "no-person", f"there is nobody called {name}", f"there is: {people}", Exit.USAGE
            )
        target.doors.ledger.append(target.environment, "access", what="person removed", name=name)


def create_token(target: Target, doorkeeper: Doorkeeper, name: str, seconds: float, wait: float) -> Secret:
    """A token for the target's environment; ``seconds`` 0: until it is revoked. Raises (exit 2) when the name is used."""
    _check_name(name)
    now, environment = target.doors.clock.now(), target.environment
    token = MachineToken(name, environment, now, now + seconds if seconds else 0.0)
    with target.lease.hold("access", wait):
        if any((t.environment, t.name) == (environment, name) for t in doorkeeper.tokens()):
            raise GreenroomError(
                "token-exists", f"{environment} has a token {name}", "revoke it first", Exit.USAGE
            )
        secret = doorkeeper.create_token(token)
        target.doors.ledger.append(environment, "access", what="token created", name=name)
    return secret


def revoke_token(target: Target, doorkeeper: Doorkeeper, name: str, wait: float) -> None:
    """End a token of the target's environment. Raises (exit 2) when there is none of that name."""
    with target.lease.hold("access", wait):
        if not doorkeeper.revoke_token(target.environment, name):
            raise GreenroomError(
                "no-token",
                f"{target.environment} has no token {name}",
                "greenroom access token list",
                Exit.USAGE,
            )
        target.doors.ledger.append(target.environment, "access", what="token revoked", name=name)


def put_client_secret(target: Target, doorkeeper: Doorkeeper, secret: Secret, wait: float) -> None:
    """Keep the identity provider's secret. Raises (exit 2) when it is empty."""
    if not secret.reveal():
        raise GreenroomError("no-secret", "the secret is empty", "greenroom access client-secret", Exit.USAGE)
    with target.lease.hold("access", wait):
        doorkeeper.put_client_secret(secret)
        target.doors.ledger.append(target.environment, "access", what="client secret set")


def show(doorkeeper: Doorkeeper) -> dict[str, Any]:
    """What holds now: environments with their policies, the sign-in's address, people, tokens; no secret."""
    keeping = doorkeeper.keeping()
    address = keeping.url(keeping.sign_in.host)
    return {
        "sign_in": address,
        "callback": f"{address}/.greenroom/callback",
        "issuer": keeping.sign_in.issuer,
        "client_secret": doorkeeper.has_client_secret(),
        "environments": {name: asdict(policy) for name, policy in keeping.policies.items()},
        "people": list(doorkeeper.people()),
        "tokens": [asdict(token) for token in doorkeeper.tokens()],
    }


def _check_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise GreenroomError(
            "bad-name", f"{name!r} is no name", "letters, digits, . _ @ and -, at most 64", Exit.USAGE
        )
