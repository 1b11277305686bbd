"""What a proof found, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenroom.services.proving import Proof

ROWS = (
    ("requests", "requests", ""),
    ("lost", "lost", ""),
    ("of these cut by a kill", "cut_by_kills", ""),
    ("errors of the app itself", "app_errors", ""),
    ("asked again (HTTP/2)", "repeated", ""),
    ("deploys", "deploys", ""),
    ("migrations", "migrations", ""),
    ("cut by a drain", "cut", ""),
    ("long ones across a switch", "across", ""),
    ("switch", "switch_ms", "ms"),
    ("durable", "commit_ms", "ms"),
    ("first answer", "first_answer_ms", "ms"),
    ("p50", "latency_ms.p50", "ms"),
    ("p99", "latency_ms.p99", "ms"),
    ("p99 in 10 s after a switch", "after_switch_p99_ms.median", "ms"),
    ("  the worst", "after_switch_p99_ms.worst", "ms"),
    ("deploy until confirmed", "deploy_s", "s"),
    ("the app, until ready", "probe_s", "s"),
    ("rollback", "rollback_s", "s"),
    ("in all", "seconds", "s"),
    ("CPU a page", "work.cpu_ms", "ms"),
    ("a thread's time a page", "work.busy_ms", "ms"),
)
"""Label, where it is in the figures, unit. Times of deploys are medians."""


def table(proof: Proof) -> list[tuple[str, str, str]]:
    """Label, this proof, the one before it (empty when there is none)."""
    now, before = proof.to_json(), proof.before or {}
    return [(label, _shown(now, path, unit), _shown(before, path, unit)) for label, path, unit in ROWS]


def as_text(proof: Proof) -> str:
    """A screen: the verdict, the figures beside the last ones, what was broken or lost, one by one."""
    width = max(len(label) for label, _, _ in table(proof))
    head = f"{'':{width}}  {'now':>12}" + (f"  {'before':>12}" if proof.before else "")
    rows = [
        f"{label:{width}}  {now:>12}" + (f"  {before:>12}" if proof.before else "")
        for label, now, before in table(proof)
    ]
    phases = [
        f"{'kept  ' if c.kept else 'BROKEN'} {c.name}: {c.told}"
        for c in proof.chapters
        if _telling(c.name, c.kept)
    ]
    notes = [f"note: {n}" for n in proof.tally.notes]
    return "\n".join([verdict(proof), "", head, *rows, "", *phases, *notes, *_losses(proof)])


def verdict(proof: Proof) -> str:
    """One line."""
    if proof.interrupted:
        return f"interrupted after {proof.seconds:.0f} s; these are the figures so far"
    if proof.kept:
        return "every promise was kept" + (
            f"; {proof.cut_by_kills} cut by kills" if proof.cut_by_kills else ""
        )
    what = [f"{proof.unexplained} request(s) lost"] if proof.unexplained else []
    what += [f"{len(proof.broken)} phase(s) came out otherwise than promised"] if proof.broken else []
    return "NOT KEPT: " + ", ".join(what)


def _telling(name: str, kept: bool) -> bool:
    """Good deploys are many and alike."""
    return not kept or not name.startswith("deploy")


def _losses(proof: Proof) -> list[str]:
    return [
        f"LOST {x.kind} {x.path}: {x.cause} {x.status or ''} during {x.phase or 'no phase'}, {x.lasted_ms:.0f} ms old"
        for x in proof.tally.losses
    ]


def _shown(figures: Mapping[str, Any], path: str, unit: str) -> str:
    found: Any = figures
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    if found is None:
        return "" if not figures else "-"
    text = f"{found:,}" if isinstance(found, int) else f"{found:,.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()
