"""What the doctor finds at GitLab, and mends on request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from openapi import hold

from gitlab_stand import Stand
from greenroom.domain.errors import GreenroomError
from greenroom.domain.findings import GITLAB_CHECKS, Severity, State
from greenroom.drivers.gitlab import GitLabExaminer
from greenroom.drivers.gitlab.support import ends, next_stop, parsed, released
from greenroom.services.examining import Examined, examine
from greenroom.testing.gitlab import Protection, Runner, Schedule, Token, Variable
from greenroom.testing.gitlab.things import ADMINISTRATOR

TODAY = 1_796_000_000.0
"""30 November 2026."""


def stand() -> Stand:
    made = Stand()
    made.clock.time = TODAY
    made.lab.version = "19.6.1-ee"
    made.lab.variables = [
        Variable("GREENROOM_GITLAB_TOKEN", masked=True),
        Variable("SHOP_BANNER", "hello"),
        Variable("S3_SECRET", masked=True, protected=True, scope="production"),
    ]
    return made


def report(
    at: Stand, *names: str, fix: bool = False, deletes: Callable[[], bool] | None = lambda: True
) -> Examined:
    examiner = GitLabExaminer(at.client(), ("master", "main"), deletes)
    done = examine(examiner, "GitLab", GITLAB_CHECKS, names, fix)
    assert hold(at.lab.asked) > 0
    return done


def messages(found: Examined) -> list[str]:
    return [f.message for c in found.checked for f in c.findings]


def test_all_is_well() -> None:
    at = stand()
    at.lab.tokens["glpat-all"].role = ADMINISTRATOR
    found = report(at)
    assert [(c.check.name, c.state) for c in found.checked] == [(n, State.CLEAN) for n in GITLAB_CHECKS]
    assert found.to_json()["problems"] == 0


def test_a_branch_is_protected_on_request() -> None:
    at = stand()
    at.lab.protected.clear()
    assert messages(report(at)) == ["master is not protected: every developer may rewrite or delete it"]
    assert report(at, fix=True).fixed == (
        "master is protected: developers may push and merge, nobody may rewrite or delete it",
    )
    assert at.lab.protected == {"master": Protection(30, 30, False)}
    at.lab.protected["master"].force = True
    assert len(report(at).problems) == 1
    assert report(at, fix=True).fixed == ("master may no longer be rewritten",)
    assert report(at, fix=True).fixed == ()


def test_a_push_of_many_branches_goes_unseen_without_a_schedule() -> None:
    at = stand()
    (skipped,) = report(at, "push-limit").checked
    assert skipped.state is State.SKIPPED, "the instance's settings are for administrators"
    at.lab.tokens["glpat-all"].role = ADMINISTRATOR
    at.lab.schedules.clear()
    (told,) = messages(report(at, "push-limit"))
    assert told.startswith("a push that changes more than 3 branches fires no webhook")
    at.lab.push_limit = 0
    assert messages(report(at, "push-limit")) == []


def test_a_registry_that_keeps_everything_is_told() -> None:
    at = stand()
    assert messages(report(at, "registry-delete", "runner", deletes=lambda: False)) == [
        "the registry lets nobody delete"
    ]
    states = {c.check.name: c.state for c in report(at, "registry-delete", "runner", deletes=None).checked}
    assert states == {"registry-delete": State.INAPPLICABLE, "runner": State.CLEAN}

    def away() -> bool:
        raise GreenroomError("registry", "the registry cannot be reached")

    states = {c.check.name: c.state for c in report(at, "registry-delete", "runner", deletes=away).checked}
    assert states == {"registry-delete": State.SKIPPED, "runner": State.CLEAN}


def test_a_pattern_that_protects_a_branch_is_left_as_it_is() -> None:
    """Another rule beside it would open it: of several GitLab takes the most permissive one."""
    at = stand()
    at.lab.protected.clear()
    at.lab.protected["m*"] = Protection(40, 40, False)
    assert messages(report(at)) == []
    assert report(at, fix=True).fixed == ()
    at.lab.protected["*"] = Protection(40, 40, True)
    assert len(report(at).problems) == 1
    assert report(at, fix=True).fixed == ("* may no longer be rewritten",)
    assert at.lab.protected == {"m*": Protection(40, 40, False), "*": Protection(40, 40, False)}


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        ({"enabled": False}, 0),
        ({"enabled": True}, 3),
        ({"enabled": True, "name_regex": "review-.*"}, 0),
        ({"enabled": True, "name_regex_keep": "keep-.*"}, 2),
        ({"enabled": True, "name_regex_keep": "keep-.*|held-.*"}, 1),
        ({"enabled": True, "name_regex_keep": "keep-.*|held-.*|sha256-.*"}, 0),
        ({"enabled": True, "name_regex": r"\pL+"}, 3),
    ],
)
def test_a_cleanup_policy_must_not_take_what_runs(policy: dict[str, object], taken: int) -> None:
    at = stand()
    at.lab.cleanup |= policy
    (found,) = messages(report(at, "cleanup-policy")) or ("",)
    named = found.partition("environment runs: ")[2].split(", ") if found else []
    assert len(named) == taken


def test_a_cleanup_policy_is_mended_on_request() -> None:
    at = stand()
    at.lab.cleanup |= {"enabled": True, "name_regex_keep": "v.+|main"}
    assert report(at, "cleanup-policy", fix=True).fixed == (
        "the cleanup policy keeps keep-.*|held-.*|sha256-.*",
    )
    assert at.lab.cleanup["name_regex_keep"] == "(?:v.+|main)|keep-.*|held-.*|sha256-.*"
    assert at.lab.cleanup["enabled"] is True
    assert messages(report(at, "cleanup-policy")) == []
    assert report(at, "cleanup-policy", fix=True).fixed == ()


def test_secrets_are_masked_on_request_and_never_shown() -> None:
    at = stand()
    at.lab.variables += [
        Variable("DB_PASSWORD", "correct-horse"),
        Variable("DB_PASSWORD", "battery-staple", scope="production"),
        Variable("SIGNING_KEY", "short"),
        Variable("DEPLOY_KEY", "a file", kind="file"),
    ]
    found = report(at, "variables")
    assert [f.message for f in found.problems] == [
        "DB_PASSWORD (for *) looks like a secret and is not masked",
        "DB_PASSWORD (for production) looks like a secret and is not masked",
        "DB_PASSWORD (for production) is production's and not protected",
        "SIGNING_KEY (for *) looks like a secret and is not masked",
    ]
    mended = report(at, "variables", fix=True)
    assert len(mended.fixed) == 3 and "cannot be masked" in mended.fixed[2]
    assert [v.masked for v in at.lab.variables[3:]] == [True, True, False, False]
    text = str(found.to_json()) + str(mended.to_json())
    assert not any(v.value in text for v in at.lab.variables[3:5])


def test_runners_and_schedules() -> None:
    at = stand()
    at.lab.runners = [Runner(1, online=False), Runner(2, paused=True)]
    at.lab.schedules = [Schedule(1, active=False)]
    assert messages(report(at)) == [
        "none of the 2 runners is online",
        "no active schedule runs a pipeline",
    ]
    at.lab.runners = []
    assert messages(report(at, "runner")) == ["the project has no runner"]


def test_the_token() -> None:
    at = stand()
    at.lab.tokens["glpat-all"] = Token(("api", "sudo"), expires_at=TODAY + 5 * 86400)
    more, soon = messages(report(at, "gitlab-token"))
    assert more.endswith("may more than is needed: sudo") and "in 5 days" in soon
    at.lab.tokens["glpat-all"] = Token(("read_api",))
    assert "lacks the scope api" in messages(report(at, "gitlab-token"))[0]


def test_what_the_token_may_not_look_into_is_skipped() -> None:
    at = stand()
    at.lab.tokens["glpat-all"] = Token(("read_api",), role=30)
    found = {c.check.name: c for c in report(at, fix=True).checked}
    assert [n for n, c in found.items() if c.state is State.SKIPPED] == ["variables", "runner", "push-limit"]
    assert "403 Forbidden" in found["runner"].note
    with pytest.raises(GreenroomError, match="there is no check x of GitLab"):
        report(at, "x")


@pytest.mark.parametrize(
    ("version", "severity"), [("19.6.0", None), ("19.4.2", Severity.WARNING), ("19.3.9", Severity.PROBLEM)]
)
def test_the_version(version: str, severity: Severity | None) -> None:
    at = stand()
    at.clock.time = 1_796_860_800.0  # 10 December 2026; 19.7 comes on the 17th
    at.lab.version = version
    found = report(at, "gitlab-version").checked[0].findings
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_the_calendar_of_versions() -> None:
    assert released(17, 0) == date(2024, 5, 16)
    assert released(19, 3) == date(2026, 8, 20)
    assert ends(19, 3) == released(19, 6) == date(2026, 11, 19)
    assert ends(18, 10) == released(19, 1)
    assert (parsed("18.11.3-ee"), parsed("odd")) == ((18, 11), None)
    assert (next_stop(18, 6), next_stop(19, 11)) == ("18.8", "")
