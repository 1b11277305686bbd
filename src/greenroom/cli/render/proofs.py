"""What a proof found."""

from __future__ import annotations

from typing import Any

from greenroom.services.proving import Proof


def as_json(proof: Proof) -> dict[str, Any]:
    """The figures, and each loss."""
    return {**proof.to_json(), "losses": proof.losses()}


def as_text(proof: Proof) -> str:
    """A screen of figures; losses one by one."""
    f = proof.to_json()
    latency = f["latency_ms"]
    lines = [
        f"{f['requests']} requests, {f['lost']} lost, {f['app_errors']} errors of the app itself",
        f"in {f['deploys']} deploys with {f['migrations']} migration(s), and a rollback",
        f"switch {f['switch_ms']} ms, durable in {f['commit_ms']} ms, first answer {f['first_answer_ms']} ms (medians)",
        f"a deploy took {f['deploy_s']} s until confirmed, and {f['probe_s']} s for the app to be ready (medians)",
        f"the rollback took {f['rollback_s']} s",
        f"latency p50 {latency['p50']} ms, p99 {latency['p99']} ms, max {latency['max']} ms; {f['cut']} request(s) cut",
    ]
    lines += [f"note: {n}" for n in f["notes"]]
    for loss in proof.tally.losses:
        lines.append(
            f"LOST {loss.kind} {loss.path}: {loss.cause} {loss.status or ''} during {loss.phase or 'no phase'}"
        )
    return "\n".join(lines)
