"""What goes wrong with deploys and with what they are made of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from greenroom.domain.pipelines.jobs import Job
from greenroom.domain.pipelines.places import Place
from greenroom.domain.pipelines.problems import Examined, Problem, problem, warning

_LATEST = re.compile(r":latest\b|\btag[=: ]+latest\b")
_PER_BUILD = re.compile(
    r"(docker|buildah|podman|crane|skopeo)\s+(push|tag|build|copy|bud)\b[^\n]*:[^\s]*"
    r"\$\{?(CI_PIPELINE_ID|CI_PIPELINE_IID|CI_JOB_ID|CI_COMMIT_SHA|CI_COMMIT_SHORT_SHA|CI_BUILD_\w+)"
)
_PER_COMMIT = re.compile(r"\$\{?CI_(COMMIT_(SHORT_)?SHA|PIPELINE_I?ID|JOB_ID)")
_MOVING = frozenset({"latest", "stable", "edge", "main", "master", "dind", "rootless"})


def deploying(seen: Examined) -> Iterator[Problem]:
    """Deploys are never cancelled half way, and one at a time."""
    for job in (j for j in seen.jobs.values() if j.deploys):
        if job.keys.get("interruptible") is True:
            yield problem(
                "interruptible-deploy",
                job.place("interruptible"),
                f"{job.name} may be cancelled while it deploys",
                "a newer commit cancels jobs that are interruptible, and leaves half a deploy behind",
                "interruptible: false on every deploy",
            )
        if "resource_group" not in job.keys:
            yield problem(
                "no-resource-group",
                job.own_place,
                f"two runs of {job.name} may deploy at once",
                "pipelines of two commits run side by side; without a resource_group the older one may come last",
                "resource_group: with the environment's name",
            )


def latest(seen: Examined) -> Iterator[Problem]:
    """What is deployed must have a name that stays."""
    for job in (j for j in seen.jobs.values() if j.deploys):
        script = _filled(job.script, {**seen.pipeline.variables, **job.variables})
        if any(_LATEST.search(text) for text in (script, *job.variables.values())):
            key = "script" if _LATEST.search(script) else "variables"
            yield problem(
                "latest-deployed",
                job.place(key),
                f"{job.name} deploys latest",
                "latest is whatever was pushed last, by any branch: nobody can say what runs, and there is no way back",
                "deploy by digest, or by a tag that is never moved",
            )


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """With the values of variables that the file sets; others stay as they are."""
    for _ in range(3):  # a value may name another variable
        text = re.sub(
            r"\$(?:\{(\w+)\}|(\w+))", lambda found: str(variables.get(found[1] or found[2], found[0])), text
        )
    return text


def collisions(seen: Examined) -> Iterator[Problem]:
    """One environment for several branches or jobs."""
    for job in seen.reviews:
        name = job.environment_name
        refs = {v.situation.ref for v in seen.of_features(job)}
        if name and "$" not in name and len(refs) > 1:
            yield problem(
                "environment-collision",
                job.place("environment"),
                f"every branch deploys into {name}",
                f"{job.name} is there for any branch, and its environment has one name: branches overwrite each other",
                "environment: name: review/$CI_COMMIT_REF_SLUG",
            )
        if _PER_COMMIT.search(name):
            yield problem(
                "environment-per-commit",
                job.place("environment"),
                f"{job.name} makes a new environment with each pipeline",
                "nothing ends the one before: GitLab stops only the newest",
                "environment: name: review/$CI_COMMIT_REF_SLUG",
            )
    yield from _twice(seen)


def _twice(seen: Examined) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for verdict in seen.created:
        by_name: dict[str, list[Job]] = defaultdict(list)
        for job in (seen.jobs[n] for n in verdict.jobs):
            if job.starts:
                by_name[job.environment_name].append(job)
        for name, jobs in by_name.items():
            for job in jobs[1:]:
                if (jobs[0].name, job.name) not in told:
                    told.add((jobs[0].name, job.name))
                    yield problem(
                        "environment-collision",
                        job.place("environment"),
                        f"{jobs[0].name} and {job.name} both deploy into {name}",
                        f"both are there for {verdict.situation.title}: the later one wins, whichever that is",
                        "one environment a job, or rules of which only one matches",
                    )


def images(seen: Examined) -> Iterator[Problem]:
    """Images that move, and kaniko."""
    told: set[tuple[str, Place]] = set()
    for job in seen.jobs.values():
        for name, place in job.images():
            if (name, place) in told:
                continue
            told.add((name, place))
            if "kaniko" in name:
                yield _kaniko(job, place)
            elif "$" not in name and _moves(name):
                yield warning(
                    "unpinned-image",
                    place,
                    f"{job.name} runs in {name}, which is another image tomorrow",
                    "a tag that moves changes a pipeline without a commit",
                    "a version, or better a digest: name:version@sha256:...",
                )
        if "/kaniko/executor" in job.script and not any("kaniko" in n for n, _ in job.images()):
            yield _kaniko(job, job.place("script"))


def _moves(name: str) -> bool:
    if "@sha256:" in name:
        return False
    tag = name.rpartition("/")[2].partition(":")[2]
    return not tag or tag in _MOVING


def _kaniko(job: Job, place: Place) -> Problem:
    return warning(
        "kaniko",
        place,
        f"{job.name} builds with kaniko",
        "kaniko was archived on 2025-06-03: nobody mends it",
        "BuildKit without root, or buildah: greenroom ci generate",
    )


def tags(seen: Examined) -> Iterator[Problem]:
    """A tag for each build, kept for ever."""
    for job in seen.jobs.values():
        if _PER_BUILD.search(job.script):
            yield warning(
                "tag-per-build",
                job.place("script"),
                f"{job.name} pushes a tag for each build",
                "every one keeps its layers in the registry until it is removed, whether anybody deploys it or not",
                "build what is deployed, where it is deployed: greenroom ci generate",
            )
