"""The CronJob that does due work: what is printed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

TOML = """
name = "shop"
[app]
wsgi = "wsgi:app"
[[environments]]
name = "production"
refs = ["master"]
target = "kubernetes"
[kubernetes]
pull_secret = "registry"
[kubernetes.edge]
gateway = "edge/public"
"""


def asked(folder: Path, *words: str, toml: str = TOML) -> subprocess.CompletedProcess[str]:
    (folder / "greenroom.toml").write_text(toml)
    (folder / "requirements.txt").write_text("")
    command = [
        sys.executable,
        "-m",
        "greenroom",
        "-C",
        str(folder),
        "cluster",
        "due",
        "--image",
        "tools:1",
        *words,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def printed(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = asked(folder, *words)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_it_is_what_kubernetes_knows_and_restricted_pods_may_be(tmp_path: Path) -> None:
    import kubernetes_validate

    found = printed(tmp_path, "--schedule", "*/10 * * * *")
    for body in found:
        kubernetes_validate.validate(body, "1.31", strict=True)
    config, cron = found
    assert config["data"] == {"greenroom.toml": TOML}
    assert (cron["spec"]["schedule"], cron["spec"]["concurrencyPolicy"]) == ("*/10 * * * *", "Forbid")
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("greenroom", True)
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["securityContext"]["runAsNonRoot"] is True
    as_json = asked(tmp_path, "--schedule", "*/10 * * * *", "--json")
    assert json.loads(as_json.stdout)["result"]["objects"] == found


@pytest.mark.parametrize(
    ("words", "toml", "says"),
    [
        (("--schedule", "61 * * * *"), TOML, "the schedule has a wrong minute field"),
        ((), TOML.replace("kubernetes", "local", 1), "names no environment on a cluster"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: tuple[str, ...], toml: str, says: str) -> None:
    done = asked(tmp_path, *words, toml=toml)
    assert done.returncode == 2
    assert says in done.stderr
