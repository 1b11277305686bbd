"""Secrets that people give: set, list, check; and the signing key changed under everybody's feet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import Given, SecretPolicy, merged, version
from greenroom.ports import GivenSecrets, SigningKeys
from greenroom.services.deliver import Outcome, Wish, deploy_held
from greenroom.services.performing import timed
from greenroom.services.target import Target

Sources = Callable[[], Sequence[tuple[str, Mapping[str, Secret]]]]
"""Where an environment's secrets come from, the most general first."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with an environment's secrets: ``missing`` ones, and ``plain`` ones that the project's file says."""

    given: tuple[Given, ...]
    missing: tuple[str, ...]
    plain: tuple[str, ...]
    running: bool | None

    @property
    def good(self) -> bool:
        """Nothing to do?"""
        return not self.missing and not self.plain and self.running is not False

    def to_json(self) -> dict[str, Any]:
        """For ``--json``; no value is in it."""
        return {
            "secrets": [{"name": g.name, "source": g.source, "version": g.version} for g in self.given],
            "missing": list(self.missing),
            "plain": list(self.plain),
            "live_has_them": self.running,
        }


def listed(sources: Sources) -> tuple[Given, ...]:
    """Every secret that the environment gets from people, by name, with its source and version."""
    found = merged(sources())
    return tuple(Given(name, source, version(value)) for name, (source, value) in sorted(found.items()))


def give(target: Target, store: GivenSecrets, scope: str, name: str, value: Secret) -> None:
    """Keep a secret; slots that are launched from now on get it. Raises (exit 2) for an empty one."""
    if not value.reveal():
        raise GreenroomError(
            "empty", f"the value of {name} is empty", "give it on standard input", Exit.USAGE
        )
    timed(target, "secret", f"keep {name} for {scope.lstrip('_')}", partial(store.put, scope, name, value))
    target.doors.ledger.append(target.environment, "secret", name=name, scope=scope, version=version(value))


def take_back(target: Target, store: GivenSecrets, scope: str, name: str) -> None:
    """Forget a secret. Raises (exit 2) when it was not given there."""
    if not store.remove(scope, name):
        raise GreenroomError(
            "no-secret", f"{name} was not given for {scope.lstrip('_')}", "greenroom secrets list", Exit.USAGE
        )
    target.doors.ledger.append(target.environment, "secret", name=name, scope=scope, version="")


def check(target: Target, policy: SecretPolicy, sources: Sources) -> Checked:
    """Is every required secret there, does none stand in the project's file, and does the live slot run with them?"""
    given = listed(sources)
    known = target.values()
    live = target.observe(schema=False).live_slot
    return Checked(
        given,
        tuple(name for name in policy.required if name not in known),
        tuple(name for name in policy.required if name in target.app_values),
        None if live is None else target.has_values(live),
    )


def rotate(target: Target, keys: SigningKeys, wait: float = 0.0) -> tuple[Outcome, ...]:
    """Change the signing key by two slots: the first accepts the new key, the second signs with it.

    While both run, what either signs is good in both. Killed in between, the next call goes on. Until ``finish`` what
    the old key signed stays good.
    """
    outcomes = []
    with target.lease.hold("rotate", wait):
        if keys.stage() != "signing" or _live_has_them(target):
            if keys.stage() != "accepting":
                keys.finish()
                timed(target, "accept", "make a new key, to be accepted", keys.begin)
            outcomes.append(_restart(target))
            timed(target, "sign", "let the new key sign", keys.sign)
        outcomes.append(_restart(target))
        target.doors.ledger.append(target.environment, "rotated", name="SECRET_KEY")
    return tuple(outcomes)


def _live_has_them(target: Target) -> bool:
    """Does the live slot run with the keys as they are? Else a rotation was killed before its last slot."""
    live = target.observe(schema=False).live_slot
    return live is None or target.has_values(live)


def finish(target: Target, keys: SigningKeys, wait: float = 0.0) -> Outcome:
    """Let the old key go: who has been away since the rotation signs in anew."""
    with target.lease.hold("rotate", wait):
        timed(target, "finish", "forget the old key", keys.finish)
        return _restart(target)


def _restart(target: Target) -> Outcome:
    """A slot with the keys as they are now; none when nothing serves yet, or the live one has them already."""
    return deploy_held(target, Wish(restart=False, watch=False), "restart")
