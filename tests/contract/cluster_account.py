"""The account that Greenroom prints, on a real cluster: an administrator applies it, and tests work as it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cluster_stand as stand

Json = dict[str, Any]
DEFAULT, PREMADE = "default", "premade"
WHOLE_TEST_SECONDS = "6h"


@contextmanager
def applied(objects: list[Json], control: str, folder: Path) -> Iterator[Path]:
    """A kubeconfig of the account in the namespace ``control`` while the block runs."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    stand.kubectl("apply", "-f", "-", text=text)
    try:
        yield kubeconfig(control, folder)
    finally:
        # What lies in namespaces goes with them.
        above = [o for o in objects if "namespace" not in o["metadata"] and o["kind"] != "Namespace"]
        for one in above:
            stand.kubectl("delete", one["kind"], one["metadata"]["name"], "--ignore-not-found")


def kubeconfig(control: str, folder: Path) -> Path:
    """As the tests' own, with a token of the account in place of what it has."""
    words = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
    told = json.loads(stand.kubectl(*words))
    token = stand.kubectl(
        "-n", control, "create", "token", "greenroom", f"--duration={WHOLE_TEST_SECONDS}"
    ).strip()
    told["users"] = [{"name": "account", "user": {"token": token}}]
    for context in told["contexts"]:
        context["context"]["user"] = "account"
    file = folder / "account.kubeconfig"
    file.touch(0o600)
    file.write_text(json.dumps(told))
    return file


def refused(file: Path, *words: str, text: str | None = None) -> str:
    """What the cluster says against it; an empty text when it lets the account do that."""
    env = {**os.environ, "KUBECONFIG": str(file)}
    done = subprocess.run(
        ["kubectl", *words], input=text, env=env, capture_output=True, text=True, check=False
    )
    return done.stderr.strip() or "refused" if done.returncode else ""
