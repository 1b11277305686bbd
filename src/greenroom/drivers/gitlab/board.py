"""What the team reads at GitLab: deployments, environments that are there, one note on each merge request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.news import News
from greenroom.drivers.gitlab.client import Client
from greenroom.drivers.gitlab.refusing import GitLabError
from greenroom.drivers.gitlab.wording import mark, worded


@dataclass(frozen=True, slots=True)
class Job:
    """The CI job that this command runs in, if it does. ``declares``: the environment that the job itself declares, for which GitLab
    makes the deployment; ``log``: its page; ``ref``: its branch or tag.
    """

    declares: str = ""
    log: str = ""
    ref: str = ""
    tag: bool = False


class GitLabBoard:
    """See :class:`greenroom.ports.environments.Board`. ``url``: an environment's public address; ``target``: the branch that is named
    where nobody knows a better one.
    """

    def __init__(self, client: Client, job: Job, url: Callable[[Environment], str], target: str) -> None:
        self._client = client
        self._job = job
        self._url = url
        self._target = target

    def tell(self, news: News) -> None:
        """Both, also when one of them fails: what the token may not do keeps it from nothing else."""
        failed = [error for act in (self._deployment, self._notes) if (error := _tried(act, news))]
        if failed:
            raise failed[0]

    def hosts(self) -> frozenset[str]:
        return frozenset(host for one in self._places() if (host := _host(one)))

    def forget(self, host: str) -> None:
        """Stopped first, without a job that would stop it once more, then deleted: only then GitLab drops its refs."""
        for one in self._places():
            if host and _host(one) == host:
                place = f"/environments/{one['id']}"
                if one.get("state") != "stopped":
                    self._gone("post", f"{place}/stop", {"force": True})
                self._gone("delete", place)

    def _places(self) -> list[dict[str, Any]]:
        return self._client.every("/environments")

    def _deployment(self, news: News) -> None:
        if self._job.declares:
            return
        name, url = _name(news.place), self._url(news.place)
        there = self._client.every("/environments", name=name)
        if not there:
            made = {"name": name, "external_url": url, "tier": _tier(news.place.tier)}
            self._client.ask("post", "/environments", body=made, again=False)
        elif there[0].get("external_url") != url:
            self._client.ask("put", f"/environments/{there[0]['id']}", body={"external_url": url})
        body = {
            "environment": name,
            "sha": news.release.commit,
            "ref": news.branch or self._job.ref or self._target,
            "tag": self._job.tag and not news.branch,
            "status": "failed" if news.failure else "success",
        }
        self._client.ask("post", "/deployments", body=body, again=False)

    def _notes(self, news: News) -> None:
        text = worded(news, self._url(news.place), self._job.log) if news.branch else ""
        for one in self._open(news.branch) if news.branch else ():
            self._note(int(one["iid"]), news.place.name, text)

    def _open(self, branch: str) -> list[dict[str, Any]]:
        """The open merge requests of the project's own branch."""
        found = self._client.every(
            "/merge_requests", "iid", scope="all", state="opened", source_branch=branch
        )
        return [one for one in found if one.get("source_project_id") == one.get("target_project_id")]

    def _note(self, iid: int, name: str, text: str) -> None:
        path = f"/merge_requests/{iid}/notes"
        for one in self._client.every(path, order_by="created_at", sort="asc"):
            if str(one.get("body", "")).startswith(mark(name)) and not one.get("system"):
                self._client.ask("put", f"{path}/{one['id']}", body={"body": text})
                return
        self._client.ask("post", path, body={"body": text}, again=False)

    def _gone(self, method: str, path: str, body: Any = None) -> None:
        try:
            self._client.ask(method, path, body=body)
        except GitLabError as error:
            if error.status != 404:
                raise


def _tried(act: Callable[[News], None], news: News) -> GitLabError | None:
    try:
        act(news)
    except GitLabError as error:
        return error
    return None


def _name(place: Environment) -> str:
    """As GitLab calls it: those of branches lie in the folder review, which its own cleaning knows."""
    return f"review/{place.name}" if place.tier is Tier.REVIEW else place.name


def _tier(tier: Tier) -> str:
    return "development" if tier is Tier.REVIEW else str(tier)


def _host(one: dict[str, Any]) -> str:
    return urlsplit(str(one.get("external_url") or "")).hostname or ""
