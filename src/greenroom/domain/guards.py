"""From what was seen to findings: the rules of the checks. Each is explained in docs/reference/checks.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from greenroom.domain.budget import connection_budget
from greenroom.domain.findings import Finding, Severity
from greenroom.domain.inspected import About, Carry, Certificate, Pace, Pool, Strays
from greenroom.domain.policy import Policy
from greenroom.domain.project import DatabaseLimits
from greenroom.domain.roles import Role, RoleKind, web_of

LISTED = 10
"""So many files are named in a finding."""

LONG_LIVED = 7 * 86_400.0
"""Seconds. A certificate that lives longer comes from a public authority and is renewed at a third of its life."""

FRESH, FRESH_SHORT = 1 / 3, 1 / 5
"""The share of its life that a certificate should have left. Caddy renews at a third; the edge's own authority
signs for hours, so a renewal that is a little late is no news there."""


def budget_findings(roles: tuple[Role, ...], limits: DatabaseLimits) -> tuple[Finding, ...]:
    """Do the declared connections fit?"""
    budget = connection_budget(roles, limits)
    if budget.ok:
        return ()
    return (
        Finding(
            "connection-budget",
            Severity.PROBLEM,
            f"two slots at once may open too many database connections: {budget.text}",
            "during a release the web role runs twice",
            "lower processes, connections or replicas, or raise [database] max_connections to what the server allows",
        ),
    )


def pool_findings(
    about: Iterable[About], roles: tuple[Role, ...], limits: DatabaseLimits
) -> tuple[Finding, ...]:
    """Are the pools of a web process as small as declared? What does not fit at all is a problem."""
    web = web_of(roles)
    pools = max((a.pools for a in about), key=_weight, default=())
    endless = [p.where for p in pools if p.most is None]
    most = sum(p.most or 0 for p in pools)
    if not endless and most <= web.connections:
        return ()
    if endless:
        opens = f"as many connections as there are requests ({', '.join(endless)} has no limit)"
        fits = False
    else:
        opens = f"{most} connections ({', '.join(f'{p.where}: {p.most}' for p in pools)})"
        fits = connection_budget([_with_connections(r, most) for r in roles], limits).ok
    return (
        Finding(
            "connection-budget",
            Severity.WARNING if fits else Severity.PROBLEM,
            f"a process of the web role may open {opens}, but {web.connections} are declared",
            "the pool in the app (pool size and overflow) is larger than connections in greenroom.toml",
            f"make the pool smaller, or set [roles.{web.name}] connections to what the app opens",
        ),
    )


def _weight(pools: tuple[Pool, ...]) -> float:
    return sum(float("inf") if p.most is None else p.most for p in pools)


def _with_connections(role: Role, most: int) -> Role:
    return replace(role, connections=most) if role.kind is RoleKind.WEB else role


def session_findings(carry: Carry) -> tuple[Finding, ...]:
    """Does a visitor stay signed in? See :func:`_carry_findings`."""
    return _carry_findings(
        "session-continuity",
        carry,
        "session cookie",
        "everybody is signed out",
        "SECRET_KEY is made anew by each process or at each start, or was replaced",
        "give the app one SECRET_KEY from its environment; replace it with SECRET_KEY_FALLBACKS, first accepting, "
        "then signing",
    )


def csrf_findings(carry: Carry) -> tuple[Finding, ...]:
    """Can an open form be sent? See :func:`_carry_findings`."""
    return _carry_findings(
        "csrf-continuity",
        carry,
        "form's CSRF token",
        "every form that is open is refused with 400",
        "WTF_CSRF_SECRET_KEY (or SECRET_KEY, where it is not set) is made anew by each process or at each start, "
        "or was replaced; Flask-WTF has no fallback keys",
        "let WTF_CSRF_SECRET_KEY be unset, or take it from the environment; it must stay the same",
    )


def _carry_findings(
    check: str, carry: Carry, what: str, harm: str, cause: str, cure: str
) -> tuple[Finding, ...]:
    """The worst of a slot's findings: what its own processes refuse hides what goes between slots."""

    def finding(severity: Severity, message: str) -> tuple[Finding, ...]:
        return (Finding(check, severity, message, cause, cure),)

    if carry.within is False:
        return finding(
            Severity.PROBLEM, f"a {what} of one worker process is refused by another of the same slot"
        )
    if carry.within_live is False:
        return finding(
            Severity.PROBLEM, f"a {what} of one worker process of the live slot is refused by another"
        )
    if carry.onward is False:
        return finding(Severity.PROBLEM, f"a {what} of the live slot is refused by the other one: {harm}")
    if carry.back is False:
        return finding(
            Severity.WARNING, f"a {what} of the new slot is refused by the live one: going back means {harm}"
        )
    return ()


