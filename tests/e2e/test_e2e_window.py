"""Revisions that break the old release, and plans that are saved."""

from __future__ import annotations

from shop import Shop, git, lost


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
    assert tally.lost == 0, lost(tally)
    assert shop.live() == done["serving"]
    refusal = shop.json("rollback", before.split("-")[0], exit=3)
    assert refusal["code"] == "schema-ahead"
    assert "no other release" in refusal["hint"] or "greenroom rollback" in refusal["hint"]


def test_a_plan_is_applied_exactly_or_refused(shop: Shop) -> None:
    file = shop.folder.parent / "plan.json"
    git(shop.folder, "checkout", "-q", "next-contract")
    (shop.folder / "shop" / "templates" / "note.txt").write_text("a change\n")
    shop.commit("a change on top")
    shop.json("plan", "--check", "--out", str(file), exit=7)
    shop.json("deploy", "--plan", str(file), "--no-watch")
    error = shop.json("deploy", "--plan", str(file), exit=3)
    assert error["code"] == "plan-stale"
