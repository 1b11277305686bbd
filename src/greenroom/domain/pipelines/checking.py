"""Look for everything that goes wrong with pipelines."""

from __future__ import annotations

from greenroom.domain.pipelines.deploy_problems import collisions, deploying, images, latest, tags
from greenroom.domain.pipelines.problems import Check, Examined, Problem
from greenroom.domain.pipelines.reading import Pipeline
from greenroom.domain.pipelines.rule_problems import (
    bad_conditions,
    blocking,
    doubled,
    never,
    refused,
    reserved,
    unreadable,
)
from greenroom.domain.pipelines.secret_problems import secrets
from greenroom.domain.pipelines.stop_problems import merging, stopping, sweeping

FIRST: tuple[Check, ...] = (unreadable, bad_conditions, reserved, secrets, images, tags)
"""Those that need no rules to be understood."""

THEN: tuple[Check, ...] = (
    doubled,
    never,
    refused,
    blocking,
    stopping,
    merging,
    sweeping,
    deploying,
    latest,
    collisions,
)


def problems(pipeline: Pipeline, default: str = "master") -> tuple[Problem, ...]:
    """All problems in the order of the files. ``default``: the project's default branch.

    While a condition cannot be read, what depends on rules is not looked at.
    """
    seen = Examined(pipeline, default)
    found = [p for check in FIRST for p in check(seen)]
    if not any(p.finding.check == "bad-condition" for p in found):
        found += [p for check in THEN for p in check(seen)]
    return tuple(sorted(dict.fromkeys(found), key=lambda p: (p.place, p.finding.check, p.finding.message)))
