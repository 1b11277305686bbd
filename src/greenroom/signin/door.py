"""The edge's question about each request to what is not open: may it pass?"""

from __future__ import annotations

from flask import Response, make_response, redirect, request

from greenroom.domain.access import AccessPolicy
from greenroom.drivers.system.signing import SIGNED, signed
from greenroom.signin.asked import Asked, asked
from greenroom.signin.cookies import BROWSER, BROWSER_SECONDS, Signer, browser_number, give
from greenroom.signin.deciding import policy_of, who
from greenroom.signin.memory import digest
from greenroom.signin.objects import object_path
from greenroom.signin.pages import page, plain
from greenroom.signin.parts import Parts
from greenroom.signin.settings import Known

WAKING_RETRY = 5
"""Seconds after which a page that wakes up is asked for again."""


def check(parts: Parts) -> Response:
    """200 lets the request through, with who it is; every other answer goes to the visitor.

    Raises Unusable when there is no configuration.
    """
    known, question = parts.settings.now(), asked(request)
    policy = policy_of(known, question)
    if policy is None:
        return plain("nobody is let in here: the sign-in does not know this host", 403)
    name = who(known, policy, question, parts.clock.now())
    if name is None:
        return _challenge(known, question)
    if parts.waking.asleep(question.environment) and not parts.waking.awake(question.environment):
        return _waking(question)
    return _passed(parts, known, policy, question, name)


def _passed(parts: Parts, known: Known, policy: AccessPolicy, question: Asked, name: str) -> Response:
    answer = make_response("", 200)
    answer.headers["X-Greenroom-User"] = name
    bucket = known.door.buckets.get(question.environment)
    path = object_path(bucket, question.path) if policy.private and bucket else None
    key = parts.settings.bucket_key(question.environment) if path else None
    proof = signed(question.method, known.door.s3, path, key, known.door.region) if path and key else {}
    for header in SIGNED:
        answer.headers[f"X-Greenroom-S3-{header}"] = proof.get(header, "")
    return answer


def _challenge(known: Known, question: Asked) -> Response:
    """A person is sent to the sign-in; a program is told that it must have one."""
    number, new = browser_number(question.cookies)
    begin = Signer(known.key, "begin").sign(
        {"host": question.host, "page": question.page, "browser": digest(number)}
    )
    if not question.navigates:
        answer = plain("sign in first", 401)
        answer.headers["WWW-Authenticate"] = f'Bearer realm="{question.environment}"'
        return answer
    host = known.door.url(known.door.sign_in.host)
    sent = redirect(f"{host}/.greenroom/sign-in?begin={begin}", 302)
    assert isinstance(sent, Response)
    if new:
        give(sent, BROWSER, number, BROWSER_SECONDS)
    return sent


def _waking(question: Asked) -> Response:
    if question.accepts_html:
        answer = page(
            "Waking up",
            503,
            "This environment was asleep. It will be here in a moment.",
            refresh=WAKING_RETRY,
        )
    else:
        answer = plain("waking up; ask again", 503)
    answer.headers["Retry-After"] = str(WAKING_RETRY)
    return answer
