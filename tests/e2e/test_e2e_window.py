"""Revisions that break the old release, and plans that are saved."""

from __future__ import annotations

import time

from shop import Shop, git, lost


def at_rest(shop: Shop) -> None:
    """The slot before the window has been retired: what is planned now does not change by itself."""
    until = time.monotonic() + 30.0
    while len(shop.json("status")["slots"]) > 1 and time.monotonic() < until:
        time.sleep(0.2)


def test_a_contracting_release_needs_a_window(shop: Shop) -> None:
    contract = shop.patched("contract")
    before = shop.live()
    error = shop.json("deploy", contract, exit=3)
    assert error["code"] == "needs-window"
    assert "--window" in error["hint"]
    assert shop.live() == before
    with shop.load() as load:
        done = shop.json("deploy", contract, "--window", "hold")
        tally = load.stop()
    seconds = done["figures"]["seconds"]
    held = sum(
        seconds.get(step, 0.0) for step in ("workers", "drain", "migrate", "launch", "probe", "switch")
    )
    # The edge holds a request for ten seconds at most; on a machine that takes longer, that is how it must end.
    assert tally.lost == 0 or (held > 8.0 and {loss.status for loss in tally.losses} == {502}), lost(tally)
    assert shop.live() == done["serving"]
    refusal = shop.json("rollback", before.split("-")[0], exit=3)
    assert refusal["code"] == "schema-ahead"
    assert "no other release" in refusal["hint"] or "greenroom rollback" in refusal["hint"]


def test_a_plan_is_applied_exactly_or_refused(shop: Shop) -> None:
    file = shop.folder.parent / "plan.json"
    git(shop.folder, "checkout", "-q", "next-contract")
    (shop.folder / "shop" / "templates" / "note.txt").write_text("a change\n")
    shop.commit("a change on top")
    at_rest(shop)
    shop.json("plan", "--check", "--out", str(file), exit=7)
    shop.json("deploy", "--plan", str(file), "--no-watch")
    error = shop.json("deploy", "--plan", str(file), exit=3)
    assert error["code"] == "plan-stale"
