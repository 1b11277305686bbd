"""Refs to try a pipeline with: those that its file names, some that match its patterns, and a few of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from greenroom.domain.pipelines.conditional import SOURCES
from greenroom.domain.pipelines.expressions import BadExpression, comparisons, parse, pattern
from greenroom.domain.pipelines.places import Table
from greenroom.domain.pipelines.reading import Pipeline, items
from greenroom.domain.pipelines.situation import Situation

BRANCHES = frozenset({"CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"})
WORDS = frozenset({"branches", "tags", "merge_requests", *SOURCES})
FEATURES = ("anna/AFO-123_cart", "ben/AFO-124_search", "feature/one", "feature/two", "topic")
SAMPLE_SOURCES = ("web", "api", "trigger", "pipeline")


def conditions(pipeline: Pipeline) -> Iterator[str]:
    """Every condition of the file."""
    yield from _of(pipeline.workflow)
    for job in pipeline.jobs.values():
        yield from _of(job.get("rules"))
        for key in ("only", "except"):
            found = job.get(key)
            yield from map(str, items(found.get("variables")) if isinstance(found, dict) else ())


def _of(rules: Any) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Table) and "if" in rule:
            yield str(rule["if"])


def refs(pipeline: Pipeline) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Branches and tags that the file names, and the patterns for them, between slashes."""
    branches, tags, patterns = ["master", "develop"], ["v1.0.0"], []
    for text in conditions(pipeline):
        for variable, value, kind in _compared(text):
            if kind == "regex":
                patterns.append(value)
            elif variable == "CI_COMMIT_TAG":
                tags.append(value)
            elif variable in BRANCHES:
                branches.append(value)
    for job in pipeline.jobs.values():
        for ref in _policies(job):
            (patterns if ref.startswith("/") else branches).append(ref)
    return tuple(dict.fromkeys(branches)), tuple(dict.fromkeys(tags)), tuple(dict.fromkeys(patterns))


def _compared(text: str) -> Iterator[tuple[str, str, str]]:
    try:
        found = list(comparisons(parse(text)))
    except BadExpression:
        return
    for c in found:
        for one, other in ((c.left, c.right), (c.right, c.left)):
            if one.kind == "variable" and other.kind in ("text", "regex") and other.value:
                yield one.value, other.value, other.kind


def _policies(job: Table) -> Iterator[str]:
    for key in ("only", "except"):
        found = job.get(key)
        for ref in map(str, items(found.get("refs") if isinstance(found, dict) else found)):
            if ref.partition("@")[0] not in WORDS:
                yield ref.partition("@")[0]


def example(text: str, word: str, number: str) -> str:
    """A text that the pattern matches, or nothing."""
    body = re.sub(r"^/\^?|\$?/[ismU]*$", "", text).replace("\\/", "/").replace("\\.", ".")
    body = re.sub(r"\((\?:)?([^()|]*)(\|[^()]*)?\)", r"\2", body)
    body = re.sub(r"(\\d|\[0-9\])[+*]?(\{[\d,]*\})?", number, body)
    body = re.sub(r"(\[[^\]]*\]|\\w|\.)[+*]\??", word, body).replace("$", "").replace("?", "")
    found = pattern(text)
    return body if found is not None and body and found.search(body) else ""


def features(pipeline: Pipeline) -> tuple[str, ...]:
    """Branches that the file does not name."""
    named, _, patterns = refs(pipeline)
    made = [example(p, *words) for p in patterns for words in (("one", "1"), ("two", "2"))]
    return tuple(dict.fromkeys(ref for ref in (*FEATURES, *made) if ref and ref not in named))


def situations(pipeline: Pipeline, default: str) -> tuple[Situation, ...]:
    """Everything that a pipeline is tried with."""
    branches, tags, _ = refs(pipeline)
    found = []
    for ref in (*branches, *features(pipeline)):
        found += [Situation(ref, default=default), Situation(ref, opened=True, default=default)]
        found.append(Situation(ref, request=True, default=default))
    found += [Situation(tag, tag=True, default=default) for tag in tags]
    for source in ("schedule", *SAMPLE_SOURCES):
        found += [Situation(ref, source=source, default=default) for ref in branches]
    return tuple(found)


def beyond(pipeline: Pipeline) -> frozenset[str]:
    """Patterns that no sample matches: what depends on them cannot be decided here."""
    named, tags, patterns = refs(pipeline)
    known = (*named, *tags, *features(pipeline))
    return frozenset(p for p in patterns if (r := pattern(p)) is None or not any(r.search(k) for k in known))
