"""What goes wrong with pipelines: the problems that are looked for, and one that was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from greenroom.domain.findings import Finding, Severity
from greenroom.domain.pipelines.evaluating import Verdict, evaluate
from greenroom.domain.pipelines.jobs import Job
from greenroom.domain.pipelines.places import Place
from greenroom.domain.pipelines.reading import Pipeline
from greenroom.domain.pipelines.samples import features, situations


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding and where it stands."""

    place: Place
    finding: Finding

    def to_json(self) -> dict[str, object]:
        """For ``--json``."""
        return {"file": self.place.file, "line": self.place.line, **self.finding.to_json()}


@dataclass(frozen=True)
class Examined:
    """A pipeline with what it does in every situation that it is tried with. ``default``: the default branch."""

    pipeline: Pipeline
    default: str = "master"

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """All jobs by name."""
        return {name: Job(name, keys) for name, keys in self.pipeline.jobs.items()}

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What it does. Raises BadExpression."""
        return tuple(evaluate(self.pipeline, s) for s in situations(self.pipeline, self.default))

    @cached_property
    def created(self) -> tuple[Verdict, ...]:
        """Those in which there is a pipeline."""
        return tuple(v for v in self.verdicts if v.created)

    @cached_property
    def features(self) -> frozenset[str]:
        """Branches that the file does not name."""
        return frozenset(features(self.pipeline))

    def of_features(self, job: Job) -> list[Verdict]:
        """Where the job is there for a branch like any other."""
        own = [v for v in self.created if v.situation.ref in self.features and not v.situation.tag]
        return [v for v in own if job.name in v.jobs]

    @cached_property
    def reviews(self) -> tuple[Job, ...]:
        """Jobs that bring any branch on stage, in an environment that is not one of those which every project has."""
        deploys = (j for j in self.jobs.values() if j.deploys and not j.lasting)
        return tuple(j for j in deploys if self.of_features(j))


Check = Callable[[Examined], Iterator[Problem]]


def problem(check: str, place: Place, message: str, cause: str, cure: str) -> Problem:
    """It hurts now."""
    return Problem(place, Finding(check, Severity.PROBLEM, message, cause, cure))


def warning(check: str, place: Place, message: str, cause: str, cure: str) -> Problem:
    """It will hurt some day."""
    return Problem(place, Finding(check, Severity.WARNING, message, cause, cure))
