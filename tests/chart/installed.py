"""The chart, installed by plain Helm as its page says.

Two images are needed: an app with ``/`` and probes, and nginx. They are built and pushed as those of the contract suite are; or the
node has them: `GREENROOM_CHART_APP` (its WSGI app is `GREENROOM_CHART_WSGI` or ``app:app``) and `GREENROOM_CHART_STATIC`.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_of import CHART, helm, merged

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
import cluster

APP, STATIC = "GREENROOM_CHART_APP", "GREENROOM_CHART_STATIC"
WSGI = """\
def app(environ, start_response):
    reads = environ["REQUEST_METHOD"] in ("GET", "HEAD")
    start_response("200 OK" if reads else "405 Method Not Allowed", [("Content-Type", "text/plain")])
    return [b"here\\n"]
"""


@cache
def _images() -> tuple[str, str, str]:
    """App, static, and the app's name."""
    if os.environ.get(APP):
        return os.environ[APP], os.environ[STATIC], os.environ.get("GREENROOM_CHART_WSGI", "app:app")
    with tempfile.TemporaryDirectory() as folder:
        made = cluster.small_images(WSGI, "gunicorn", Path(folder))
    return made.app, made.static, "wsgi:app"


def _missing() -> str:
    if os.environ.get("KUBECONFIG") and os.environ.get(APP) and os.environ.get(STATIC):
        return ""
    return cluster.missing()


def own_example() -> dict[str, Any]:
    """The values that the chart's page shows, with images that this node has."""
    example = re.findall(r"```yaml\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)[0]
    app, static, wsgi = _images()
    web = {"wsgi": wsgi, "replicas": 1, "processes": 1}
    mine = {
        "colors": {"blue": {"image": app, "static": static, "web": web}},
        "migrate": {"image": app, "command": ["/venv/bin/python", "-c", "print('migrated')"]},
        "edge": {"mode": "none"},
    }
    return merged(yaml.safe_load(example), mine)


def kubectl(namespace: str, *words: str) -> str:
    """What kubectl prints; it must work."""
    done = subprocess.run(["kubectl", "-n", namespace, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def own_namespace() -> Iterator[str]:
    """A namespace under restricted Pod Security with the page's Secret in it."""
    if missing := _missing():
        pytest.skip(f"the page's example is not installed: {missing}")
    name = f"chart-{uuid.uuid4().hex[:8]}"
    subprocess.run(["kubectl", "create", "namespace", name], check=True, capture_output=True)
    kubectl(name, "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    kubectl(name, "create", "secret", "generic", "shop-secrets", "--from-literal=SECRET_KEY=of-a-test")
    kubectl(name, "create", "secret", "generic", "door", "--from-literal=htpasswd=anna:{PLAIN}secret")
    try:
        yield name
    finally:
        kubectl(name, "delete", "namespace", name, "--wait=false")


def bring(namespace: str, values: dict[str, Any]) -> None:
    """Install or upgrade, and wait."""
    words = (
        "upgrade",
        "--install",
        "shop",
        str(CHART),
        "--namespace",
        namespace,
        "--wait",
        "--timeout",
        "50s",
    )
    done = helm(*words, values=values)
    assert done.returncode == 0, done.stderr


@contextmanager
def forwarded(namespace: str, service: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to a Service's pod."""
    argv = ["kubectl", "-n", namespace, "port-forward", f"service/{service}", ":80"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as forward:
        assert forward.stdout is not None
        port = int(forward.stdout.readline().split(":")[1].split()[0])
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            yield link
        finally:
            link.close()
            forward.terminate()


def ask(link: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, str | None]:
    """Status and slot of an answer."""
    link.request("GET", path, headers={name.replace("_", "-"): told for name, told in headers.items()})
    answer = link.getresponse()
    answer.read()
    return answer.status, answer.getheader("X-Release")
