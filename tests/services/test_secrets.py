"""Secrets from all their sources; the signing key changed under everybody's feet, killed anywhere."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from memory_target import A, Place, settled

from greenroom.domain.environment import PRODUCTION, Environment, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.domain.secrets import SHARED, SecretPolicy, tier_scope, version
from greenroom.drivers.local.app_secrets import AppSecrets
from greenroom.drivers.local.secrets import SecretFile, given_secrets
from greenroom.drivers.memory import Crash
from greenroom.drivers.system.secret_box import SigningKeys
from greenroom.services.secrets import check, finish, give, listed, rotate, take_back
from greenroom.services.target import Target
from greenroom.wiring.keeping import Keeping


class Seen:
    """Which keys each slot was launched with, in order."""

    def __init__(self, folder: Path) -> None:
        self.file = SecretFile(folder, PRODUCTION)
        self.keys = SigningKeys(self.file)
        self.secrets = AppSecrets(folder, folder / "mail", lambda _env: "https://shop.test")
        self.slots: list[tuple[str, set[str]]] = []

    def target(self, place: Place) -> Target:
        base = place.target
        stage = base.doors.stage
        plain = stage.launch

        def launch(environment, release, slot, config, values):  # type: ignore[no-untyped-def]
            signs = values["SECRET_KEY"].reveal()
            beside = values["SECRET_KEY_FALLBACKS"].reveal() if "SECRET_KEY_FALLBACKS" in values else ""
            self.slots.append((signs, {signs, *(k for k in beside.split(",") if k)}))
            return plain(environment, release, slot, config, values)

        kept = type(
            "Watched",
            (),
            {"__getattr__": lambda _self, name: getattr(stage, name), "launch": staticmethod(launch)},
        )()
        doors = replace(base.doors, stage=kept, resources=(*base.doors.resources, self.secrets))
        return replace(base, doors=doors)

    def agree(self) -> None:
        """What one slot signs is good in the one before it and the one after it."""
        for (first, known), (second, knows) in zip(self.slots, self.slots[1:], strict=False):
            assert first in knows
            assert second in known


def started(tmp_path: Path) -> tuple[Place, Seen]:
    tmp_path.mkdir(exist_ok=True)
    place, seen = settled(A), Seen(tmp_path)
    from greenroom.services.deliver import Wish, deploy

    deploy(seen.target(place), Wish(restart=True))
    return place, seen


def test_nobody_is_signed_out(tmp_path: Path) -> None:
    place, seen = started(tmp_path)
    old = seen.slots[-1][0]
    rotate(seen.target(place), seen.keys)
    seen.agree()
    assert [signs == old for signs, _ in seen.slots] == [True, True, False]
    assert old in seen.slots[-1][1]
    finish(seen.target(place), seen.keys)
    assert old not in seen.slots[-1][1]
    again = seen.slots[-1][0]
    rotate(seen.target(place), seen.keys)
    assert seen.slots[-1][0] not in (old, again)


def test_killed_anywhere_the_next_call_goes_on(tmp_path: Path) -> None:
    steps, killed = 0, True
    while killed:
        place, seen = started(tmp_path / str(steps))
        place.world.stop_before = steps
        try:
            rotate(seen.target(place), seen.keys)
            killed = False
        except Crash:
            place.world.stop_before = None
            place.world.held_by = None
            rotate(seen.target(place), seen.keys)
        seen.agree()
        assert seen.keys.stage() == "signing"
        assert seen.slots[-1][0] != seen.slots[0][0]
        steps += 1
    assert steps > 10


def keeping(folder: Path, **policy: object) -> Keeping:
    place = Environment("fb-1", Tier.REVIEW, "fb-1.shop.test")
    secrets = folder / "state" / "secrets"
    given, keys = given_secrets(secrets), SigningKeys(SecretFile(secrets, "fb-1"))
    return Keeping(folder, place, SecretPolicy(**policy), given, keys)  # type: ignore[arg-type]


def test_the_nearer_source_wins_and_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "from the CI")
    kept = keeping(tmp_path, from_environment=("SMTP_PASSWORD", "ABSENT"))
    (tmp_path / "state" / "secrets").mkdir(parents=True)
    target = settled(A).target
    assert {n: v.reveal() for n, v in kept.values().items()} == {"SMTP_PASSWORD": "from the CI"}
    give(target, kept.given, SHARED, "SMTP_PASSWORD", Secret("for all"))
    give(target, kept.given, tier_scope(Tier.REVIEW), "SMTP_PASSWORD", Secret("for reviews"))
    give(target, kept.given, "fb-1", "OTHER", Secret("one"))
    assert {n: v.reveal() for n, v in kept.values().items()} == {
        "SMTP_PASSWORD": "for reviews",
        "OTHER": "one",
    }
    shown = listed(kept.sources)
    assert [(g.name, g.source) for g in shown] == [
        ("OTHER", "set for fb-1"),
        ("SMTP_PASSWORD", "set for the tier"),
    ]
    assert shown[1].version == version(Secret("for reviews")) != version(Secret("for all"))
    for text in (repr(shown), str(target.doors.ledger.entries()), repr(kept.values())):
        assert "for reviews" not in text
    take_back(target, kept.given, tier_scope(Tier.REVIEW), "SMTP_PASSWORD")
    assert kept.values()["SMTP_PASSWORD"].reveal() == "for all"
    with pytest.raises(GreenroomError) as raised:
        take_back(target, kept.given, "fb-1", "NOTHING")
    assert raised.value.exit is Exit.USAGE
    file = tmp_path / "state" / "secrets" / "fb-1.given.json"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(GreenroomError) as raised:
        kept.values()
    assert (raised.value.code, raised.value.exit) == ("secrets-open", Exit.UNSAFE)


def test_check_says_what_is_missing_plain_or_old(tmp_path: Path) -> None:
    place = settled(A)
    kept = keeping(tmp_path)
    target = replace(place.target, app_values={"APP": "shop", "TOKEN": "in plain sight"}, given=kept.values)
    policy = SecretPolicy(required=("TOKEN", "MISSING"))
    found = check(target, policy, kept.sources)
    assert (found.missing, found.plain, found.good) == (("MISSING",), ("TOKEN",), False)
    assert found.running is False
    assert "in plain sight" not in str(found.to_json())


def test_of_two_who_give_at_once_neither_loses_any(tmp_path: Path) -> None:
    def give_some(who: str) -> None:
        for n in range(8):
            given_secrets(tmp_path).put(SHARED, f"{who}_{n}", Secret(who))

    threads = [threading.Thread(target=give_some, args=(who,)) for who in ("ANNA", "BERT")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given_secrets(tmp_path).values(SHARED)) == 16
