from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.domain.release import Release
from greenroom.domain.retention import keep_releases

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def release(name: str) -> Release:
    return Release(name, name, "", "", "", 0.0)


def test_keeps_the_last_good_the_protected_and_the_newest() -> None:
    verdicts = keep_releases([release(c) for c in "abcdef"], ["a", "a", "d", "gone"], frozenset("c"), 2)
    assert [(v.id, v.keep) for v in verdicts] == [
        ("a", True),
        ("b", False),
        ("c", True),
        ("d", True),
        ("e", True),
        ("f", True),
    ]
    assert verdicts[0].reason == "good release number 2, counted back"
    assert keep_releases([], ["a"], frozenset(), 3) == []


@settings(CALM)
@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefghxyz")),
    st.frozensets(st.sampled_from("abcdefgh")),
    st.integers(0, 9),
)
def test_laws(names: list[str], good: list[str], protected: frozenset[str], keep: int) -> None:
    verdicts = keep_releases([release(name) for name in names], good, protected, keep)
    kept = {v.id for v in verdicts if v.keep}
    assert [v.id for v in verdicts] == names
    assert protected & set(names) <= kept
    assert len(kept - protected) <= max(1, keep) + keep
    assert len(kept & set(good)) >= min(keep, len(set(good) & set(names)))
    assert all(v.reason for v in verdicts)
