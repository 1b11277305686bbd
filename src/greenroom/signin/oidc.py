"""Sign-in with an OpenID Connect provider, as GitLab is one: code flow with PKCE, state and nonce."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from greenroom.domain.access import Person, SignIn
from greenroom.ports import Clock
from greenroom.signin.memory import digest

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
"""Signatures with a public key only: with HS256 or none, whoever knows the client could sign."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
SCOPE = "openid profile email"
TIMEOUT = 10.0
"""Seconds that the provider may take for an answer."""
KEPT_SECONDS = 3600.0
"""How long the provider's addresses and keys are kept."""
AGAIN_SECONDS = 10.0
"""Keys are asked for anew at most so often, whatever tokens somebody sends."""
LEEWAY = 60
"""Seconds that the clocks may differ."""


class ProviderTrouble(Exception):
    """The provider does not answer, or answers what may not be trusted. The text is for the log."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    at: float
    metadata: Mapping[str, Any]
    keys: Any


class Provider:
    """The provider that ``sign_in`` names; ``callback`` is this service's registered address."""

    def __init__(self, sign_in: SignIn, secret: str, callback: str, clock: Clock) -> None:
        self.made_from = (sign_in, secret, callback)
        self._sign_in, self._secret, self._callback = sign_in, secret, callback
        self._clock = clock
        self._lock = threading.Lock()
        self._fetched: _Fetched | None = None
        self._asked_anew = -AGAIN_SECONDS

    def url(self, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises :class:`ProviderTrouble`."""
        endpoint = self._endpoint("authorization_endpoint")
        begun = self._session().create_authorization_url(
            endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(begun[0])

    def finish(self, code: str, nonce: str, verifier: str) -> Person:
        """Redeem the code, and say who it is. Raises :class:`ProviderTrouble`."""
        from authlib.common.errors import AuthlibBaseError
        from joserfc.errors import JoseError
        from requests import RequestException

        session = self._session()
        try:
            token = session.fetch_token(
                self._endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                timeout=TIMEOUT,
            )
            claims = self._claims(str(token["id_token"]), str(token["access_token"]), nonce)
            answer = session.get(self._endpoint("userinfo_endpoint"), timeout=TIMEOUT, allow_redirects=False)
            answer.raise_for_status()
            said = answer.json()
        except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as error:
            raise ProviderTrouble(f"{type(error).__name__}: {error}") from error
        if not isinstance(said, dict) or said.get("sub") != claims["sub"]:
            raise ProviderTrouble("userinfo is of somebody else")
        return _person({**said, **claims})

    def _claims(self, id_token: str, access_token: str, nonce: str) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            token = jwt.decode(id_token, self._known().keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have a new key.
            token = jwt.decode(id_token, self._known(fresh=True).keys, algorithms=ALGORITHMS)
        known = {"nonce": nonce, "client_id": self._sign_in.client_id, "access_token": access_token}
        expected = {
            "iss": {"essential": True, "value": self._sign_in.issuer},
            "aud": {"essential": True, "value": self._sign_in.client_id},
        }
        claims = CodeIDToken(token.claims, token.header, expected, known)
        claims.validate(now=int(self._clock.now()), leeway=LEEWAY)
        return dict(claims)

    def _session(self) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        session = OAuth2Session(
            self._sign_in.client_id,
            self._secret,
            scope=SCOPE,
            redirect_uri=self._callback,
            code_challenge_method="S256",
        )
        session.verify = self._sign_in.ca_file or True
        return session

    def _endpoint(self, name: str) -> str:
        url = str(self._known().metadata.get(name, ""))
        if not may_ask(url):
            raise ProviderTrouble(f"the provider's {name} is {url or 'not told'}")
        return url

    def _known(self, fresh: bool = False) -> _Fetched:
        with self._lock:
            now, found = self._clock.monotonic(), self._fetched
            old = found is None or now - found.at > KEPT_SECONDS
            if fresh and now - self._asked_anew > AGAIN_SECONDS:
                self._asked_anew, old = now, True
            if found is None or old:
                found = self._fetched = self._fetch()
            return found

    def _fetch(self) -> _Fetched:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from requests import RequestException

        issuer = self._sign_in.issuer
        try:
            metadata = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata.get("issuer") != issuer:
                raise ProviderTrouble(f"the provider calls itself {metadata.get('issuer')}, not {issuer}")
            keys = KeySet.import_key_set(self._get(str(metadata["jwks_uri"])))  # type: ignore[arg-type]
        except (RequestException, JoseError, ValueError, KeyError) as error:
            raise ProviderTrouble(f"{type(error).__name__}: {error}") from error
        return _Fetched(self._clock.monotonic(), metadata, keys)

    def _get(self, url: str) -> dict[str, Any]:
        import requests

        if not may_ask(url):
            raise ProviderTrouble(f"not an address to ask: {url}")
        verify = self._sign_in.ca_file or True
        answer = requests.get(url, timeout=TIMEOUT, verify=verify, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
        if answer.status_code != 200 or not isinstance(found, dict):
            raise ProviderTrouble(f"{url} answers {answer.status_code}")
        return found


def may_ask(url: str) -> bool:
    """Https everywhere; plain http on this machine only."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1"})


def _person(claims: Mapping[str, Any]) -> Person:
    """GitLab names all groups in ``groups`` (userinfo) and the direct ones in ``groups_direct``."""
    groups: set[str] = set()
    for name in ("groups", "groups_direct"):
        found = claims.get(name)
        groups |= {g for g in found if isinstance(g, str)} if isinstance(found, list) else set()
    wanted = str(claims.get("preferred_username") or claims.get("nickname") or claims["sub"])
    # It goes into a header, and must not look like a token's or an address's.
    name = wanted if NAME.fullmatch(wanted) else f"sub-{digest(str(claims['sub']))[:16]}"
    email = str(claims.get("email") or "") if claims.get("email_verified") is True else ""
    return Person(name, "oidc", tuple(sorted(groups)), email)
