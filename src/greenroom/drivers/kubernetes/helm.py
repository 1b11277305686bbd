"""Helm: renders, applies, records. Always with complete values; what a killed one left pending is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.api import Api, Json
from greenroom.drivers.kubernetes.names import path
from greenroom.drivers.system.processes import Completed, run

HELM_SECONDS = 180.0
OLDEST = (3, 18)
BROKEN = {(4, 2, 1): "its hooks wait for the whole time-out (helm/helm#32214)"}
TRIES = 3


class Helm:
    """The program ``helm`` of ``PATH`` or ``GREENROOM_HELM``, on the cluster of ``environ``; ``chart`` is a folder."""

    def __init__(self, api: Api, chart: Path, environ: Mapping[str, str]) -> None:
        self._api = api
        self._chart = chart
        self._environ = dict(environ)
        self._program = environ.get("GREENROOM_HELM") or "helm"

    def version(self) -> tuple[int, int, int]:
        """Of the program. Raises (exit 2) when there is none or it cannot be used."""
        found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", self._run("version", "--short").text)
        if found is None:
            raise GreenroomError("no-helm", "helm does not tell its version", "helm version", Exit.USAGE)
        number = (int(found[1]), int(found[2]), int(found[3]))
        if number[:2] < OLDEST or number in BROKEN:
            why = BROKEN.get(number, f"{OLDEST[0]}.{OLDEST[1]} is the oldest that works")
            shown = ".".join(map(str, number))
            raise GreenroomError(
                "helm-version", f"helm {shown} cannot be used: {why}", "install helm 4", Exit.USAGE
            )
        return number

    def render(self, name: str, namespace: str, values: Json, only: str) -> str:
        """What the chart makes of the values in one of its templates; an empty text when that is nothing."""
        asked = ("template", name, str(self._chart), "--namespace", namespace, "--values", "-")
        done = self._run(*asked, "--show-only", f"templates/{only}", values=values)
        if not done.ok and "could not find template" in done.complaint:
            return ""
        return self._good(done).out.decode()

    def apply(self, name: str, namespace: str, values: Json) -> None:
        """Bring everything to these values, and record them. Raises what Helm or the cluster says against it.

        The caller holds the environment's lease, so that whatever is pending was left by somebody who died.
        """
        asked = ["upgrade", "--install", name, str(self._chart), "--namespace", namespace, "--values", "-"]
        for left in range(TRIES - 1, -1, -1):
            server_side = self._settle(name, namespace)
            more = ["--force-conflicts"] if server_side else []
            self._api.fence()
            done = self._run(*asked, *more, "--history-max", "10", values=values)
            if done.ok:
                return
            if not left or not _may_pass(done.complaint):
                self._good(done)
            self._api.get("/version")  # waits for a server that is away

    def remove(self, name: str, namespace: str) -> None:
        """Remove everything that was applied; nothing if nothing was."""
        self._settle(name, namespace)
        self._api.fence()
        done = self._run("uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait")
        self._good(done)

    def _settle(self, name: str, namespace: str) -> bool:
        """Remove a pending revision; was the latest one applied by the server (or is it the first)?"""
        labels = {"owner": "helm", "name": name}
        found = self._api.items(path("secrets", namespace), labels)
        revisions = sorted(found, key=lambda f: int(f["metadata"]["labels"].get("version", "0")))
        for secret in revisions:
            if secret["metadata"]["labels"].get("status", "").startswith("pending-"):
                self._api.delete(path("secrets", namespace, secret["metadata"]["name"]))
        kept = [r for r in revisions if not r["metadata"]["labels"].get("status", "").startswith("pending-")]
        return _applied_by_server(kept[-1]) if kept else self.version()[0] >= 4

    def _good(self, done: Completed) -> Completed:
        if done.ok:
            return done
        lines = done.complaint.splitlines()
        cause = next((line for line in reversed(lines) if line.strip()), f"exit {done.code}")
        raise GreenroomError(
            "helm-failed",
            f"helm: {cause.removeprefix('Error: ')[:500]}",
            "see it all: helm history",
            details="\n".join(lines[-30:]),
        )

    def _run(self, *arguments: str, values: Json | None = None) -> Completed:
        data = None if values is None else json.dumps(values).encode()
        # Tied to this process: a Helm that outlives its command would write what the next one has changed meanwhile.
        asked = [self._program, *arguments]
        return run(asked, env=self._environ, input=data, timeout=HELM_SECONDS, tied=True)


def _may_pass(complaint: str) -> bool:
    words = (
        "connection refused",
        "another operation",
        "EOF",
        "timed out",
        "unreachable",
        "etcdserver",
        "http2",
    )
    return any(word in complaint for word in words)


def _applied_by_server(secret: Json) -> bool:
    """The release itself says by which method it was applied: base64 of base64 of gzip of JSON, as Helm stores it."""
    import base64
    import gzip

    raw = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    data = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    return str(data.get("apply_method", "")) in {"ssa", "server"}
