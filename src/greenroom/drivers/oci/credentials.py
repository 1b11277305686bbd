"""Logins of registries, as docker, podman and buildah keep them; read, never written and never shown."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from greenroom.domain.secret import Secret
from greenroom.drivers.oci.reference import HUB
from greenroom.drivers.system.processes import run

HUB_KEY = "https://index.docker.io/v1/"
"""What Docker's own registry is called in these files."""

HELPER_SECONDS = 30.0


class Logins:
    """``environ`` names the files, and in a GitLab pipeline the login itself."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, registry: str) -> tuple[str, Secret] | None:
        """User and password for a registry; None when nobody has logged in there."""
        if self._environ.get("CI_REGISTRY") == registry and self._environ.get("CI_REGISTRY_PASSWORD"):
            return self._environ.get("CI_REGISTRY_USER", ""), Secret(self._environ["CI_REGISTRY_PASSWORD"])
        for file in self._files():
            with suppress(OSError, ValueError, TypeError, AttributeError):
                if found := self._in(json.loads(file.read_text("utf-8")), registry):
                    return found
        return None

    def _files(self) -> Iterator[Path]:
        home, said = Path(self._environ.get("HOME") or "/nonexistent"), self._environ
        if said.get("REGISTRY_AUTH_FILE"):
            yield Path(said["REGISTRY_AUTH_FILE"])
        if said.get("XDG_RUNTIME_DIR"):
            yield Path(said["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
        yield Path(said.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
        yield home / ".config" / "containers" / "auth.json"

    def _in(self, config: Any, registry: str) -> tuple[str, Secret] | None:
        keys = (HUB_KEY, HUB) if registry == HUB else (registry, f"https://{registry}")
        auths = config.get("auths") or {}
        for key in keys:
            helper = (config.get("credHelpers") or {}).get(key)
            if helper is None and key in auths and auths[key].get("auth"):
                user, _, password = base64.b64decode(auths[key]["auth"]).decode().partition(":")
                return user, Secret(password)
            helper = helper or (config.get("credsStore") if key in auths else None)
            if helper and (asked := self._ask(helper, key)):
                return asked
        return None

    def _ask(self, helper: str, key: str) -> tuple[str, Secret] | None:
        program = shutil.which(f"docker-credential-{helper}", path=self._environ.get("PATH", ""))
        if program is None:
            return None
        done = run([program, "get"], input=key.encode(), env=self._environ, timeout=HELPER_SECONDS)
        if not done.ok:
            return None
        answer = json.loads(done.out)
        return str(answer["Username"]), Secret(str(answer["Secret"]))
