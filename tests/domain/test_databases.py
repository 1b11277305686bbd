"""Which database an environment on a cluster has, and which secrets its app gets."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.domain.databases import ADDRESS, ADMIN_URL, OWN, SMALL, database_kind, for_the_app
from greenroom.domain.environment import DatabaseKind, Tier
from greenroom.domain.secret import Secret

TIERS = st.sampled_from(Tier)
KINDS = st.sampled_from(DatabaseKind)
NAMES = st.sets(st.sampled_from([ADDRESS, ADMIN_URL, "SMTP_PASSWORD"]))


@settings(deadline=None)
@given(KINDS, TIERS, NAMES)
def test_a_word_wins(word: DatabaseKind, tier: Tier, names: set[str]) -> None:
    assert database_kind(word, tier, dict.fromkeys(names)) is word


@settings(deadline=None)
@given(TIERS, NAMES)
def test_without_a_word_only_a_small_one_that_was_given_nothing_is_shared(
    tier: Tier, names: set[str]
) -> None:
    shared = tier in SMALL and ADMIN_URL in names and ADDRESS not in names
    assert (database_kind(None, tier, dict.fromkeys(names)) is DatabaseKind.SHARED) == shared


@settings(deadline=None)
@given(TIERS, NAMES)
def test_to_give_the_shared_server_takes_nobodys_database_away(tier: Tier, names: set[str]) -> None:
    given_one = dict.fromkeys({*names, ADDRESS})
    assert database_kind(None, tier, given_one) is DatabaseKind.EXTERNAL


@settings(deadline=None)
@given(NAMES, KINDS)
def test_the_app_gets_nothing_of_greenrooms_own(names: set[str], kind: DatabaseKind) -> None:
    got = for_the_app({name: Secret("x") for name in {*names, f"{OWN}ANYTHING"}}, kind)
    assert not any(name.startswith(OWN) for name in got)
    assert (ADDRESS in got) == (ADDRESS in names and kind is DatabaseKind.EXTERNAL)
    assert ("SMTP_PASSWORD" in got) == ("SMTP_PASSWORD" in names)
