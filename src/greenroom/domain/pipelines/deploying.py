"""The jobs of a pipeline that build, deploy, promote, stop and sweep."""

from __future__ import annotations

from collections.abc import Iterator

from greenroom.domain.environment import Environment, TargetKind, Tier
from greenroom.domain.image import BuilderKind
from greenroom.domain.pipelines.conditions import BRANCH, FOREIGN, REF, SCHEDULE, condition, meet
from greenroom.domain.pipelines.generated import Job, Lines, check_names
from greenroom.domain.refs import slug
from greenroom.domain.rules import Rule

HOME = "$GREENROOM_HOME"
GREENROOM = f'greenroom -C "{HOME}"'
WAIT = "--wait 900"
BUILDKIT = "docker.io/moby/buildkit:v0.29.0-rootless"
"""The daemon that builds images without root."""

REVIEW = "review/$CI_COMMIT_REF_SLUG"
"""What GitLab calls a branch's environment; the folder ``review/`` is the one that its clean-up knows."""

DOTENV = "greenroom.env"
FETCH = (
    f'git -C "{HOME}" fetch --quiet --no-tags --no-write-fetch-head'
    ' "$CI_PROJECT_DIR" "+HEAD:refs/greenroom-ci/$CI_COMMIT_REF_SLUG"'
)
"""The job's commit comes to where the state lies; no credentials are needed for that."""

PROJECT_HERE = "$CI_PROJECT_DIR/.project"
CLONE = f'rm -rf "{PROJECT_HERE}" && git clone --quiet --depth 1 "$CI_REPOSITORY_URL" "{HOME}"'
"""The project's file as the default branch has it: the job's own branch may be gone. A runner may still have the folder of a job before."""


def places(lines: Lines) -> Iterator[tuple[str, Job]]:
    """What all jobs on one target share. The whole history is there, since releases are known by their trees."""
    used = {r.like.target for r in (*lines.straight, *lines.chain, *lines.reviews)}
    tags = {"tags": list(lines.settings.tags)} if lines.settings.tags else {}
    calm: Job = {"interruptible": False, **tags}
    if TargetKind.LOCAL in used:
        home = lines.settings.home or f"/srv/{lines.project.name}"
        variables = {"GIT_DEPTH": "0", "GREENROOM_HOME": home}
        yield ".greenroom:local", {**calm, "variables": variables, "before_script": [FETCH]}
    if TargetKind.KUBERNETES in used:
        variables = {"GIT_DEPTH": "0", "GREENROOM_HOME": "$CI_PROJECT_DIR"}
        yield ".greenroom:kubernetes", {**calm, "image": lines.settings.tools, **_builder(lines, variables)}


def _builder(lines: Lines, variables: dict[str, str]) -> Job:
    if lines.project.image.builder is BuilderKind.BUILDAH:
        return {"variables": {**variables, "STORAGE_DRIVER": "vfs"}}
    daemon = {
        "name": BUILDKIT,
        "alias": "buildkit",
        "command": ["--addr", "tcp://0.0.0.0:1234", "--oci-worker-no-process-sandbox"],
    }
    return {"variables": {**variables, "BUILDKIT_HOST": "tcp://buildkit:1234"}, "services": [daemon]}


def builds(lines: Lines) -> Iterator[tuple[str, Job]]:
    """One build for all that a branch deploys and promotes; branches that nobody deploys are not built."""
    for target in lines.targets:
        straight = [ref for r in lines.straight if r.like.target is target for ref in r.refs]
        goes_on = any(r.like.target is target for r in lines.chain)
        refs = dict.fromkeys([*straight, *(lines.production_refs if goes_on else ())])
        script = [f'{GREENROOM} build "$CI_COMMIT_SHA"']
        if target is TargetKind.KUBERNETES:
            script = [f"{GREENROOM} -e {_some(lines, target).name} image push"]
        yield (
            build_name(lines, target),
            {
                "extends": f".greenroom:{target}",
                "stage": "build",
                "needs": check_names(lines),
                "resource_group": f"greenroom-build-{target}",
                "script": script,
                "rules": [{"if": SCHEDULE, "when": "never"}, {"if": condition(BRANCH, refs)}],
            },
        )


def _some(lines: Lines, target: TargetKind) -> Environment:
    return next(r.like for r in (*lines.straight, *lines.chain) if r.like.target is target)


def build_name(lines: Lines, target: TargetKind) -> str:
    """``build``, where all environments run in one place."""
    return "build" if len(lines.targets) == 1 else f"build:{target}"


def deploys(lines: Lines) -> Iterator[tuple[str, Job]]:
    """Environments that a branch leads to by itself, then the way to production.

    What the way begins with also gets the builds of production's branches.
    """
    for rule in lines.straight:
        if rule not in lines.chain[:1]:
            script = [f'{GREENROOM} env create "$CI_COMMIT_BRANCH" --commit "$CI_COMMIT_SHA" {WAIT}']
            yield f"deploy:{rule.name}", _deploy(lines, rule, script, (rule,))
    before = ""
    for rule in lines.chain:
        name = rule.name
        if before:
            script = [f'{GREENROOM} promote {before} {name} --commit "$CI_COMMIT_SHA" {WAIT}']
            yield f"promote:{name}", _promote(lines, rule, script, _job_of(lines, before))
        else:
            alone = rule.like.tier is Tier.PRODUCTION
            script = [*_first(rule), f'{GREENROOM} -e {name} deploy "$CI_COMMIT_SHA" {WAIT}']
            yield f"deploy:{name}", _deploy(lines, rule, script, (rule, lines.chain[-1]), by_hand=alone)
        before = name


