"""Answers for people, as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.release import Release
from greenroom.domain.steps import Plan
from greenroom.services.deliver import Outcome
from greenroom.services.look import ReleaseLine, Status
from greenroom.services.up import Up


def when(seconds: float) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def up(found: Up, url: str) -> str:
    """Where it is, and what serves."""
    return f"{url} serves slot {found.serving}"


def delivered(outcome: Outcome) -> str:
    """What a deploy, restart or rollback came to."""
    if not outcome.plan:
        return f"nothing to do: {outcome.plan.summary}"
    switch = outcome.figures.switch_ms
    took = f", switched in {switch[-1]:.2f} ms" if switch else ""
    total = sum(outcome.figures.seconds.values())
    cut = f", {outcome.figures.cut} request(s) cut" if outcome.figures.cut else ""
    return f"slot {outcome.serving} serves release {outcome.plan.release}{took}{cut}; {total:.1f} s in all"


def plan(found: Plan) -> str:
    """The steps, numbered."""
    steps = [f"{i:3}. {s.describe()}" for i, s in enumerate(found.steps, 1)]
    return "\n".join([found.summary, *steps])


def save_plan(found: Plan, out: Path) -> None:
    """Write a plan for ``deploy --plan``."""
    out.write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")


def load_plan(file: Path) -> Plan:
    """Read a saved plan; raises (exit 2) when it cannot be read."""
    try:
        return Plan.from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise GreenroomError(
            "plan-file", f"{file} cannot be read: {error}", "greenroom plan --out FILE", Exit.USAGE
        ) from error


def release_json(release: Release) -> dict[str, Any]:
    """A release for ``--json``."""
    return {
        "id": release.id,
        "digest": release.digest,
        "commit": release.commit,
        "dirty": release.dirty,
        "warnings": list(release.warnings),
        "revisions": [
            {"id": r.id, "phase": str(r.phase), "title": r.title} for r in release.revisions.revisions
        ],
    }


def built(release: Release) -> str:
    """One line, and the build's warnings."""
    lines = [f"release {release.id} of commit {release.commit[:10]} ({release.subject})"]
    return "\n".join([*lines, *(f"warning: {w}" for w in release.warnings)])


def status(found: Status, url: str) -> str:
    """The environment at a glance."""
    seen = found.seen
    word = {True: "answers", False: "DOES NOT ANSWER", None: "nothing is live"}[found.healthy]
    lines = [f"{seen.environment}  {url}  {word}" + ("" if seen.mode == "open" else f"  [{seen.mode}]"), ""]
    lines += [f"  {s.id:18} {found.word(s):24} since {when(s.launched_at)}" for s in reversed(seen.slots)]
    if seen.slots:
        lines.append("")
    for part in found.parts:
        restarts = f", restarted {part.restarts} x" if part.restarts else ""
        lines.append(f"  {part.name:28} {part.state}{restarts}")
    if found.holder:
        lines.append(f"\n  {found.holder.what} is running ({found.holder.who})")
    heads = ", ".join(sorted(seen.heads)) if seen.heads else "none" if seen.heads is not None else "unknown"
    lines.append(f"\n  database at revision {heads}")
    return "\n".join(lines)


def releases(found: tuple[ReleaseLine, ...]) -> str:
    """One line a build."""
    if not found:
        return "no release yet: greenroom deploy"
    rows = []
    for line in found:
        r = line.release
        can = "yes" if line.can else f"no: {line.why_not}"
        dirty = " +dirty" if r.dirty else ""
        rows.append(
            f"{r.id}  {line.state:6}  {when(r.created_at)}  {r.commit[:8]}{dirty}  {r.subject[:44]:44}  {can}"
        )
    return "\n".join(
        [
            f"{'release':12}  {'state':6}  {'built (UTC)':19}  {'commit':8}  {'subject':44}  can serve now?",
            *rows,
        ]
    )
