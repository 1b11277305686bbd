"""What must not be in an image: the rules, and how a file's content is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from greenroom.domain.findings import Severity
from greenroom.domain.image_contents import Contents, Inspection, Lying, Suspect

MOST_READ = 262_144
"""So many bytes of each file are looked at: keys and tokens are small files."""

_REBUILD = "leave it out of the context (greenroom image dockerignore) and build again; what was pushed counts as known"
_SAME_STEP = "never let it into a step whose result is kept: use RUN --mount=type=secret"

_SIGNS: Mapping[str, re.Pattern[bytes]] = {
    "private-key": re.compile(
        rb"^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*\n(?:[\w-]+: .*\n|\s*\n)*[A-Za-z0-9+/=]{16}",
        re.MULTILINE,
    ),
    "age-key": re.compile(rb"^AGE-SECRET-KEY-1[0-9A-Z]{58}", re.MULTILINE),
    "kubeconfig": re.compile(
        rb"(?s)\A(?=.*^ *[\"']?clusters[\"']?:)(?=.*(?:client-key-data|token)[\"']?:)", re.MULTILINE
    ),
    "registry-login": re.compile(rb'"auths"\s*:\s*\{[^}]*"(?:auth|identitytoken)"\s*:\s*"\S'),
    "token": re.compile(
        rb"\b(?:glpat-[\w-]{20}|gh[pousr]_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16}\b|xox[bp]-[\w-]{20})|:_authToken=\S|aws_secret_access_key\s*=\s*\S"
    ),
}
_HINTS: Mapping[str, tuple[bytes, ...]] = {
    "private-key": (b"PRIVATE KEY",),
    "age-key": (b"AGE-SECRET-KEY-1",),
    "kubeconfig": (b"client-key-data", b"token"),
    "registry-login": (b'"auths"',),
    "token": (b"glpat-", b"gh", b"AKIA", b"xox", b"_authToken", b"aws_secret"),
}
_COMPILED = (".py", ".pyc", ".so", ".html", ".css", ".js", ".svg", ".png", ".gz", ".mo")
"""Endings of files in which a kubeconfig or a token is nobody's: only a key at the beginning of a line counts there."""


def signs(path: str, content: bytes) -> tuple[str, ...]:
    """What the beginning of a file (at most :data:`MOST_READ` bytes) is recognised as: a secret of some kind, or nothing."""
    kinds = ("private-key", "age-key") if path.endswith(_COMPILED) else tuple(_SIGNS)
    return tuple(k for k in kinds if any(h in content for h in _HINTS[k]) and _SIGNS[k].search(content))


@dataclass(frozen=True, slots=True)
class Rule:
    """Files whose path matches ``path``; what the match covers is named as one. ``seen``: only what no later layer hides."""

    name: str
    severity: Severity
    path: str
    reason: str
    cure: str
    seen: bool = False


_TOP = r"(?:^|.*?/)"
_PROBLEM, _WARNING = Severity.PROBLEM, Severity.WARNING
RULES: tuple[Rule, ...] = (
    Rule(
        "git",
        _PROBLEM,
        _TOP + r"\.git(?=/|$)",
        "the whole history, with everything that was ever deleted",
        _REBUILD,
    ),
    Rule(
        "env-file",
        _PROBLEM,
        _TOP + r"\.env(?:\.(?!example$|sample$|template$|dist$)[\w.-]+)?$",
        "settings and secrets in the clear",
        _REBUILD,
    ),
    Rule(
        "ssh",
        _PROBLEM,
        _TOP + r"(?:\.ssh/(?!known_hosts)[^/]+|id_(?:rsa|dsa|ecdsa|ed25519))$",
        "a key of SSH",
        _REBUILD,
    ),
    Rule(
        "login",
        _PROBLEM,
        _TOP
        + r"(?:\.netrc|\.pypirc|\.git-credentials|\.pgpass|\.aws/credentials|\.kube/config|\.docker/config\.json)$",
        "somebody's login",
        _SAME_STEP,
    ),
    Rule(
        "node-modules",
        _WARNING,
        _TOP + r"node_modules(?=/)",
        "packages that only a build needs",
        "build in an earlier stage, copy only the result",
    ),
    Rule(
        "compiled",
        _WARNING,
        r"(?!usr/(?:local/)?(?:lib|share)/)" + _TOP + r"__pycache__(?=/)",
        "compiled Python: it differs from build to build, so the digest does",
        "PYTHONDONTWRITEBYTECODE=1, pip install --no-compile, **/__pycache__ in .dockerignore",
    ),
    Rule(
        "tool-cache",
        _WARNING,
        _TOP + r"\.(?:pytest|mypy|ruff)_cache(?=/)|" + _TOP + r"\.(?:hypothesis|tox|nox)(?=/)",
        "a tool's cache",
        _REBUILD,
    ),
    Rule(
        "package-cache",
        _WARNING,
        r"(?:root|home/[^/]+)/\.(?:cache|npm|cargo)(?=/)|.*?(?:^|/)\.cache/pip(?=/)",
        "a package manager's cache",
        "pip install --no-cache-dir, or RUN --mount=type=cache",
    ),
    Rule(
        "apt-cache",
        _WARNING,
        r"var/cache/apt/[^/]+\.bin$|var/cache/apt/archives/[^/]+\.deb$|var/lib/apt/lists/(?!lock$|partial$|auxfiles$)[^/]+$",
        "apt's lists and packages",
        "rm -rf /var/lib/apt/lists/* in the same RUN",
    ),
    Rule(
        "compiler",
        _WARNING,
        r"(?:usr/(?:local/)?)?bin/(?:[\w-]+-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|rustc|tcc)(?:-[\d.]+)?$|usr/local/go/bin/go$",
        "a compiler: size for nothing, and a tool for intruders",
        "compile in an earlier stage, copy /venv from it",
        seen=True,
    ),
)

