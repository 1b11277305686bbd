"""A whole OpenID Connect provider on 127.0.0.1 that answers as GitLab does, for tests.

Paths, claims and their places are those of GitLab's documentation ("GitLab as OpenID Connect identity provider"):
``/oauth/authorize``, ``/oauth/token``, ``/oauth/userinfo``, ``/oauth/discovery/keys``; the ID token has ``sub``,
``email``, ``email_verified`` and ``groups_direct``, everything else comes from userinfo. Tokens are signed with a key
made at the start. It checks the client, its callback, PKCE, and that a code is used once.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from greenroom.ports import Clock

CODE_SECONDS = 60.0
TOKEN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody at the provider. ``groups`` are all of theirs, ``direct`` those they are a member of themselves."""

    username: str
    sub: str
    email: str
    groups: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
    verified: bool = True


@dataclass
class GitLab:
    """The provider. ``account`` is who signs in when a browser comes by; None: the person refuses.

    ``twist`` changes the claims of the ID token before they are signed, for tests of what must be refused.
    """

    callback: str
    clock: Clock
    account: Account | None = None
    client_id: str = "greenroom-client"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    twist: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        from joserfc.jwk import RSAKey

        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._codes: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, Account] = {}
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def issuer(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def rotate_key(self) -> None:
        """Sign with a new key from now on; the old one is no longer told."""
        from joserfc.jwk import RSAKey

        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    def discovery(self) -> dict[str, Any]:
        """What ``/.well-known/openid-configuration`` says."""
        base = f"{self.issuer}/oauth"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/discovery/keys",
            "scopes_supported": ["openid", "profile", "email", "read_user"],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }

    def keys(self) -> dict[str, Any]:
        """The public key."""
        return {"keys": [self._key.as_dict(private=False)]}

    def authorize(self, query: Mapping[str, str]) -> str | None:
        """Where the browser goes next; None when the client or its callback is not the registered one."""
        if query.get("client_id") != self.client_id or query.get("redirect_uri") != self.callback:
            return None
        state = {"state": query.get("state", "")}
        if self.account is None:
            return f"{self.callback}?{urlencode({'error': 'access_denied', **state})}"
        code = secrets.token_urlsafe(32)
        ends = self.clock.monotonic() + CODE_SECONDS
        self._codes[code] = {**query, "account": self.account, "ends": ends}
        return f"{self.callback}?{urlencode({'code': code, **state})}"

    def token(self, form: Mapping[str, str], client: tuple[str, str]) -> dict[str, Any] | None:
        """The answer for a code; None when anything is wrong."""
        begun = self._codes.pop(form.get("code", ""), None)
        if begun is None or begun["ends"] < self.clock.monotonic():
            return None
        challenge = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        right = (
            client == (self.client_id, self.client_secret)
            and form.get("redirect_uri") == self.callback
            and begun.get("code_challenge_method") == "S256"
            and begun.get("code_challenge") == challenge.rstrip(b"=").decode()
        )
        if not right:
            return None
        access = secrets.token_urlsafe(32)
        account: Account = begun["account"]
        self._tokens[access] = account
        id_token = self._signed(account, str(begun.get("nonce", "")))
        kind = {"token_type": "Bearer", "expires_in": 7200, "scope": "openid profile email"}
        return {"access_token": access, "id_token": id_token, **kind}

    def userinfo(self, access: str) -> dict[str, Any] | None:
        """All claims of the token's owner."""
        account = self._tokens.get(access)
        if account is None:
            return None
        return {
            "sub": account.sub,
            "name": account.username.title(),
            "nickname": account.username,
            "preferred_username": account.username,
            "email": account.email,
            "email_verified": account.verified,
            "profile": f"{self.issuer}/{account.username}",
            "groups": list(account.groups),
        }

    def _signed(self, account: Account, nonce: str) -> str:
        from joserfc import jwt
        from joserfc.jwk import OctKey

        now = int(self.clock.now())
        claims = {
            "iss": self.issuer,
            "sub": account.sub,
            "aud": self.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": now,
            "nonce": nonce,
            "email": account.email,
            "email_verified": account.verified,
            "groups_direct": list(account.direct),
            **self.twist,
        }
        header = {"alg": self.algorithm, "kid": self._key.kid}
        # A forger knows the public key: as an HMAC secret it must open nothing.
        forged = OctKey.import_key(json.dumps(self.keys()))
        return jwt.encode(header, claims, forged if self.algorithm == "HS256" else self._key)


class _Server(ThreadingHTTPServer):
    def __init__(self, provider: GitLab) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider


class _Handler(BaseHTTPRequestHandler):
    @property
    def _provider(self) -> GitLab:
        assert isinstance(self.server, _Server)
        return self.server.provider

    def do_GET(self) -> None:
        parts, provider = urlsplit(self.path), self._provider
        provider.asked.append(parts.path)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        answers: dict[str, Callable[[], None]] = {
            "/.well-known/openid-configuration": lambda: self._json(provider.discovery()),
            "/oauth/discovery/keys": lambda: self._json(provider.keys()),
            "/oauth/authorize": lambda: self._go(provider.authorize(_first(parts.query))),
            "/oauth/userinfo": lambda: self._json(provider.userinfo(bearer), 401),
        }
        answers.get(parts.path, lambda: self._json(None, 404))()

    def do_POST(self) -> None:
        provider = self._provider
        provider.asked.append(self.path)
        form = _first(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        basic = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, secret = b64decode(basic).decode().partition(":")
        client = (unquote(name), unquote(secret)) if basic else (form["client_id"], form["client_secret"])
        self._json(provider.token(form, client) if self.path == "/oauth/token" else None, 400)

    def _go(self, where: str | None) -> None:
        if where is None:
            self._json(None, 400)
            return
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, data: Mapping[str, Any] | None, otherwise: int = 500) -> None:
        body = json.dumps(data if data is not None else {"error": "invalid_request"}).encode()
        self.send_response(200 if data is not None else otherwise)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


def _first(text: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(text).items()}
