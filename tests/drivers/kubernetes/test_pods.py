"""When a pod that does not run is given up."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from small_server import serving_at

from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.pods import (
    BEGIN_SECONDS,
    COMING,
    NODE_SECONDS,
    PATIENCE_SECONDS,
    REFUSED_SECONDS,
    Trouble,
    first_trouble,
    has_no_node,
    job_trouble,
    trouble_of,
)
from greenroom.drivers.kubernetes.reaching import Cluster
from greenroom.drivers.system.clock import SystemClock

NOW = 1_800_000_000.0
SINCE = "2027-01-15T08:00:00Z"
"""``NOW``, as the API writes it."""


@pytest.mark.parametrize("waited", [0.0, PATIENCE_SECONDS - 1, PATIENCE_SECONDS])
def test_room_on_a_node_is_waited_for_a_little(waited: float) -> None:
    """Pods of before are just ending; what has not come by then does not come by waiting."""
    condition = {"type": "PodScheduled", "status": "False", "message": "no cpu", "lastTransitionTime": SINCE}
    found = first_trouble({"metadata": {"name": "p"}, "status": {"conditions": [condition]}}, NOW + waited)
    assert (found is not None) == (waited >= PATIENCE_SECONDS)


def test_an_image_that_cannot_be_pulled_is_not_waited_for() -> None:
    waiting = {"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    found = first_trouble({"metadata": {"name": "p"}, "status": {"containerStatuses": [waiting]}}, NOW)
    assert found is not None
    assert "cannot be pulled" in found.why


@pytest.mark.parametrize(("code", "given_up"), [(0, False), (1, True)])
def test_what_prepares_a_pod_may_end_well(code: int, given_up: bool) -> None:
    """An init container that the cluster injects: it ends before the others begin."""
    ended = {"name": "agent", "state": {"terminated": {"exitCode": code}}}
    waiting = {"name": "web", "state": {"waiting": {"reason": "PodInitializing"}}}
    status = {"initContainerStatuses": [ended], "containerStatuses": [waiting]}
    assert (first_trouble({"metadata": {"name": "p"}, "status": status}, NOW) is not None) == given_up


@pytest.mark.parametrize("age", [0.0, REFUSED_SECONDS])
def test_a_job_whose_pod_may_not_be_made_is_given_up_with_the_clusters_words(age: float) -> None:
    answers = Answers("SuccessfulDelete", "FailedCreate")
    meta = {"name": "j", "namespace": "shop", "uid": "u1", "creationTimestamp": SINCE}
    found = answers.of_a_job({"metadata": meta}, None, NOW + age)
    assert (found is not None) == (age >= REFUSED_SECONDS)
    assert found is None or "FailedCreate: why" in found.why


@pytest.mark.parametrize("age", [BEGIN_SECONDS - 1, BEGIN_SECONDS])
def test_a_job_whose_pod_does_not_begin_is_given_up_in_the_end(age: float) -> None:
    answers = Answers("FailedMount")
    meta = {"name": "p", "namespace": "shop", "uid": "u1", "creationTimestamp": SINCE}
    waiting = {"name": "job", "state": {"waiting": {"reason": "ContainerCreating"}}}
    pod = {"metadata": meta, "status": {"containerStatuses": [waiting]}}
    found = answers.of_a_job({"metadata": meta}, pod, NOW + age)
    assert (found is not None) == (age >= BEGIN_SECONDS)
    assert found is None or "FailedMount: why" in found.why


class Answers:
    """What the API says of events, and what it has been told to say."""

    def __init__(self, *reasons: str, age: float = 60.0) -> None:
        self.reasons, self.age, self.said = reasons, age, list[str]()

    def answer(self, method: str, target: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """The events of the pod, and that its namespace is there."""
        if target == "/api/v1/namespaces/shop":
            return 200, {}
        assert target == "/api/v1/namespaces/shop/events?fieldSelector=involvedObject.uid%3Du1"
        if "forbidden" in self.reasons:
            return 403, {"message": "events is forbidden"}
        at = datetime.fromtimestamp(NOW - self.age, UTC).isoformat()
        return 200, {
            "items": [
                {"reason": r, "message": f"{r}: why", "lastTimestamp": at, "metadata": {}}
                for r in self.reasons
            ]
        }

    def trouble(self, times: int = 1) -> Trouble | None:
        """Of a pod without a node since long ago."""
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "message": "no cpu",
            "lastTransitionTime": SINCE,
        }
        meta = {"name": "p", "namespace": "shop", "uid": "u1"}
        pod = {"metadata": meta, "status": {"conditions": [condition]}}
        assert has_no_node(pod)
        with serving_at(self) as port, closing(self._api(port)) as api:
            return [trouble_of(api, pod, NOW + 2 * PATIENCE_SECONDS) for _ in range(times)][-1]

    def of_a_job(self, job: dict[str, Any], pod: dict[str, Any] | None, now: float) -> Trouble | None:
        """Of a Job and its pod, if there is one."""
        with serving_at(self) as port, closing(self._api(port)) as api:
            return job_trouble(api, job, pod, now)

    def _api(self, port: int) -> Api:
        return Api(lambda: Cluster("127.0.0.1", port, None, {}), SystemClock(), self.said.append)


@pytest.mark.parametrize("word", COMING)
def test_a_node_that_comes_is_waited_for_and_that_is_said_once(word: str) -> None:
    answers = Answers("FailedScheduling", word)
    assert answers.trouble(times=3) is None
    assert len(answers.said) == 1
    assert word in answers.said[0]


@pytest.mark.parametrize(
    "answers",
    [
        Answers(),
        Answers("FailedScheduling", "NotTriggerScaleUp"),
        Answers("forbidden"),
        Answers(*COMING, age=2 * NODE_SECONDS),
    ],
    ids=["nothing", "none comes", "may not look", "it came long ago"],
)
def test_without_such_a_word_it_is_given_up(answers: Answers) -> None:
    found = answers.trouble()
    assert found is not None
    assert "no cpu" in found.why
    assert answers.said == []