_SIGN_WORDS: Mapping[str, str] = {
    "private-key": "a private key",
    "age-key": "a key of age",
    "kubeconfig": "the way into a cluster",
    "registry-login": "a registry's login",
    "token": "a token",
}
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|secret|token|credentials?|private_key|access_key|api_?key|secret_key)(?:_|$)"
)
_SECRET_IN_STEP = re.compile(
    r"(?i)\b(?P<name>\w*(?:password|passwd|secret|token|api_?key|access_key)\w*)=(?P<value>[^\s$'\"]{4,}|['\"][^'\"$]{4,})"
)
_LOGIN_IN_STEP = re.compile(r"://(?P<name>[^/\s:@]+):[^/\s@$]+@")


def judge(contents: Contents) -> Inspection:
    """Everything that must not be there, the worst first."""
    found = [*_by_path(contents), *_by_content(contents), *_by_mode(contents), *_by_configuration(contents)]
    ranks = list(reversed(Severity))
    return Inspection(contents, tuple(sorted(found, key=lambda s: (ranks.index(s.severity), s.rule, s.path))))


def _by_path(contents: Contents) -> Iterator[Suspect]:
    for rule in (*RULES, _tests(contents.home)):
        pattern = re.compile(rule.path)
        groups: dict[tuple[str, int], list[Lying]] = {}
        for one in contents.lying:
            if one.folder or (rule.seen and (one.link or one.hidden is not None)):
                continue
            if match := pattern.match(one.path):
                groups.setdefault((match[0], one.layer), []).append(one)
        yield from (_suspect(rule, path, group) for (path, _), group in groups.items())


def _tests(home: str) -> Rule:
    inside = home.strip("/")
    here = re.escape(inside) if inside else r"(?:app|srv|code|opt|home|usr/src)"
    packages = r"(?!.*(?:site|dist)-packages/)(?!.*/lib/python)"
    path = rf"{packages}{here}/(?:.*?/)?(?:tests?(?=/)|conftest\.py$)"
    return Rule("tests", _WARNING, path, "tests do not run in production", _REBUILD)


def _suspect(rule: Rule, path: str, group: list[Lying]) -> Suspect:
    hidden = [one.hidden for one in group]
    gone = None if None in hidden else max(h for h in hidden if h is not None)
    size, layer = sum(one.size for one in group), group[0].layer
    return Suspect(
        rule.name, rule.severity, f"/{path}", layer, size, len(group), rule.reason, rule.cure, gone
    )


def _by_content(contents: Contents) -> Iterator[Suspect]:
    for one in contents.lying:
        for sign in one.signs:
            public = "site-packages/" in one.path or "dist-packages/" in one.path
            reason = f"{_SIGN_WORDS[sign]}{' that a published package carries' if public else ''}"
            rule = Rule(sign, Severity.INFO if public else _PROBLEM, "", reason, _SAME_STEP)
            yield _suspect(rule, one.path, [one])


def _by_mode(contents: Contents) -> Iterator[Suspect]:
    cure = "take the right away in the image: RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +"
    rights = Rule("setuid", _WARNING, "", "runs with its owner's rights, whoever starts it", cure)
    open_ = Rule(
        "world-writable", _WARNING, "", "everybody may change it", "chmod o-w, and run with a read-only root"
    )
    last = {one.path: one for one in contents.lying if one.hidden is None and not one.link}
    for one in last.values():
        if one.mode & 0o6000 and not one.folder:
            yield _suspect(rights, one.path, [one])
        if one.mode & 0o002 and not (one.folder and one.mode & 0o1000):
            yield _suspect(open_, one.path, [one])


def _by_configuration(contents: Contents) -> Iterator[Suspect]:
    def said(rule: str, path: str, reason: str, cure: str, severity: Severity = _PROBLEM) -> Suspect:
        return Suspect(rule, severity, path, None, 0, 0, reason, cure)

    for name, value in contents.environment.items():
        if value and _SECRET_NAME.search(name):
            yield said(
                "env-secret", f"ENV {name}", "everybody who pulls the image reads it", "give it when it runs"
            )
    for name in sorted(set(_in_steps(contents.history))):
        yield said(
            "history-secret",
            f"history: {name}",
            "a build's arguments stand in the image for ever",
            _SAME_STEP,
        )
    if contents.user.partition(":")[0] in ("", "0", "root"):
        yield said("root", "USER", "its processes run as root", "USER 10001:10001", _WARNING)


def _in_steps(history: Iterable[str]) -> Iterator[str]:
    for step in history:
        for pattern in (_SECRET_IN_STEP, _LOGIN_IN_STEP):
            yield from (match["name"] for match in pattern.finditer(step))
