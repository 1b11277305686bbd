"""A registry, spoken to directly (OCI Distribution Specification 1.1): so what is pushed is what was built, byte for byte."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping
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

MISSING = 404

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*rel="?next"?')


class Refused(GreenroomError):
    """A registry's refusal: the HTTP status of its answer."""

    status: int = 0


class Unreachable(GreenroomError):
    """Nobody answered. ``refused``: nothing listens there, which the machine itself says."""

    refused: bool = False


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
        said = self._ask("HEAD", f"manifests/{wanted}", headers={"Accept": ACCEPT}, may=(MISSING,))
        return said.digest if said.status == 200 else ""

    def tags(self) -> tuple[str, ...]:
        """Every tag, whatever the order and however many answers it takes; none where there is no such repository."""
        return tuple(dict.fromkeys(self._listed("tags/list", "tags")))

    def catalog(self) -> tuple[str, ...]:
        """Every repository that the registry names."""
        place = urljoin(self._root, "/v2/_catalog?n=1000")
        return tuple(dict.fromkeys(self._listed(place, "repositories", must=True)))

    def referrers(self, digest: str) -> tuple[str, ...] | None:
        """Digests of the documents about a manifest; None where the registry cannot tell."""
        found = list(self._listed(f"referrers/{digest}", "manifests", none=None))
        return None if None in found else tuple(one["digest"] for one in found)

    def find(self, wanted: str) -> tuple[bytes, str, str] | None:
        """A manifest's bytes, its media type and its digest as the registry tells it; None when there is none."""
        said = self._ask("GET", f"manifests/{wanted}", headers={"Accept": ACCEPT}, may=(MISSING,))
        with said.body as body:
            content = body.read()
        return (
            (content, said.headers.get("content-type", MANIFEST), said.digest) if said.status == 200 else None
        )

    def delete(self, wanted: str) -> int:
        """Delete a manifest by its digest, or a tag: the answer's status, of which 400 and 405 say that it cannot be."""
        return self._ask("DELETE", f"manifests/{wanted}", may=(400, MISSING, 405)).status

    def deletes(self) -> bool:
        """Does it let anybody delete? Asked with a digest that no manifest has; a registry set to keep everything refuses that too."""
        return self.delete(f"sha256:{'0' * 64}") == MISSING

    def takes_uploads(self) -> bool:
        """May anybody push now? False where the registry is set to be read only."""
        said = self._ask("POST", "blobs/uploads/", data=b"", may=(405,))
        if said.status == 405:
            return False
        self._ask("DELETE", urljoin(self._root, said.headers["location"]), may=(MISSING, 405))
        return True

    def greeting(self) -> Mapping[str, str]:
        """The headers with which a registry answers at all."""
        return self._ask("GET", urljoin(self._root, "/v2/")).headers

    def _listed(self, place: str, key: str, none: Any = (), must: bool = False) -> Iterator[Any]:
        """Every entry of a list that may come in several answers; ``none`` (if it is not empty) where there is no such list.
        ``must``: there is one. A list that has begun does not end with the word that it is not there."""
        been: set[str] = set()
        while place and place not in been:
            said = self._ask("GET", place, may=() if been or must else (MISSING,))
            been.add(place)
            with said.body as body:
                text = body.read()
            if said.status == MISSING:
                yield from () if none == () else (none,)
                return
            yield from json.loads(text).get(key) or ()
            following = _NEXT.search(said.headers.get("link", ""))
            place = urljoin(urljoin(self._root, place), following[1]) if following else ""
            if place and urlsplit(place)[:2] != urlsplit(self._root)[:2]:
                raise self._error("registry", "goes on with a list on another host", place)

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
        if self._ask("HEAD", f"blobs/{digest}", may=(MISSING,)).status == 200:
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
        may: Collection[int] = (),
    ) -> Said:
        """``may``: refusals that are answers too."""
        said = self._once(method, place, data, headers or {})
        if said.status == 401:
            said.body.close()
            self._login = self._authorise(said.headers.get("www-authenticate", ""))
            if data is not None and not isinstance(data, bytes):
                data.seek(0)
            said = self._once(method, place, data, headers or {})
        if said.status < 400 or said.status in may:
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

    def _refused(self, method: str, place: str, said: Said) -> Refused:
        with said.body as body:
            text = body.read(2000).decode("utf-8", "replace")
        details = f"{method} {place.partition('?')[0]}: {said.status}\n{text}".strip()
        code, what = "registry", f"answered {said.status}"
        if said.status in (401, 403):
            code, what = "registry-login", "refuses the login" if self._login else "asks for a login"
        error = self._error(code, what, details)
        error.status = said.status
        return error

    def _error(self, code: str, what: str, details: str) -> Refused:
        host = self._reference.registry
        hint = (
            f"log in: docker login {host}, or buildah login {host}"
            if code == "registry-login"
            else "greenroom registry report, and do it again"
        )
        return Refused(code, f"the registry {host} {what}", hint, details=details)


def _said(request: urllib.request.Request, registry: str) -> Said:
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 - http or https by construction
    except urllib.error.HTTPError as refusal:
        return Said(refusal.code, _lower(refusal.headers), cast("IO[bytes]", refusal))
    except (OSError, HTTPException) as error:
        hint = "is it there, and does it speak https? [image] insecure = true for plain HTTP on this machine"
        unreachable = Unreachable(
            "registry", f"the registry {registry} cannot be reached", hint, details=str(error)
        )
        unreachable.refused = isinstance(getattr(error, "reason", error), ConnectionRefusedError)
        raise unreachable from error
    return Said(answer.status, _lower(answer.headers), cast("IO[bytes]", answer))


def _lower(headers: Any) -> dict[str, str]:
    return {str(k).lower(): str(v) for k, v in headers.items()}


def _basic(user: str, password: Secret) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
