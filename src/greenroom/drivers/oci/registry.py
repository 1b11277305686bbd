"""A registry, spoken to directly (OCI Distribution Specification 1.1): so what is pushed is what was built, byte for byte."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote, urlencode, urljoin, urlsplit

from greenroom.domain.errors import GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.oci.archive import INDEXES
from greenroom.drivers.oci.credentials import Logins
from greenroom.drivers.oci.reference import Reference
from greenroom.drivers.oci.store import MANIFEST

ACCEPT = ", ".join((MANIFEST, "application/vnd.docker.distribution.manifest.v2+json", *INDEXES))
SECONDS = 60.0
"""How long a registry may say nothing."""

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its body can be read once."""

    status: int
    headers: Mapping[str, str]
    body: IO[bytes]

    @property
    def digest(self) -> str:
        """The digest that the registry names."""
        return self.headers.get("docker-content-digest", "")


class Registry:
    """One repository of a registry. ``insecure``: plain HTTP. Raises GreenroomError ``registry`` or ``registry-login``."""

    def __init__(self, reference: Reference, logins: Logins, insecure: bool = False) -> None:
        self._reference = reference
        self._logins = logins
        scheme = "http" if insecure else "https"
        self._root = f"{scheme}://{reference.host}/v2/{quote(reference.path)}/"
        self._login: str | None = None

    def digest_of(self, wanted: str) -> str:
        """The digest of a manifest by tag or digest; empty when there is none."""
        said = self._ask("HEAD", f"manifests/{wanted}", headers={"Accept": ACCEPT}, may_miss=True)
        return said.digest if said.status == 200 else ""

    def manifest(self, wanted: str) -> tuple[bytes, str]:
        """A manifest's bytes and its media type."""
        said = self._ask("GET", f"manifests/{wanted}", headers={"Accept": ACCEPT})
        with said.body as body:
            return body.read(), said.headers.get("content-type", MANIFEST)

    def blob(self, digest: str) -> IO[bytes]:
        """A blob to read from."""
        return self._ask("GET", f"blobs/{digest}").body

    def put_blob(self, digest: str, file: Path) -> bool:
        """Bring a blob there; was it missing?"""
        if self._ask("HEAD", f"blobs/{digest}", may_miss=True).status == 200:
            return False
        place = self._ask("POST", "blobs/uploads/", data=b"").headers["location"]
        place = urljoin(self._root, place)
        place += ("&" if urlsplit(place).query else "?") + urlencode({"digest": digest})
        length = {"Content-Length": str(file.stat().st_size), "Content-Type": "application/octet-stream"}
        with file.open("rb") as content:
            self._ask("PUT", place, data=content, headers=length)
        return True

    def put_manifest(self, wanted: str, content: bytes, media: str = MANIFEST) -> bool:
        """Name a manifest (by a tag, or its own digest), whose blobs must be there.

        Does the registry say by itself, from now on, that it refers to its subject? Only those of OCI 1.1 do.
        """
        said = self._ask("PUT", f"manifests/{wanted}", data=content, headers={"Content-Type": media})
        return bool(said.headers.get("oci-subject"))

    def _ask(
        self,
        method: str,
        place: str,
        *,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        may_miss: bool = False,
    ) -> Said:
        said = self._once(method, place, data, headers or {})
        if said.status == 401:
            said.body.close()
            self._login = self._authorise(said.headers.get("www-authenticate", ""))
            if data is not None and not isinstance(data, bytes):
                data.seek(0)
            said = self._once(method, place, data, headers or {})
        if said.status < 400 or (may_miss and said.status == 404):
            if method != "GET":
                said.body.close()
            return said
        raise self._refused(method, place, said)

    def _once(self, method: str, place: str, data: Any, headers: Mapping[str, str]) -> Said:
        request = urllib.request.Request(urljoin(self._root, place), data, dict(headers), method=method)  # noqa: S310
        # Unredirected: a registry sends readers of blobs to other hosts, which must not get the login.
        if self._login:
            request.add_unredirected_header("Authorization", self._login)
        return _said(request, self._reference.registry)

    def _authorise(self, challenge: str) -> str:
        """The header that the registry asks for; tokens by https://distribution.github.io/distribution/spec/auth/token/."""
        known = self._logins.find(self._reference.registry)
        basic = _basic(*known) if known else ""
        kind, _, rest = challenge.partition(" ")
        if kind.lower() != "bearer":
            return basic
        asked = dict(_PARAMETER.findall(rest))
        realm = asked.pop("realm", "")
        if not realm.startswith(("https://", self._root.partition("/v2/")[0])):
            raise self._error("registry", "names a place for its tokens that is not on https", challenge)
        request = urllib.request.Request(f"{realm}?{urlencode(asked)}")  # noqa: S310 - checked above
        if basic:
            request.add_unredirected_header("Authorization", basic)
        said = _said(request, self._reference.registry)
        with said.body as body:
            text = body.read()
        if said.status != 200:
            raise self._error("registry-login", "refuses the login", text.decode("utf-8", "replace")[:500])
        answer = json.loads(text)
        return f"Bearer {answer.get('token') or answer['access_token']}"

    def _refused(self, method: str, place: str, said: Said) -> GreenroomError:
        with said.body as body:
            text = body.read(2000).decode("utf-8", "replace")
        details = f"{method} {place.partition('?')[0]}: {said.status}\n{text}".strip()
        if said.status in (401, 403):
            return self._error(
                "registry-login", "refuses the login" if self._login else "asks for a login", details
            )
        return self._error("registry", f"answered {said.status}", details)

    def _error(self, code: str, what: str, details: str) -> GreenroomError:
        host = self._reference.registry
        hint = (
            f"log in: docker login {host}, or buildah login {host}"
            if code == "registry-login"
            else "greenroom image push"
        )
        return GreenroomError(code, f"the registry {host} {what}", hint, details=details)


def _said(request: urllib.request.Request, registry: str) -> Said:
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 - http or https by construction
    except urllib.error.HTTPError as refusal:
        return Said(refusal.code, _lower(refusal.headers), cast("IO[bytes]", refusal))
    except (OSError, HTTPException) as error:
        hint = "is it there, and does it speak https? [image] insecure = true for plain HTTP on this machine"
        raise GreenroomError(
            "registry", f"the registry {registry} cannot be reached", hint, details=str(error)
        ) from error
    return Said(answer.status, _lower(answer.headers), cast("IO[bytes]", answer))


def _lower(headers: Any) -> dict[str, str]:
    return {str(k).lower(): str(v) for k, v in headers.items()}


def _basic(user: str, password: Secret) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
