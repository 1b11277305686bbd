"""On a private host: a one-time code becomes this host's own cookie."""

from __future__ import annotations

import hmac

from flask import Response, redirect, request

from greenroom.signin.asked import asked
from greenroom.signin.cookies import BROWSER, PASS, cookie, drop, give
from greenroom.signin.deciding import policy_of, write_pass
from greenroom.signin.memory import digest
from greenroom.signin.pages import page
from greenroom.signin.parts import Parts

SPENT = "This link was used, is too old, or was made for another browser."


def code(parts: Parts) -> Response:
    """Take the code; it must be of this host, this environment and this browser."""
    known, question = parts.settings.now(), asked(request)
    found = parts.memory.take("code", request.args.get("code", ""))
    number = cookie(question.cookies, BROWSER) or ""
    right = (
        found is not None
        and policy_of(known, question) is not None
        and found["host"] == question.host
        and found["environment"] == question.environment
        and hmac.compare_digest(digest(number), str(found["browser"]))
    )
    if found is None or not right:
        return page("Sign in", 400, SPENT, link=("/", "Go on"))
    answer = redirect(str(found["page"]), 303)
    assert isinstance(answer, Response)
    written = write_pass(known, question.host, question.environment, found["person"])
    give(answer, PASS, written, known.door.sign_in.session)
    return answer


def leave(parts: Parts) -> Response:
    """Forget this host's cookie, then sign out on the sign-in host."""
    known = parts.settings.now()
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return page(
            "Sign out", 403, "Another site asked for this.", link=("/.greenroom/sign-out", "Sign out")
        )
    answer = redirect(f"{known.door.url(known.door.sign_in.host)}/.greenroom/sign-out", 303)
    assert isinstance(answer, Response)
    drop(answer, PASS)
    return answer
