"""What keeps an environment from ending."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.domain.pipelines.jobs import Job
from greenroom.domain.pipelines.problems import Examined, Problem, problem, warning

NO_CHECKOUT = frozenset({"none", "empty"})


def stopping(seen: Examined) -> Iterator[Problem]:
    """Environments of branches and the jobs that end them."""
    for job in seen.jobs.values():
        if not job.starts:
            continue
        if not job.on_stop:
            yield from _no_on_stop(seen, job)
            continue
        stop = seen.jobs.get(job.on_stop)
        if stop is None or not stop.stops:
            yield problem(
                "no-on-stop",
                job.place("environment", "on_stop"),
                f"{job.name} is to be ended by {job.on_stop}, which "
                + ("is no job" if stop is None else "does not end an environment"),
                "on_stop must name a job with environment: action: stop",
                "greenroom ci generate",
            )
            continue
        yield from _together(seen, job, stop)
        yield from _alone(seen, stop)


def _no_on_stop(seen: Examined, job: Job) -> Iterator[Problem]:
    if "$" in job.environment_name or job in seen.reviews:
        yield problem(
            "no-on-stop",
            job.place("environment"),
            f"nothing ends the environments of {job.name}",
            "without on_stop GitLab has no job to run when a branch is merged or gone: what was deployed stays for ever",
            "add environment: on_stop with a job of action: stop, and sweep: greenroom ci generate",
        )


def _together(seen: Examined, job: Job, stop: Job) -> Iterator[Problem]:
    apart = [v for v in seen.created if job.name in v.jobs and stop.name not in v.jobs]
    if apart:
        yield problem(
            "stop-rules",
            stop.place("rules"),
            f"{stop.name} is not there for {apart[0].situation.title}, and {job.name} is",
            "GitLab runs the stop job of the pipeline that deployed; where its rules left it out, nothing is stopped",
            f"give {stop.name} the rules of {job.name}, by extends from one hidden job",
        )
    if job.keys.get("resource_group") != stop.keys.get("resource_group"):
        yield problem(
            "stop-resource-group",
            stop.place("resource_group"),
            f"{stop.name} and {job.name} are not in one resource_group",
            "a deploy that still runs and its end then go on side by side, and what is left is chance",
            "give both the same resource_group",
        )
    if job.environment_name != stop.environment_name:
        yield problem(
            "stop-environment",
            stop.place("environment"),
            f"{stop.name} ends {stop.environment_name}, and {job.name} makes {job.environment_name}",
            "GitLab never takes the one for the end of the other",
            "give both the same environment: name",
        )


def _alone(seen: Examined, stop: Job) -> Iterator[Problem]:
    strategy = stop.variables.get("GIT_STRATEGY", seen.pipeline.variables.get("GIT_STRATEGY"))
    if strategy not in NO_CHECKOUT:
        yield problem(
            "stop-checkout",
            stop.place("variables"),
            f"{stop.name} checks out its commit",
            "when the branch is gone the checkout fails, and the environment stays",
            "variables: GIT_STRATEGY: none",
        )
    found = (d for v in seen.created for d in v.decisions if d.job == stop.name and d.there)
    if any(d.when in ("on_success", "always") for d in found):
        yield problem(
            "stop-at-once",
            stop.place("rules"),
            f"{stop.name} runs by itself, as soon as the pipeline comes to it",
            "a stop job that is not when: manual ends the environment right after it was made",
            "when: manual with allow_failure: true",
        )


def merging(seen: Examined) -> Iterator[Problem]:
    """GitLab stops environments on a merge only when the merge request has pipelines of its own."""
    for job in seen.reviews:
        if not any(v.situation.request for v in seen.of_features(job)):
            yield warning(
                "not-stopped-on-merge",
                job.own_place,
                f"{job.name} is in no pipeline of a merge request",
                "GitLab ends environments with a merge only where a pipeline of the merge request made them; of a branch"
                " only when it is deleted",
                "let it run in merge request pipelines (workflow: rules), and sweep: greenroom ci generate",
            )


def sweeping(seen: Examined) -> Iterator[Problem]:
    """Something must look for what GitLab missed."""
    scheduled = [v for v in seen.created if v.situation.source == "schedule"]
    if seen.reviews and not any(seen.jobs[n].sweeps for v in scheduled for n in v.jobs):
        yield warning(
            "no-sweep",
            seen.reviews[0].own_place,
            "no scheduled job removes what is left of branches",
            "stop jobs fail, are left out, or are never asked for: a push that deletes more than three branches sends"
            " no webhook at all",
            "a job on a schedule: greenroom sweep --apply",
        )
