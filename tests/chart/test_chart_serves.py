"""The chart, installed by plain Helm as its page says, serves; a closed environment stays closed.

The node must have two images: an app with ``/`` and probes (`GREENROOM_CHART_APP`, its WSGI app is `GREENROOM_CHART_WSGI`
or ``app:app``), and nginx (`GREENROOM_CHART_STATIC`).
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from chart_of import CHART, helm, merged

WORDS = ("GREENROOM_CHART_APP", "GREENROOM_CHART_STATIC", "KUBECONFIG")
DOOR = {
    "mode": "basic",
    "htpasswdSecret": "door",
    "allow": ["192.0.2.0/24"],
    "edgeRanges": ["198.51.100.0/24"],
}


def own_example() -> dict[str, Any]:
    """The values that the chart's page shows, with images that this node has."""
    example = re.findall(r"```yaml\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)[0]
    app, static = os.environ["GREENROOM_CHART_APP"], os.environ["GREENROOM_CHART_STATIC"]
    web = {"wsgi": os.environ.get("GREENROOM_CHART_WSGI", "app:app"), "replicas": 1, "processes": 1}
    mine = {
        "colors": {"blue": {"image": app, "static": static, "web": web}},
        "migrate": {"image": app, "command": ["/venv/bin/python", "-c", "print('migrated')"]},
        "edge": {"mode": "none"},
    }
    return merged(yaml.safe_load(example), mine)


def kubectl(namespace: str, *words: str) -> None:
    done = subprocess.run(["kubectl", "-n", namespace, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace under restricted Pod Security with the page's Secret in it."""
    if missing := [word for word in WORDS if not os.environ.get(word)]:
        pytest.skip(f"{', '.join(missing)} not set: the page's example is not installed")
    name = f"chart-{uuid.uuid4().hex[:8]}"
    subprocess.run(["kubectl", "create", "namespace", name], check=True, capture_output=True)
    kubectl(name, "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    kubectl(name, "create", "secret", "generic", "shop-secrets", "--from-literal=SECRET_KEY=of-a-test")
    kubectl(name, "create", "secret", "generic", "door", "--from-literal=htpasswd=anna:{PLAIN}secret")
    yield name
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


def test_the_page_is_right_and_the_switch_switches(namespace: str) -> None:
    values = own_example()
    bring(namespace, values)
    tested = helm("test", "shop", "--namespace", namespace, "--timeout", "50s")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    with forwarded(namespace, "shop") as link:
        assert ask(link, "/") == (200, "1")
        assert ask(link, "/readyz") == (404, "1")
    values["colors"]["green"] = {**values["colors"]["blue"], "slot": "2"}
    values["traffic"]["preview"] = "green"
    bring(namespace, values)
    with forwarded(namespace, "shop-preview") as link:
        assert ask(link, "/") == (200, "2")
    with forwarded(namespace, "shop") as link:
        assert ask(link, "/") == (200, "1")
    values["traffic"]["active"] = "green"
    bring(namespace, values)
    with forwarded(namespace, "shop") as link:
        assert ask(link, "/") == (200, "2")


def test_a_forged_address_gets_401(namespace: str) -> None:
    values = merged(own_example(), {"access": DOOR, "colors": {"blue": {"slot": "3"}}})
    bring(namespace, values)
    with forwarded(namespace, "shop-blue") as link:
        assert ask(link, "/", X_Forwarded_For="192.0.2.7") == (401, "3")
        assert ask(link, "/", X_Forwarded_For="192.0.2.7, 192.0.2.8", X_Real_IP="192.0.2.7")[0] == 401
        assert ask(link, "/", Authorization="Basic YW5uYTpzZWNyZXQ=")[0] == 200


def test_a_pod_that_ends_takes_the_rest_of_an_upload(namespace: str) -> None:
    bring(
        namespace, merged(own_example(), {"colors": {"blue": {"slot": "4", "drain": {"preStopSeconds": 1}}}})
    )
    selector = "greenroom.dev/slot=4"
    with forwarded(namespace, "shop-blue") as link:
        link.putrequest("POST", "/")
        link.putheader("Content-Length", "10")
        link.endheaders(b"12345")
        kubectl(namespace, "delete", "pod", "--selector", selector, "--wait=false")
        time.sleep(5)
        link.send(b"67890")
        answer = link.getresponse()
        # The app's own answer; nginx alone would say 503.
        assert (answer.status, answer.getheader("X-Release")) == (405, "4")
