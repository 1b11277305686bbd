"""On the sign-in host: by password or through the provider; then back to where somebody wanted to go, with a code."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, redirect, request

from greenroom.domain.access import Person, may_enter
from greenroom.signin.asked import asked
from greenroom.signin.cookies import (
    BROWSER,
    BROWSER_SECONDS,
    SIGNED_IN,
    Signer,
    browser_number,
    cookie,
    drop,
    give,
)
from greenroom.signin.deciding import person_data, person_of
from greenroom.signin.memory import digest
from greenroom.signin.oidc import ProviderTrouble
from greenroom.signin.pages import page, policy
from greenroom.signin.parts import Parts
from greenroom.signin.passwords import Throttled, check
from greenroom.signin.settings import Known

BEGIN_SECONDS = 3600.0
"""How long somebody may take from the first redirect to the sign-in."""
FLOW_SECONDS = 600.0
"""How long the provider's own sign-in may take."""
CODE_SECONDS = 60.0
SIGN_OUT = ("/.greenroom/sign-out", "Sign out")
LOST = "This took too long, or was begun in another browser. Open the page you want again."

LOG = logging.getLogger("greenroom.signin")

Begin = Mapping[str, Any]


def sign_in(parts: Parts) -> Response:
    """The form, or at once onward for somebody who has signed in already."""
    known = parts.settings.now()
    begin = _begin(known, request.args.get("begin"))
    if begin is None:
        return page("Sign in", 400, LOST)
    person = _signed_in(known)
    if person is not None:
        return _enter(parts, known, begin, person)
    if known.door.sign_in.issuer and (request.args.get("with") == "oidc" or not known.has_users):
        return _to_provider(parts, known, begin)
    return _form(known, begin, 200)


def password(parts: Parts) -> Response:
    """The form was sent."""
    known = parts.settings.now()
    begin = _begin(known, request.form.get("begin"))
    if begin is None or not _our_form(known):
        return page("Sign in", 400, LOST)
    user, address = request.form.get("user", "")[:64], asked(request).address
    # A password typed into the wrong field must not stand in a log.
    told = repr(user) if known.password(user) else "an unknown name"
    try:
        right = check(known, parts.memory, user, request.form.get("password", "")[:1000], address)
    except Throttled as throttled:
        LOG.warning("too many attempts for %s from %s", told, address)
        answer = _form(known, begin, 429, "Too many attempts. Wait some minutes.", user)
        answer.headers["Retry-After"] = str(int(throttled.seconds))
        return answer
    if not right:
        LOG.warning("wrong password for %s from %s", told, address)
        return _form(known, begin, 401, "Wrong name or password.", user)
    LOG.info("%r signed in by password from %s", user, address)
    return _welcome(parts, known, begin, Person(user, "password"))


def callback(parts: Parts) -> Response:
    """The provider sent the browser back."""
    known = parts.settings.now()
    flow = parts.memory.take("flow", request.args.get("state", ""))
    begin = _begin(known, flow["begin"]) if flow else None
    provider = parts.provider(known)
    if flow is None or begin is None or provider is None or not _same_browser(flow["browser"]):
        return page("Sign in", 400, LOST)
    if "code" not in request.args:
        return page("Sign in", 403, "The sign-in was declined.", link=_again(begin))
    try:
        person = provider.finish(request.args["code"], flow["nonce"], flow["verifier"])
    except ProviderTrouble as trouble:
        LOG.warning("the provider's answer was refused: %s", trouble)
        return page("Sign in", 502, "The sign-in provider's answer was refused.", link=_again(begin))
    LOG.info("%r signed in through the provider from %s", person.name, asked(request).address)
    return _welcome(parts, known, begin, person)


def sign_out(parts: Parts) -> Response:
    """Forget who signed in here; what they opened before stays open to them until it ends, or they sign out there."""
    del parts
    answer = page("Signed out", 200, "You are signed out.")
    drop(answer, SIGNED_IN)
    return answer


