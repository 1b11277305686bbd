"""The chart, installed by plain Helm as its page says, serves; a closed environment stays closed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from chart_of import helm, merged
from installed import ask, bring, forwarded, kubectl, own_example, own_namespace

DOOR = {
    "mode": "basic",
    "htpasswdSecret": "door",
    "allow": ["192.0.2.0/24"],
    "edgeRanges": ["198.51.100.0/24"],
}


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    with own_namespace() as name:
        yield name


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


def test_greenroom_comes_in_by_the_api_server(namespace: str) -> None:
    bring(namespace, merged(own_example(), {"colors": {"blue": {"slot": "5"}}}))
    selector = "greenroom.dev/slot=5"
    pod = kubectl(namespace, "get", "pod", "-l", selector, "-o", "jsonpath={.items[0].metadata.name}")
    proxy = f"/api/v1/namespaces/{namespace}/pods/{pod}:8081/proxy"
    words = kubectl(namespace, "get", "--raw", f"{proxy}/.nginx/status").split()
    # The question itself is the one that is being answered.
    assert words[words.index("Writing:") + 1] == "1"
    assert kubectl(namespace, "get", "--raw", f"{proxy}/readyz")
    with forwarded(namespace, "shop-blue") as link:
        assert ask(link, "/.nginx/status")[0] == 404
