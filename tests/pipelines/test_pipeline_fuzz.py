"""Whatever stands in a pipeline's file, reading, explaining and checking it end in an answer."""

from __future__ import annotations

import os
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_texts import KINDS, one

from greenroom.domain.pipelines.checking import problems
from greenroom.domain.pipelines.evaluating import evaluate
from greenroom.domain.pipelines.expressions import BadExpression

WORDS = st.sampled_from(
    [
        "a",
        ".b",
        "c",
        "x:latest",
        "docker push $I:$CI_COMMIT_SHA",
        "kubectl apply -f x",
        "$CI_COMMIT_BRANCH",
        '$CI_COMMIT_BRANCH == "develop"',
        "$CI_COMMIT_TAG =~ /^v(/",
        "$A &&",
        "manual",
        "never",
        "stop",
        "branches",
        "/^[a-z]+$/",
        "/(/",
        "",
        "**/*.py",
    ]
)
KEYS = st.sampled_from(
    [
        "script",
        "rules",
        "only",
        "except",
        "if",
        "when",
        "changes",
        "exists",
        "allow_failure",
        "extends",
        "environment",
        "name",
        "action",
        "on_stop",
        "variables",
        "image",
        "services",
        "needs",
        "job",
        "optional",
        "stage",
        "resource_group",
        "interruptible",
        "inherit",
        "default",
        "refs",
        "value",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(-2, 3), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
TOP = st.sampled_from(["a", ".b", "c", "workflow", "default", "variables", "include", "stages", "image"])


JOBS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=6)


@settings(deadline=None, max_examples=400 if os.environ.get("GREENROOM_EVERY_STEP") else 30)
@given(found=st.dictionaries(TOP, st.one_of(JOBS, JOBS, JOBS, VALUES), min_size=1, max_size=5))
def test_any_file_ends_in_an_answer(found: dict[str, Any]) -> None:
    made = one(yaml.safe_dump(found))
    problems(made)
    for situation in KINDS.values():
        try:
            evaluate(made, situation)
        except BadExpression:
            continue