def _first(rule: Rule) -> list[str]:
    """The project's file is now this commit's, and everything that the environment owns is there."""
    up = f"{GREENROOM} -e {rule.name} up {WAIT}"
    if rule.like.target is TargetKind.KUBERNETES:
        return [up]
    return [f'git -C "{HOME}" checkout --quiet --detach "$CI_COMMIT_SHA"', up]


def _job_of(lines: Lines, name: str) -> str:
    return f"deploy:{name}" if lines.chain[0].name == name else f"promote:{name}"


def _deploy(
    lines: Lines, rule: Rule, script: list[str], mine: tuple[Rule, ...], by_hand: bool = False
) -> Job:
    return {
        "extends": f".greenroom:{rule.like.target}",
        "stage": "deploy",
        "needs": [build_name(lines, rule.like.target)],
        "script": script,
        **_environment(lines, rule),
        "rules": [{"if": SCHEDULE, "when": "never"}, *ordered(lines, BRANCH, mine, by_hand)],
    }


def _promote(lines: Lines, rule: Rule, script: list[str], after: str) -> Job:
    job = _deploy(lines, rule, script, (lines.chain[-1],), by_hand=True)
    return {**job, "stage": "promote", "needs": [after]}


def _environment(lines: Lines, rule: Rule) -> Job:
    place = rule.environment(rule.name)
    port = lines.project.edge.port if place.target is TargetKind.LOCAL else None
    url = f"https://{place.host}" + (f":{port}" if port not in (None, 443) else "")
    shown = {"name": place.name, "url": url, "deployment_tier": str(place.tier)}
    return {"environment": shown, "resource_group": place.name}


def ordered(lines: Lines, variable: str, mine: tuple[Rule, ...], by_hand: bool) -> list[Job]:
    """The rules of the project in their order: ``mine`` let a branch in, those before them that it may match do not.

    By hand: it keeps no pipeline waiting.
    """
    manual = {"when": "manual", "allow_failure": True} if by_hand else {}
    own = [ref for rule in mine for ref in rule.refs]
    found: list[Job] = []
    for rule in lines.rules[: 1 + max(map(lines.rules.index, mine))]:
        if rule in mine and rule.refs:
            found.append({"if": condition(variable, rule.refs), **manual})
        elif others := [ref for ref in rule.refs if any(meet(ref, one) for one in own)]:
            found.append({"if": condition(variable, others), "when": "never"})
    return found


def reviews(lines: Lines) -> Iterator[tuple[str, Job]]:
    """A branch's own environment, by hand, and its end; both under the same rules and one at a time."""
    for rule in lines.reviews:
        name = "review" if len(lines.reviews) == 1 else slug(rule.name)
        yield (
            f".greenroom:{name}",
            {
                "extends": f".greenroom:{rule.like.target}",
                "stage": "deploy",
                "needs": [],
                "resource_group": REVIEW,
                "rules": review_rules(lines, rule),
            },
        )
        yield f"deploy:{name}", _review(rule, name)
        yield f"stop:{name}", _stop(rule, name)


def review_rules(lines: Lines, rule: Rule) -> list[Job]:
    """By hand on the rule's branches, in the branch's pipeline or the merge request's; never for a fork."""
    rules: list[Job] = [
        {"if": f"{SCHEDULE} || $CI_COMMIT_TAG", "when": "never"},
        {"if": FOREIGN, "when": "never"},
    ]
    return [*rules, *ordered(lines, REF, (rule,), by_hand=True)]


def _review(rule: Rule, name: str) -> Job:
    made = f'{GREENROOM} env create "$CI_COMMIT_REF_NAME" --commit "$CI_COMMIT_SHA" {WAIT}'
    return {
        "extends": f".greenroom:{name}",
        "script": [f'{made} --dotenv "$CI_PROJECT_DIR/{DOTENV}"'],
        "environment": {
            "name": REVIEW,
            "url": "$GREENROOM_URL",
            "on_stop": f"stop:{name}",
            "auto_stop_in": _life(rule.like.ttl),
            "deployment_tier": "development",
        },
        "artifacts": {"reports": {"dotenv": DOTENV}},
    }


def _stop(rule: Rule, name: str) -> Job:
    here = rule.like.target is TargetKind.LOCAL
    variables = {"GIT_STRATEGY": "none"}
    return {
        "extends": f".greenroom:{name}",
        "variables": variables if here else {**variables, "GREENROOM_HOME": PROJECT_HERE},
        "before_script": [] if here else [CLONE],
        "script": [f'{GREENROOM} env destroy --branch "$CI_COMMIT_REF_NAME" --yes {WAIT}'],
        "environment": {"name": REVIEW, "action": "stop"},
    }


def _life(seconds: float | None) -> str:
    """In GitLab's words; a week where the rule says nothing."""
    hours = max(1, round((seconds or 7 * 86400.0) / 3600))
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"


def sweep(lines: Lines) -> Iterator[tuple[str, Job]]:
    """In each pipeline of a branch that deploys by itself, and on a schedule. What it cannot do stops no deploy."""
    used = {r.like.target for r in lines.project.rules}
    target = TargetKind.LOCAL if TargetKind.LOCAL in used else TargetKind.KUBERNETES
    steady = condition(BRANCH, lines.steady)
    yield (
        "sweep",
        {
            "extends": f".greenroom:{target}",
            "stage": "sweep",
            "needs": [],
            "resource_group": "greenroom-sweep",
            "allow_failure": True,
            "script": [f"{GREENROOM} sweep --apply {WAIT}"],
            "rules": [{"if": SCHEDULE}, *([{"if": steady}] if steady else [])],
        },
    )
