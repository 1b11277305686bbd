"""What about the project's GitLab will hurt at some time. Looking changes nothing; no value of a variable is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from greenroom.domain.findings import Checked, Finding, Severity, answered, inapplicable
from greenroom.domain.registry.names import held_tag, keep_tag
from greenroom.drivers.gitlab.client import Client
from greenroom.drivers.gitlab.refusing import GitLabError
from greenroom.drivers.gitlab.support import ends, next_stop, parsed

SOON = 14
"""Days before the end of a token or a version at which it is told."""

KEPT = (keep_tag("production", "0123456789ab"), held_tag(f"sha256:{'0' * 64}"), f"sha256-{'0' * 64}")
"""Tags of the kinds that no policy may take."""

SPARED = "keep-.*|held-.*|sha256-.*"
"""What keeps a policy off them."""

DEVELOPER = 30
NEEDED, ENOUGH = frozenset({"api"}), frozenset({"api", "read_api", "read_repository", "self_rotate"})
_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PRIVATE|CREDENTIAL|(^|_)(API|ACCESS|ENCRYPTION|MASTER)?KEY$", re.IGNORECASE
)
_PRODUCTION = re.compile(r"(^|[^a-z])prod(uction)?([^a-z]|$)", re.IGNORECASE)


class GitLabExaminer:
    """See :class:`greenroom.ports.examining.Examiner`. ``targets``: the branches that others are merged into; ``deletes``: does the
    project's registry let anybody delete? None: the project names no registry."""

    def __init__(
        self, client: Client, targets: tuple[str, ...], deletes: Callable[[], bool] | None = None
    ) -> None:
        self._client, self._targets, self._deletes = client, targets, deletes
        self._checks: dict[str, Callable[[], Iterator[Finding]]] = {
            "gitlab-token": self._token,
            "gitlab-version": self._version,
            "target-branches": self._branches,
            "variables": self._variables,
            "runner": self._runner,
            "schedule": self._schedule,
            "push-limit": self._push_limit,
            "registry-delete": self._registry_delete,
            "cleanup-policy": self._cleanup,
        }
        self._fixes = {
            "target-branches": self._protect,
            "variables": self._mask,
            "cleanup-policy": self._spare,
        }

    def check(self, name: str) -> Checked:
        if name == "registry-delete" and self._deletes is None:
            return inapplicable(name, "[image] repository names no registry")
        return answered(name, tuple(self._checks[name]()))

    def fix(self, name: str) -> tuple[str, ...]:
        return tuple(self._fixes[name]()) if name in self._fixes else ()

    @property
    def _today(self) -> date:
        return datetime.fromtimestamp(self._client.clock.now(), UTC).date()

    def _token(self) -> Iterator[Finding]:
        told = self._client.ask("get", "/personal_access_tokens/self", own=False).body
        scopes = set(told.get("scopes") or ())
        source = self._client.where.source
        if not NEEDED & scopes:
            cause = f"its scopes are {', '.join(sorted(scopes))}: enough for sweep, not to tell of deploys"
            yield _warning(
                "gitlab-token", f"the token of {source} lacks the scope api", cause, "make one with it"
            )
        if more := sorted(scopes - ENOUGH):
            cause = "whoever gets hold of it may do all that"
            text = f"the token of {source} may more than is needed: {', '.join(more)}"
            yield _warning(
                "gitlab-token", text, cause, "make a project access token with the scope api alone"
            )
        expires = told.get("expires_at")
        days = (date.fromisoformat(expires) - self._today).days if expires else None
        if days is not None and days <= SOON:
            text = f"the token of {source} ends on {expires}, in {days} days"
            yield _warning(
                "gitlab-token", text, "every token of GitLab ends, after a year at most", "rotate it"
            )

    def _version(self) -> Iterator[Finding]:
        version = str(self._client.ask("get", "/metadata", own=False).body.get("version", ""))
        known = parsed(version)
        if known is None:
            return
        last, stop = ends(*known), next_stop(*known)
        cure = "upgrade it" + (f"; the next version that may not be left out is {stop}" if stop else "")
        cause = "only the newest minor version and the two before it get security fixes"
        days = (last - self._today).days
        if days <= 0:
            yield _problem("gitlab-version", f"GitLab {version} gets no fixes since {last}", cause, cure)
        elif days <= SOON:
            yield _warning("gitlab-version", f"GitLab {version} gets no fixes from {last} on", cause, cure)

    def _branches(self) -> Iterator[Finding]:
        there = self._protections()
        for name in self._existing():
            found = [one for rule, one in there.items() if _covers(rule, name)]
            cause = (
                "a rewritten target branch makes what is merged unmerged, and a deleted one stops every sweep"
            )
            if not found:
                text = f"{name} is not protected: every developer may rewrite or delete it"
                yield _problem(
                    "target-branches", text, cause, "greenroom doctor gitlab target-branches --fix"
                )
            elif any(one.get("allow_force_push") for one in found):
                text = f"{name} may be rewritten with force by those who may push to it"
                yield _problem(
                    "target-branches", text, cause, "greenroom doctor gitlab target-branches --fix"
                )

    def _protect(self) -> Iterator[str]:
        """Developers may push as before, but neither rewrite nor delete. Of several rules for a branch GitLab takes the most permissive
        one: none is added where one is, of its name or of a pattern."""
        there = self._protections()
        for name in self._existing():
            levels = {"push_access_level": DEVELOPER, "merge_access_level": DEVELOPER}
            found = [rule for rule in there if _covers(rule, name)]
            if not found:
                body = {"name": name, **levels, "allow_force_push": False}
                self._client.ask("post", "/protected_branches", body=body, again=False)
                yield f"{name} is protected: developers may push and merge, nobody may rewrite or delete it"
            for rule in found:
                if there[rule].get("allow_force_push"):
                    self._client.ask(
                        "patch", f"/protected_branches/{_quoted(rule)}", body={"allow_force_push": False}
                    )
                    there[rule]["allow_force_push"] = False
                    yield f"{rule} may no longer be rewritten"

    def _protections(self) -> dict[str, dict[str, Any]]:
        return {str(one["name"]): one for one in self._client.every("/protected_branches", "name")}

    def _existing(self) -> list[str]:
        branches = self._client.every("/repository/branches", "name", pagination="keyset")
        there = {one["name"] for one in branches}
        return [name for name in self._targets if name in there]

    def _variables(self) -> Iterator[Finding]:
        for one in self._secrets():
            name, scope = one["key"], one.get("environment_scope", "*")
            if not one.get("masked") and one.get("variable_type") != "file":
                cause = "a job that prints it writes it into its log, which every member of the project reads"
                cure = "greenroom doctor gitlab variables --fix, or mask it in Settings, CI/CD, Variables"
                yield _problem(
                    "variables", f"{name} (for {scope}) looks like a secret and is not masked", cause, cure
                )
            if _PRODUCTION.search(f"{name} {scope}") and not one.get("protected"):
                cause = "a job of any branch that somebody pushes gets it"
                cure = (
                    "protect it in Settings, CI/CD, Variables, and see that production's branch is protected"
                )
                yield _problem(
                    "variables", f"{name} (for {scope}) is production's and not protected", cause, cure
                )

    def _mask(self) -> Iterator[str]:
        """Masking breaks no job; protecting may, so that is left to people."""
        for one in self._secrets():
            if one.get("masked") or one.get("variable_type") == "file":
                continue
            name, scope = one["key"], one.get("environment_scope", "*")
            body = {"masked": True, "filter": {"environment_scope": scope}}
            try:
                self._client.ask("put", f"/variables/{name}", body=body)
                yield f"{name} (for {scope}) is masked"
            except GitLabError as error:
                if error.status != 400:
                    raise
                yield f"{name} (for {scope}) cannot be masked: GitLab masks only one line of 8 characters or more"

    def _secrets(self) -> list[dict[str, Any]]:
        found = self._client.every("/variables", "key", "environment_scope")
        return [one for one in found if _SECRET.search(str(one["key"]))]

    def _runner(self) -> Iterator[Finding]:
        there = self._client.every("/runners")
        if not any(one.get("online") and not one.get("paused") for one in there):
            text = f"none of the {len(there)} runners is online" if there else "the project has no runner"
            yield _problem("runner", text, "jobs wait for one", "register one: Settings, CI/CD, Runners")

    def _schedule(self) -> Iterator[Finding]:
        if not self._sweeps():
            cause = "a push that deletes more than three branches fires no webhook and no pipeline; neither does time that is over"
            cure = "make a schedule (Build, Pipeline schedules) whose pipeline runs greenroom sweep, hourly"
            yield _warning("schedule", "no active schedule runs a pipeline", cause, cure)

    def _sweeps(self) -> bool:
        """Is there a schedule? What its pipeline does is not looked into."""
        return any(one.get("active") for one in self._client.every("/pipeline_schedules"))

    def _push_limit(self) -> Iterator[Finding]:
        """The instance's settings are for administrators alone; with any other token it is skipped."""
        told = self._client.ask("get", "/application/settings", own=False).body
        limit = int(told.get("push_event_hooks_limit") or 0)
        if limit and not self._sweeps():
            text = f"a push that changes more than {limit} branches fires no webhook, and no schedule looks for it"
            cause = "Admin, Settings, Network: push_event_hooks_limit"
            yield _warning("push-limit", text, cause, "make a schedule that sweeps, or raise the limit")

    def _registry_delete(self) -> Iterator[Finding]:
        if self._deletes is not None and not self._deletes():
            cause = "it is set to keep everything: a tag for each build stays for ever, and its bytes too"
            cure = (
                "storage: delete: enabled: true in its configuration (REGISTRY_STORAGE_DELETE_ENABLED=true)"
            )
            yield _problem("registry-delete", "the registry lets nobody delete", cause, cure)

    def _cleanup(self) -> Iterator[Finding]:
        if taken := _taken(self._policy()):
            text = f"the registry's cleanup policy may remove what an environment runs: {', '.join(taken)}"
            cause = (
                "it goes by names and age, and knows neither what is deployed nor which branch a tag is of"
            )
            yield _problem("cleanup-policy", text, cause, "greenroom doctor gitlab cleanup-policy --fix")

    def _spare(self) -> Iterator[str]:
        policy = self._policy()
        if not _taken(policy):
            return
        before = str(policy.get("name_regex_keep") or "")
        words = "|".join([*([f"(?:{before})"] if before else []), SPARED])
        self._client.ask(
            "put", "", body={"container_expiration_policy_attributes": {"name_regex_keep": words}}
        )
        yield f"the cleanup policy keeps {SPARED}"

    def _policy(self) -> dict[str, Any]:
        told = self._client.ask("get", "").body
        return dict(told.get("container_expiration_policy") or {})


