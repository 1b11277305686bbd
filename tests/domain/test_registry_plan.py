"""Which tags of a registry go: whatever the registry looks like, what is needed stays whole and findable."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.domain.registry.memory import Remembered, Total
from greenroom.domain.registry.mentions import mentioned, pattern
from greenroom.domain.registry.names import held_by, held_tag, keep_tag, kept_by, natural, subject_of
from greenroom.domain.registry.planning import Fate, InUse, Plan, branch_of, plan
from greenroom.domain.registry.seen import Broken, Damage, Manifest, Repository
from greenroom.domain.registry.settings import Pruning

DAY = 86400.0
NOW = 1_000 * DAY
DIGESTS = [f"sha256:{n:064x}" for n in range(12)]
RELEASES = [f"{n:012x}" for n in range(3)]
PRUNING = Pruning(("v.*",), 1, DAY, Pruning().branch, 10_000)

names = st.one_of(
    st.builds("{}-{}".format, st.sampled_from(["develop", "master"]), st.integers(0, 12)),
    st.builds(keep_tag, st.sampled_from(["production", "fb-1"]), st.sampled_from(RELEASES)),
    st.sampled_from(["v1", "odd", "greenroom-discarded", *RELEASES]),
    st.builds(held_tag, st.sampled_from(DIGESTS)),
    st.builds(
        lambda digest, end: digest.replace(":", "-") + end,
        st.sampled_from(DIGESTS),
        st.sampled_from(["", ".sig"]),
    ),
)


@st.composite
def manifests(draw: st.DrawFn, number: int) -> Manifest:
    """Lists name only what was there before, as digests make it."""
    before = DIGESTS[:number]
    children = draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
    subject = draw(st.sampled_from(["", "", *before]))
    return Manifest(DIGESTS[number], 10, (), tuple(children), subject, draw(st.integers(0, 9)) == 0)


@st.composite
def repositories(draw: st.DrawFn) -> Repository:
    made = [draw(manifests(n)) for n in range(len(DIGESTS))]
    tags = draw(st.dictionaries(names, st.sampled_from([*DIGESTS, ""]), max_size=14))
    broken = {tag: Broken(Damage.GONE, "no manifest") for tag, digest in tags.items() if not digest}
    return Repository("shop/app", tags, {m.digest: m for m in made}, broken)


uses = st.builds(
    InUse,
    st.dictionaries(st.sampled_from(DIGESTS), st.just("a pod runs it"), max_size=2),
    st.dictionaries(st.sampled_from(["odd", *RELEASES]), st.just("a branch names it"), max_size=2),
    st.sampled_from([None, (), ("develop",), ("develop", "master")]),
)
ages = st.dictionaries(names, st.floats(0, 30 * DAY), max_size=20)


def naive(seen: Repository, roots: set[str]) -> set[str]:
    """The closure once more, slowly and in other words."""
    found = set(roots)
    while True:
        more = set(found)
        for manifest in seen.manifests.values():
            if manifest.digest in found:
                more |= {*manifest.children, *([manifest.subject] if manifest.subject else [])}
            if manifest.subject in found:
                more.add(manifest.digest)
        more |= {digest for tag, digest in seen.tags.items() if digest and subject_of(tag) in found}
        if more == found:
            return found
        found = more


def after(seen: Repository, made: Plan) -> Repository:
    gone = {item.tag for item in made.going}
    return replace(seen, tags={tag: digest for tag, digest in seen.tags.items() if tag not in gone})


@settings(deadline=None, max_examples=80)
@given(seen=repositories(), used=uses, age=ages, broken=st.booleans())
def test_what_is_needed_stays_with_a_tag_and_the_rest_goes_once(
    seen: Repository, used: InUse, age: dict[str, float], broken: bool
) -> None:
    since = {tag: NOW - seconds for tag, seconds in age.items()}
    made = plan(seen, used, since, PRUNING, NOW, broken)
    fates = {item.tag: item for item in made.items}
    assert set(fates) == set(seen.tags)
    assert all(item.reason for item in made.items)
    sure = set()
    for tag, digest in seen.tags.items():
        whole = bool(digest) and not seen.manifests[digest].discarded
        young = since.get(tag, NOW) > NOW - DAY and not held_by(tag)
        wanted = kept_by(tag) or tag in used.tags or digest in used.digests or tag.startswith("v") or young
        if whole and wanted:
            assert fates[tag].fate is Fate.KEEP, fates[tag]
            sure.add(digest)
        if not whole and digest:
            assert fates[tag].fate is Fate.DELETE
        if not digest:
            goes = broken and not kept_by(tag) and tag not in used.tags
            assert fates[tag].fate is (Fate.DELETE if goes else Fate.KEEP)
    assert naive(seen, sure | set(used.digests)) <= made.needed
    left = after(seen, made)
    tagged = {d for d in seen.tags.values() if d and not seen.manifests[d].discarded}
    assert tagged & made.needed <= set(left.tags.values())
    assert not plan(left, used, since, PRUNING, NOW, broken).going


@settings(deadline=None, max_examples=30)
@given(seen=repositories(), used=uses, most=st.integers(0, 3))
def test_no_more_go_than_may_and_the_next_runs_do_the_rest(seen: Repository, used: InUse, most: int) -> None:
    whole = replace(seen, manifests={d: replace(m, discarded=False) for d, m in seen.manifests.items()})
    since = dict.fromkeys(whole.tags, 0.0)
    first = plan(whole, used, since, replace(PRUNING, most=most), NOW)
    assert len(first.going) <= most
    left = whole
    for _ in range(20):
        left = after(left, plan(left, used, since, replace(PRUNING, most=max(1, most)), NOW))
    assert left.tags == after(whole, plan(whole, used, since, PRUNING, NOW)).tags


def test_the_newest_are_those_that_were_first_seen_last_and_among_equals_the_higher_number() -> None:
    tags = {f"develop-{n}": DIGESTS[n] for n in range(12)}
    made = {d: Manifest(d, 1) for d in DIGESTS}
    seen = Repository("a", tags, made)
    pruning = replace(PRUNING, newest=2)
    same = plan(seen, InUse(), dict.fromkeys(tags, 0.0), pruning, NOW)
    assert {i.tag for i in same.items if i.fate is Fate.KEEP} == {"develop-11", "develop-10"}
    later = dict.fromkeys(tags, 0.0) | {"develop-3": DAY}
    assert plan(seen, InUse(), later, pruning, NOW).items[-2:][0].fate is Fate.KEEP
    kept = {i.tag for i in plan(seen, InUse(), later, pruning, NOW).items if i.fate is Fate.KEEP}
    assert kept == {"develop-3", "develop-11"}


def test_the_newest_of_a_branch_stay_as_long_as_it_is_open() -> None:
    tags = {"anna-afo-7-old-1": DIGESTS[0], "develop-1": DIGESTS[1], "odd": DIGESTS[2]}
    seen = Repository("a", tags, {d: Manifest(d, 1) for d in DIGESTS})
    used = InUse(branches=("develop", "anna/AFO-7_old"))
    long = "anna/AFO-8_" + "a__very_long_name" * 5
    assert InUse(branches=[long]).opened(
        "".join(c if c.isalnum() else "-" for c in long.lower())[:63].strip("-")
    )
    assert not InUse(branches=[long]).opened("anna-afo-8")
    since = dict.fromkeys(tags, 0.0)
    assert not plan(seen, used, since, PRUNING, NOW).going
    gone = plan(seen, replace(used, branches=("develop",)), since, PRUNING, NOW).going
    assert [item.tag for item in gone] == ["anna-afo-7-old-1"]


def test_what_a_job_by_hand_may_still_deploy_stays() -> None:
    commit, other = "0123abcd" * 5, "fedcba98" * 5
    tags = {
        f"develop-{commit[:8]}": DIGESTS[0],
        commit: DIGESTS[1],
        f"develop-{other[:8]}": DIGESTS[2],
        f"x{commit[:8]}": DIGESTS[3],
        commit[:6]: DIGESTS[4],
    }
    seen = Repository("a", tags, {d: Manifest(d, 1) for d in DIGESTS})
    used = InUse(branches=()) | InUse(commits={commit: "a job may still be run"})
    pruning = replace(PRUNING, newest=0)
    made = plan(seen, used, dict.fromkeys(tags, 0.0), pruning, NOW)
    kept = {item.tag: item.reason for item in made.items if item.fate is Fate.KEEP}
    assert kept == dict.fromkeys([f"develop-{commit[:8]}", commit], "a job may still be run")


def test_a_build_made_anew_of_an_old_digest_is_young() -> None:
    seen = Repository("a", {"old": DIGESTS[0], "new": DIGESTS[0]}, {DIGESTS[0]: Manifest(DIGESTS[0], 1)})
    remembered = Remembered({"a": {f"old@{DIGESTS[0]}": 0.0}}).after([seen], NOW, Total(NOW, 2, 1))
    assert remembered.of(seen) == {"old": 0.0, "new": NOW}
    assert Remembered.from_json(remembered.to_json()) == remembered
    moved = replace(seen, tags={"old": DIGESTS[1]})
    assert remembered.after([moved], NOW + 1, None).of(moved) == {"old": NOW + 1}


@pytest.mark.parametrize(
    ("tag", "kept", "subject", "branch"),
    [
        ("keep-fb-12-0123456789ab", ("fb-12", "0123456789ab"), "", ""),
        ("keep-0123456789ab", None, "", "keep"),
        (DIGESTS[3].replace(":", "-"), None, DIGESTS[3], ""),
        (DIGESTS[3].replace(":", "-") + ".att", None, DIGESTS[3], ""),
        ("develop-17", None, "", "develop"),
        ("anna-afo-12-3f2a9c1", None, "", "anna-afo-12"),
        ("latest", None, "", ""),
    ],
)
def test_tags_say_what_they_are_for(
    tag: str, kept: tuple[str, str] | None, subject: str, branch: str
) -> None:
    assert (kept_by(tag), subject_of(tag)) == (kept, subject)
    assert branch_of(tag, Pruning()) == branch
    assert held_by(held_tag(DIGESTS[1])) == DIGESTS[1]
    assert sorted(["b-10", "b-9", "a"], key=natural) == ["a", "b-9", "b-10"]


def test_files_of_open_branches_name_what_they_use() -> None:
    import re

    text = f"""
    image: $CI_REGISTRY_IMAGE/app:ci-base
    FROM reg.example.org:5050/team/shop/app@{DIGESTS[5]} AS base
    initContainers: [{{image: "reg.example.org:5050/team/shop/static:v7"}}]
    image: reg-example-org:5050/team/shop/app:other
    """
    found = [m[0] for m in re.finditer(pattern("reg.example.org:5050/team/shop"), text)]
    used = mentioned({"develop": found})
    assert set(used.tags) == {"ci-base", "v7"}
    assert set(used.digests) == {DIGESTS[5]}
