"""What a pipeline is started for, and the variables that GitLab then sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PROJECT = "company/shop"
FORK = "somebody/shop"
SHA = "0123456789abcdef0123456789abcdef01234567"


TARGET = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"


@dataclass(frozen=True, slots=True)
class Situation:
    """A push of ``ref``, unless something else is said. ``source``: GitLab's word (push, schedule, web, trigger ...).

    ``request``: it is the pipeline of a merge request from ``ref`` into ``into`` (empty: the default branch); ``fork``: the branch is another
    project's. ``opened``: a merge request of the branch is open. ``changed``: paths that the push changes, None: every
    one that is asked for.
    """

    ref: str
    source: str = "push"
    tag: bool = False
    request: bool = False
    fork: bool = False
    opened: bool = False
    default: str = "master"
    into: str = ""
    changed: tuple[str, ...] | None = None

    @property
    def title(self) -> str:
        """What it is, in words."""
        if self.request:
            into = f" into {self.into}" if self.into else ""
            return f"a merge request from {self.ref}{into}" + (" of a fork" if self.fork else "")
        if self.tag:
            return f"the tag {self.ref}"
        if self.source == "schedule":
            return f"a schedule on {self.ref}"
        how = "" if self.source == "push" else f" ({self.source})"
        return f"the branch {self.ref}{how}" + (", with an open merge request" if self.opened else "")

    def variables(self) -> dict[str, str]:
        """Those that conditions ask for."""
        source = "merge_request_event" if self.request else self.source
        return {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PIPELINE_SOURCE": source,
            "CI_COMMIT_REF_NAME": self.ref,
            "CI_COMMIT_REF_SLUG": ref_slug(self.ref),
            "CI_COMMIT_SHA": SHA,
            "CI_COMMIT_SHORT_SHA": SHA[:8],
            "CI_DEFAULT_BRANCH": self.default,
            "CI_PROJECT_PATH": PROJECT,
            "CI_PROJECT_NAMESPACE": PROJECT.partition("/")[0],
            "CI_PROJECT_NAME": PROJECT.partition("/")[2],
            "CI_COMMIT_REF_PROTECTED": "true" if self.ref == self.default and not self.request else "false",
            **self._own(),
        }

    def _own(self) -> Mapping[str, str]:
        if self.request:
            return {
                "CI_MERGE_REQUEST_ID": "1",
                "CI_MERGE_REQUEST_IID": "7",
                "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
                "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/head",
                "CI_MERGE_REQUEST_PROJECT_PATH": PROJECT,
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": FORK if self.fork else PROJECT,
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": self.ref,
                TARGET: self.into or self.default,
                "CI_OPEN_MERGE_REQUESTS": f"{PROJECT}!7",
            }
        if self.tag:
            return {"CI_COMMIT_TAG": self.ref}
        return {
            "CI_COMMIT_BRANCH": self.ref,
            **({"CI_OPEN_MERGE_REQUESTS": f"{PROJECT}!7"} if self.opened else {}),
        }


def ref_slug(ref: str) -> str:
    """``CI_COMMIT_REF_SLUG``: lower case, at most 63 characters, no hyphen at the ends."""
    return re.sub(r"[^a-z0-9]", "-", ref.lower())[:63].strip("-")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """``$NAME`` and ``${NAME}`` replaced; what is not there is empty, ``$$`` is a dollar."""
    return re.sub(
        r"\$(?:\$|\{(\w+)\}|(\w+))",
        lambda found: "$" if found[0] == "$$" else variables.get(found[1] or found[2], ""),
        text,
    )


DECIDED = frozenset(
    name
    for one in (Situation("x", opened=True), Situation("x", tag=True), Situation("x", request=True))
    for name in one.variables()
    if name != TARGET
)
"""Variables whose values are known in every situation that a pipeline is tried with; into which branch a request goes is not."""
