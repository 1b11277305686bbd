"""``greenroom cluster export|import|compare`` as they are called: without a project, by contexts of a kubeconfig."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_server import TODAY, Server, old_objects, serving_at

Run = Any


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a command with two contexts, ``old`` and ``new``; its exit code and JSON document."""
    bare = [o for o in old_objects() if o["kind"] != "ServiceMonitor"]
    above = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
        for version, kind, name in (
            ("rbac.authorization.k8s.io/v1", "ClusterRole", "shop-reader"),
            ("scheduling.k8s.io/v1", "PriorityClass", "customers-first"),
            ("storage.k8s.io/v1", "StorageClass", "local-path"),
        )
    ]
    with (
        serving_at(Server("v1.18.20", bare)) as old,
        serving_at(Server("v1.36.3", above, TODAY)) as new,
    ):
        ports = {"old": old, "new": new}
        config = {
            "contexts": [{"name": n, "context": {"cluster": n, "user": "u"}} for n in ports],
            "clusters": [
                {"name": n, "cluster": {"server": f"http://127.0.0.1:{p}"}} for n, p in ports.items()
            ],
            "users": [{"name": "u", "user": {}}],
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
        env = {**os.environ, "KUBECONFIG": str(tmp_path / "kubeconfig")}

        def call(*arguments: str) -> tuple[int, Any]:
            command = [
                sys.executable,
                "-m",
                "greenroom",
                "-C",
                str(tmp_path),
                "--json",
                "cluster",
                *arguments,
            ]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
            return done.returncode, json.loads(done.stdout)

        yield call


def test_an_old_cluster_is_moved(run: Run) -> None:
    code, taken = run("export", "-o", "out", "--context", "old", "--namespace", "shop", "--with-secrets")
    assert (code, taken["ok"]) == (0, True)
    assert taken["result"]["version"] == "v1.18.20"
    assert "shop/ingress-web.yaml" in taken["result"]["files"]
    code, differing = run("compare", "out", "--context", "new")
    assert (code, differing["result"]["equal"]) == (1, False)
    code, made = run("import", "out", "--context", "new", "--into", "shop=bazaar")
    assert (code, made["result"]["refused"], made["result"]["absent"]) == (0, [], [])
    code, same = run("compare", "out", "--context", "new", "--into", "shop=bazaar", "--with-secrets")
    assert (code, same["result"]["equal"]) == (0, True), same
    code, nothing = run("compare", "out", "--context", "new", "--namespace", "elsewhere")
    assert (code, nothing["result"]["same"]) == (0, 0)
    two = ("compare", "--context", "old", "--context", "new", "--namespace", "shop")
    code, same = run(*two, "--into", "shop=bazaar")
    assert (code, same["result"]["equal"]) == (0, True), same
    code, nothing = run(*two)
    assert (code, nothing["result"]["same"], nothing["result"]["only_there"]) == (1, 0, [])


def test_what_is_wrong_is_said(run: Run) -> None:
    code, answer = run("compare")
    assert (code, answer["error"]["code"]) == (2, "usage")
    code, answer = run("import", "nowhere", "--context", "new")
    assert (code, answer["error"]["code"]) == (2, "no-export")
    code, answer = run("import", "nowhere", "--into", "a")
    assert code == 2
    assert "'a' must be OLD=NEW" in answer["error"]["message"]
    code, answer = run("export", "-o", "out", "--context", "middle", "--namespace", "shop")
    assert (code, answer["error"]["code"]) == (2, "no-cluster")
