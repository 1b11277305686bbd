"""A fake GitLab with its clock, and the client and forge that read it in process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from greenroom.domain.secret import Secret
from greenroom.domain.sweeping import MergeRequest
from greenroom.drivers.gitlab import Client, GitLabForge, Where
from greenroom.drivers.memory.commits import TARGET
from greenroom.testing.gitlab import GitLab, session


@dataclass
class TestClock:
    """Time that passes only when somebody sleeps."""

    __test__ = False
    time: float = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Git:
    """What ``git ls-remote`` and a clone say of the fake's repository."""

    lab: GitLab

    def branches(self) -> Mapping[str, str]:
        return dict(self.lab.heads)

    def is_merged(self, commit: str) -> bool | None:
        return self.lab.contains(TARGET, commit)

    def requests(self, branches: Collection[str]) -> tuple[MergeRequest, ...]:
        return ()

    def waiting(self) -> Mapping[str, str]:
        return {}


@dataclass
class Stand:
    """``page``: so many items a request. ``said``: what people were told of waits."""

    clock: TestClock = field(default_factory=TestClock)
    page: int = 100
    token: str = "glpat-all"
    patience: float = 120.0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lab = GitLab(self.clock)
        self.session = session(self.lab)

    def client(self, project: str = "team/shop") -> Client:
        where = Where(self.lab.url, project, "$GREENROOM_GITLAB_TOKEN")
        token = Secret(self.token) if self.token else None
        return Client(where, token, self.clock, self.said.append, self.patience, self.page, self.session)

    def forge(self) -> GitLabForge:
        return GitLabForge(self.client(), Git(self.lab))