def memory_findings(about: Iterable[About], processes: int) -> tuple[Finding, ...]:
    """What is kept in the memory of one process is not shared by several."""
    kept = sorted({name for a in about for name in a.memory})
    if processes < 2 or not kept:
        return ()
    return (
        Finding(
            "memory-limiter",
            Severity.WARNING,
            f"{' and '.join(kept)} counts or keeps in the memory of each of the {processes} web processes alone",
            "its storage is the default, the memory of one process; each process has its own and loses it at a deploy",
            "give it a storage that all share (RATELIMIT_STORAGE_URI, CACHE_TYPE), or run one process with more threads",
        ),
    )


def stray_findings(release: str, strays: Strays) -> tuple[Finding, ...]:
    """Files that a release wrote into its own folder go with it."""
    made = [*strays.appeared, *(f"{path} (changed)" for path in strays.changed)]
    made += [f"{path} (gone)" for path in strays.vanished]
    if not made:
        return ()
    more = f" and {len(made) - LISTED} more" if len(made) > LISTED else ""
    return (
        Finding(
            "local-uploads",
            Severity.PROBLEM,
            f"{len(made)} file(s) of release {release} are not as built: {', '.join(made[:LISTED])}{more}",
            "the app writes into its own folder, probably uploads; the next release does not have them, and they are "
            "removed with this one",
            "store uploads in the bucket (S3_ENDPOINT_URL, S3_BUCKET), temporary files in a temporary folder",
        ),
    )


def pace_findings(pace: Pace, policy: Policy) -> tuple[Finding, ...]:
    """Is a fresh slot far slower than the live one, or its first page far slower than its later ones?"""
    usual = pace.p95_ms if pace.live_p95_ms is None else pace.live_p95_ms
    bar = max(policy.cold_floor_ms, policy.cold_factor * usual)
    if pace.p95_ms > bar:
        return (
            Finding(
                "cold-workers",
                Severity.WARNING,
                f"p95 of the new slot's pages is {pace.p95_ms:.0f} ms, the live slot's in the same moments {usual:.0f} ms",
                "the release is slower, or it is still filling its caches",
                "compare the queries of both releases; keep what is costly to make in a store that all slots share",
            ),
        )
    if pace.first_ms > bar:
        return (
            Finding(
                "cold-workers",
                Severity.WARNING,
                f"the first answer of every fresh worker process took at least {pace.first_ms:.0f} ms on {pace.first_page}, "
                f"later ones {usual:.0f} ms",
                "it loads or computes something at its first request; a process that is replaced between two "
                "deploys does so in front of a visitor",
                "do it when the app is imported, or keep it in a store that all processes share",
            ),
        )
    return ()


def certificate_findings(seen: Certificate, now: float) -> tuple[Finding, ...]:
    """Is the certificate on the socket good, the one on disk, and fresh?"""

    def finding(severity: Severity, message: str, cause: str, cure: str) -> tuple[Finding, ...]:
        return (Finding("certificate", severity, f"{seen.host}: {message}", cause, cure),)

    if seen.trouble:
        return finding(
            Severity.PROBLEM,
            f"clients refuse the certificate that is served: {seen.trouble}",
            "the edge has no good certificate for this host",
            "greenroom logs edge says why it gets none; greenroom trust explains the edge's own authority",
        )
    if seen.same is False:
        return finding(
            Severity.PROBLEM,
            "the certificate that is served is not the one on disk",
            "it was renewed or replaced on disk, and the edge has not taken it up",
            "greenroom down, greenroom up restarts the edge with what is on disk",
        )
    life, left = seen.ends - seen.begins, seen.ends - now
    share = FRESH if life > LONG_LIVED else FRESH_SHORT
    if left < share * life:
        return finding(
            Severity.WARNING,
            f"the certificate ends in {left / 3600:.1f} h, {100 * max(left, 0.0) / life:.0f} % of its life is left",
            "it should have been renewed by now",
            "greenroom logs edge says why the renewal fails",
        )
    return ()


def liveness_findings(
    path: str, status: int | None, probe_path: str, ready: int | None
) -> tuple[Finding, ...]:
    """Asked of a slot that reaches neither database nor store. Statuses; None: no answer at all.

    A 404 on the liveness path means that the app has none.
    """
    found: list[Finding] = []
    if status != 404 and not _good(status):
        found.append(
            Finding(
                "liveness",
                Severity.PROBLEM,
                f"without its database the app is not alive: {path} {_said(status)}",
                "the liveness page asks the database or the store, or the app does when it starts; whoever restarts "
                "what is not alive restarts it for ever while the database is away",
                f"let {path} answer 200 without asking anybody; what must be there belongs to {probe_path}",
            )
        )
    if _good(ready):
        found.append(
            Finding(
                "liveness",
                Severity.PROBLEM,
                f"without its database the app calls itself ready: {probe_path} {_said(ready)}",
                "the readiness page does not ask the database and the store",
                f"let {probe_path} answer 503 until everything that a page needs answers",
            )
        )
    return tuple(found)


def _good(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _said(status: int | None) -> str:
    return "does not answer" if status is None else f"answers {status}"