def _begin(known: Known, text: str | None) -> Begin | None:
    """Where somebody wants to go, if the door has signed it and the host is still one of ours."""
    begin = Signer(known.key, "begin").read(text, BEGIN_SECONDS)
    if begin is None or known.door.environment(str(begin["host"])) not in known.door.policies:
        return None
    return {**begin, "text": text}


def _signed_in(known: Known) -> Person | None:
    signer = Signer(known.key, "person")
    found = signer.read(cookie(request.headers.get("Cookie", ""), SIGNED_IN), known.door.sign_in.session)
    person = person_of(known, found) if found is not None else None
    if person is not None and person.via == "password" and known.password(person.name) is None:
        return None
    return person


def _welcome(parts: Parts, known: Known, begin: Begin, person: Person) -> Response:
    answer = _enter(parts, known, begin, person)
    signed = Signer(known.key, "person").sign(person_data(known, person))
    give(answer, SIGNED_IN, signed, known.door.sign_in.session)
    return answer


def _enter(parts: Parts, known: Known, begin: Begin, person: Person) -> Response:
    """Back with a code, if this person may see that environment."""
    environment = known.door.environment(str(begin["host"])) or ""
    if not may_enter(known.door.policies[environment], known.door.sign_in, person):
        LOG.warning("%r may not see %s", person.name, environment)
        return page("Not for you", 403, f"{person.name} may not see {environment}.", link=SIGN_OUT)
    data = {**begin, "environment": environment, "person": person_data(known, person)}
    code = parts.memory.put("code", data, CODE_SECONDS)
    return _see(f"{known.door.url(str(begin['host']))}/.greenroom/code?code={code}")


def _to_provider(parts: Parts, known: Known, begin: Begin) -> Response:
    provider = parts.provider(known)
    assert provider is not None
    number, new = browser_number(request.headers.get("Cookie", ""))
    flow = {
        "begin": begin["text"],
        "browser": digest(number),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
    }
    state = parts.memory.put("flow", flow, FLOW_SECONDS)
    try:
        answer = _see(provider.url(state, flow["nonce"], flow["verifier"]))
    except ProviderTrouble as trouble:
        LOG.warning("the provider cannot be asked: %s", trouble)
        return page("Sign in", 502, "The sign-in provider does not answer.")
    if new:
        give(answer, BROWSER, number, BROWSER_SECONDS)
    return answer


def _form(known: Known, begin: Begin, status: int, message: str = "", user: str = "") -> Response:
    number, new = browser_number(request.headers.get("Cookie", ""))
    issuer = known.door.sign_in.issuer
    answer = page(
        "Sign in",
        status,
        message,
        "sign-in.html",
        host=begin["host"],
        begin=begin["text"],
        form=Signer(known.key, "form").sign({"browser": digest(number)}),
        user=user,
        issuer=urlsplit(issuer).hostname if issuer else "",
        provider=urlencode({"begin": begin["text"], "with": "oidc"}) if issuer else "",
    )
    # Browsers hold redirects after a form to this, too.
    answer.headers["Content-Security-Policy"] = policy(f"'self' {known.door.url(str(begin['host']))}")
    if new:
        give(answer, BROWSER, number, BROWSER_SECONDS)
    return answer


def _our_form(known: Known) -> bool:
    """Did this browser get the form from here?"""
    origin = request.headers.get("Origin")
    if origin is not None and origin != known.door.url(known.door.sign_in.host):
        return False
    form = Signer(known.key, "form").read(request.form.get("form"), BEGIN_SECONDS)
    return form is not None and _same_browser(str(form["browser"]))


def _same_browser(expected: str) -> bool:
    number = cookie(request.headers.get("Cookie", ""), BROWSER) or ""
    return hmac.compare_digest(digest(number), expected)


def _again(begin: Begin) -> tuple[str, str]:
    return "/.greenroom/sign-in?" + urlencode({"begin": begin["text"]}), "Try again"


def _see(url: str) -> Response:
    answer = redirect(url, 303)
    assert isinstance(answer, Response)
    return answer
