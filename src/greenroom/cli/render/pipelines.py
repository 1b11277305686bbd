"""Pipelines as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from greenroom.domain.pipelines.evaluating import Decision, Verdict
from greenroom.domain.pipelines.making import OURS, TEAMS
from greenroom.domain.pipelines.problems import Problem
from greenroom.domain.pipelines.reading import Trouble
from greenroom.services.pipelines import Generated


def generated(done: Generated, check: bool) -> str:
    """What was written, or would be; diffs of what somebody has changed."""
    word = "would be written" if check else "written"
    lines = [f"  {word}  {name}" for name in sorted(done.todo.write) if name not in done.todo.changed]
    lines += [f"  changed by hand  {name}\n{diff}" for name, diff in sorted(done.todo.changed.items())]
    if not done.included:
        lines.append(f"{TEAMS} does not include it yet; add to it:\ninclude:\n  - local: {OURS}")
    elif not done.pending:
        lines.append("the pipeline is what greenroom.toml asks for")
    elif not check:
        lines.append("next: greenroom ci explain BRANCH")
    return "\n".join(lines)


def verdict(found: Verdict, troubles: Iterable[Trouble]) -> str:
    """Which jobs run, each with the rule that decided; then the others."""
    if not found.created:
        lines = [f"{found.situation.title} starts no pipeline", f"  {found.because}"]
    else:
        lines = [f"{found.situation.title} starts a pipeline: {found.because}", ""]
    width = max((len(d.job) for d in found.decisions), default=0)
    there = [d for d in found.decisions if d.there and found.created]
    lines += [_decided(d, width) for d in there]
    if found.created:
        lines += ["", "not in it:", *(_decided(d, width) for d in found.decisions if not d.there)]
    lines += [f"GitLab refuses it: {text}" for text in found.refusals]
    lines += [f"{t.place}: {t.text}" for t in troubles]
    return "\n".join(lines)


def verdict_json(found: Verdict, troubles: Iterable[Trouble]) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "situation": found.situation.title,
        "created": found.created,
        "because": found.because,
        "jobs": list(found.jobs),
        "decisions": [
            {
                "job": d.job,
                "there": d.there,
                "when": d.when,
                "allow_failure": d.optional,
                "because": d.because,
                "place": str(d.place),
            }
            for d in found.decisions
        ],
        "refusals": list(found.refusals),
        "troubles": [f"{t.place}: {t.text}" for t in troubles],
    }


def _decided(found: Decision, width: int) -> str:
    word = "" if not found.there else "by hand" if found.manual else found.when.replace("_", " ")
    return f"  {found.job:<{width}}  {word:<10}  {found.because}  ({found.place})"


def problems(found: Sequence[Problem], troubles: Iterable[Trouble]) -> str:
    """Each with its line, cause and cure; then what could not be read."""
    lines = []
    for p in found:
        told = p.finding
        lines += [f"{p.place}: {told.severity}: {told.message}  [{told.check}]"]
        lines += [f"  cause: {told.cause}", f"  cure:  {told.cure}"]
    lines += [f"{t.place}: not looked at: {t.text}" for t in troubles if t.unread]
    return "\n".join(lines or ["nothing is wrong with the pipeline"])