def _taken(policy: dict[str, Any]) -> list[str]:
    """Those of the kept kinds that the policy may remove, once they are old enough. GitLab matches whole names."""
    deletes = str(policy.get("name_regex_delete") or policy.get("name_regex") or "")
    keeps = str(policy.get("name_regex_keep") or "")
    if not policy.get("enabled") or not deletes:
        return []
    due = [tag for tag in KEPT if _matches(deletes, tag, unsure=True)]
    return [tag for tag in due if not (keeps and _matches(keeps, tag, unsure=False))]


def _matches(pattern: str, tag: str, unsure: bool) -> bool:
    """``unsure``: the answer where the pattern is one of RE2's that Python does not know."""
    try:
        return re.fullmatch(pattern, tag) is not None
    except re.error:
        return unsure


def _covers(rule: str, branch: str) -> bool:
    """Is it a rule for this branch? ``*`` stands for any text, slashes too."""
    return re.fullmatch(".*".join(map(re.escape, rule.split("*"))), branch) is not None


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _problem(check: str, message: str, cause: str, cure: str) -> Finding:
    return Finding(check, Severity.PROBLEM, message, cause, cure)


def _warning(check: str, message: str, cause: str, cure: str) -> Finding:
    return Finding(check, Severity.WARNING, message, cause, cure)
