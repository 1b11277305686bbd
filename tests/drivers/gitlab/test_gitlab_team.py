"""What GitLab does by itself after a push, and all of it once over HTTP with a real git repository behind it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from openapi import hold

from gitlab_stand import Stand, TestClock
from greenroom.domain.secret import Secret
from greenroom.domain.sweeping import Merge
from greenroom.drivers.forge import GitForge
from greenroom.drivers.gitlab import Client, GitLabForge, Where
from greenroom.testing.gitlab import GitLab, GitRepository, Served

A, B = "anna/AFO-1_a", "bob/AFO-2_b"


def team() -> GitLab:
    lab = Stand().lab
    for name in (A, B):
        lab.branch(name)
        lab.commit(name)
        lab.open_request(name)
    return lab


def test_a_push_that_brings_the_head_marks_the_request_merged() -> None:
    lab = team()
    lab.merge(A)
    assert [r.state for r in lab.requests.values()] == ["merged", "opened"]
    assert lab.requests[1].merge_commit_sha == lab.heads["master"]


def test_deleting_the_branch_closes_the_request() -> None:
    lab = team()
    lab.delete(A)
    assert [(r.state, r.closed_at) for r in lab.own(A)] == [("closed", lab.clock.now())]


def test_a_squash_leaves_other_commits_than_those_of_the_branch() -> None:
    lab = team()
    lab.accept_request(A, squash=True)
    lab.accept_request(B, fast=False)
    squashed, merged = lab.requests.values()
    assert squashed.squash_commit_sha and not lab.contains("master", squashed.sha)
    assert merged.squash_commit_sha is None and lab.contains("master", merged.sha)


def test_a_push_of_more_than_three_branches_is_silent() -> None:
    lab = team()
    for name in "abc":
        lab.branch(name)
    lab.events.clear()
    lab.delete("a", "b", "c")
    assert len(lab.events) == 3
    for name in "abcd":
        lab.branch(name)
    lab.events.clear()
    lab.delete(*"abcd")
    assert lab.events == []


def test_an_empty_branch_is_merged_to_gitlab_but_not_by_a_push() -> None:
    lab = Stand().lab
    lab.branch(A)
    lab.open_request(A)
    lab.commit("master")
    assert lab.requests[1].state == "opened"


def test_over_http_with_git(tmp_path: Path) -> None:
    lab = GitLab(TestClock(), GitRepository(tmp_path / "hub.git"))
    subprocess.run(["git", "clone", "-q", str(tmp_path / "hub.git"), "here"], cwd=tmp_path, check=True)
    with Served(lab):
        where = Where(lab.url, str(lab.id), "$TOKEN")

        def forge() -> GitLabForge:
            client = Client(where, Secret("glpat-all"), lab.clock, lambda _text: None, page=2)
            return GitLabForge(client, GitForge(tmp_path / "here", os.environ, ("master",)))

        for name in (A, B, "x", "y"):
            lab.branch(name)
            lab.commit(name)
        lab.open_request(A)
        lab.clock.sleep(60.0)
        lab.merge(A)
        seen = forge()
        assert seen.branches() == lab.heads
        assert [r.state for r in seen.requests([A, B])] == [Merge.MERGED]
        assert seen.is_merged(lab.heads[A]) is True
        assert seen.is_merged(lab.heads[B]) is False
        lab.trouble.plan(n0="refused", n2="half")
        assert forge().branches() == lab.heads
    assert hold(lab.asked) > 5
