"""Jobs that never run, pipelines that run twice, conditions that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.domain.pipelines.expressions import BadExpression, Expression, comparisons, names, parse
from greenroom.domain.pipelines.jobs import Job
from greenroom.domain.pipelines.places import Table
from greenroom.domain.pipelines.problems import Examined, Problem, problem, warning
from greenroom.domain.pipelines.reading import GLOBAL, items
from greenroom.domain.pipelines.samples import beyond
from greenroom.domain.pipelines.situation import DECIDED, Situation

_RESERVED = frozenset({*GLOBAL, "true", "false", "nil", "pages:deploy"})


def unreadable(seen: Examined) -> Iterator[Problem]:
    """What GitLab cannot follow."""
    for trouble in seen.pipeline.troubles:
        if not trouble.unread:
            cause = "GitLab refuses the whole file: no pipeline starts at all"
            yield problem("unreadable", trouble.place, trouble.text, cause, "mend the name, or remove it")


def bad_conditions(seen: Examined) -> Iterator[Problem]:
    """Conditions that GitLab would refuse. While there are any, nothing else about rules is looked at."""
    tables = [rule for rule in seen.pipeline.workflow if isinstance(rule, Table)]
    for job in seen.pipeline.jobs.values():
        tables += [rule for rule in items(job.get("rules")) if isinstance(rule, Table)]
    told = set()
    for rule in tables:
        try:
            parse(str(rule.get("if", "null")))
        except BadExpression as error:
            if rule.own not in told:
                told.add(rule.own)
                cause = "GitLab refuses the whole file: no pipeline starts at all"
                yield problem("bad-condition", rule.place("if"), f"{rule['if']}: {error}", cause, "mend it")


def doubled(seen: Examined) -> Iterator[Problem]:
    """A branch's pipeline and a merge request's for one commit."""
    by_situation = {v.situation: v for v in seen.verdicts}
    for ref in sorted(seen.features | {"develop"}):
        pushed = by_situation.get(Situation(ref, opened=True, default=seen.default))
        asked = by_situation.get(Situation(ref, request=True, default=seen.default))
        if pushed and asked and pushed.created and asked.created:
            both = sorted(set(pushed.jobs) & set(asked.jobs)) or sorted(asked.jobs)
            top = seen.pipeline.top
            place = top.place("workflow", "rules") if "workflow" in top else seen.jobs[both[0]].own_place
            yield problem(
                "double-pipelines",
                place,
                f"each push to {ref} starts two pipelines while a merge request is open",
                f"the branch's and the merge request's both let in {', '.join(both[:3])}",
                "a workflow rule: if $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS, when: never",
            )
            return


def never(seen: Examined) -> Iterator[Problem]:
    """Jobs that are in no pipeline whatever is pushed."""
    there = {name for v in seen.created for name in v.jobs}
    hidden = beyond(seen.pipeline)
    for job in seen.jobs.values():
        if job.name not in there and _decidable(seen, job, hidden):
            cause = "no branch, merge request, tag, schedule or other start satisfies its rules and those of the workflow"
            if _branch_in_request(job):
                cause = "CI_COMMIT_BRANCH is not set in the pipeline of a merge request"
            yield problem(
                "never-runs",
                job.place("rules"),
                f"{job.name} is in no pipeline",
                cause,
                "greenroom ci explain REF says which rule decides",
            )


def _expressions(job: Job) -> Iterator[Expression]:
    for rule in items(job.keys.get("rules")):
        if isinstance(rule, Table) and "if" in rule:
            yield parse(str(rule["if"]))
    for key in ("only", "except"):
        found = job.keys.get(key)
        for text in items(found.get("variables")) if isinstance(found, dict) else ():
            yield parse(str(text))


def _decidable(seen: Examined, job: Job, hidden: frozenset[str]) -> bool:
    """Does it depend on nothing that only the project's settings know?"""
    texts = str(job.keys.get("only")) + str(job.keys.get("except"))
    if any(p in texts for p in hidden) or job.keys.get("when") == "never":
        return False
    known = {*seen.pipeline.variables, *job.variables}
    for found in _expressions(job):
        if any(n not in known and n not in DECIDED for n in names(found)):
            return False
        if any(c.right.value in hidden for c in comparisons(found)):
            return False
    return True


def _branch_in_request(job: Job) -> bool:
    return any({"CI_COMMIT_BRANCH", "CI_PIPELINE_SOURCE"} <= set(names(found)) for found in _expressions(job))


def refused(seen: Examined) -> Iterator[Problem]:
    """Jobs that need others which are not there: GitLab starts no pipeline then."""
    told: set[str] = set()
    for verdict in seen.created:
        for text in verdict.refusals:
            if text not in told:
                told.add(text)
                yield problem(
                    "pipeline-refused",
                    seen.jobs[text.partition(" needs ")[0]].place("needs"),
                    f"{text} for {verdict.situation.title}",
                    "GitLab starts no pipeline at all, and shows the reason only to whoever looks for one",
                    "give both the same rules, or needs: optional: true",
                )


def blocking(seen: Examined) -> Iterator[Problem]:
    """Jobs by hand that keep the pipeline from ending."""
    for job in seen.jobs.values():
        found = (d for v in seen.created for d in v.decisions if d.job == job.name)
        blocked = next((d for d in found if d.manual and not d.optional), None)
        if blocked is not None:
            yield warning(
                "blocking-manual",
                blocked.place,
                f"{job.name} waits for a person, and the whole pipeline with it",
                "in rules when: manual comes with allow_failure: false: the pipeline is blocked until somebody clicks,"
                " later stages never start, and the merge request waits",
                "allow_failure: true",
            )


def reserved(seen: Examined) -> Iterator[Problem]:
    """Jobs with names that mean something else."""
    for name, value in seen.pipeline.top.items():
        if name.lower() in _RESERVED and isinstance(value, Table) and "script" in value:
            yield problem(
                "reserved-name",
                seen.pipeline.top.place(name),
                f"{name} is no name for a job",
                f"GitLab takes {name} for a key of the file, not for a job",
                "give the job another name",
            )
