"""What earlier tools left: found in what a cluster lists, on made-up lists and on a real cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from greenroom.domain.environment import Environment, Tier
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.leftovers import led_to, without_a_branch
from greenroom.domain.rules import Rule
from greenroom.drivers.kubernetes.leftovers import CLAIMS, JOBS, MAKERS, PODS, VOLUMES, ClusterLeftovers

Json = dict[str, Any]
RULES = (
    Rule(Environment("production", Tier.PRODUCTION, "shop.test"), ("master",)),
    Rule(Environment("fb-{issue}", Tier.REVIEW, "{name}.shop.test"), ("*/AFO-{issue}_*",)),
)


class Lists:
    """A cluster that consists of lists; one that is None may not be listed."""

    def __init__(self, lists: Mapping[str, list[Json] | None]) -> None:
        self._lists = lists

    def items(self, path: str, labels: Mapping[str, str] | None = None) -> list[Json]:
        assert not labels
        found = self._lists.get(path, [])
        if found is None:
            raise GreenroomError("no-right", "the cluster refuses", "", Exit.USAGE)
        return found


def one(name: str, where: str = "old", **more: Any) -> Json:
    metadata = {"name": name, "namespace": where, **more.pop("metadata", {})}
    return {"metadata": metadata, **more}


def mounting(claim: str) -> Json:
    return {"volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": claim}}]}


def found(lists: Mapping[str, list[Json] | None], alive: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    said: list[str] = []
    seen = ClusterLeftovers(Lists(lists), said.append)
    return [(x.kind, x.name) for x in seen.found(lambda name: without_a_branch(RULES, alive, name))]


def test_a_claim_that_nobody_names() -> None:
    template = {"template": {"spec": mounting("of-a-deployment")}}
    lists: dict[str, list[Json] | None] = {
        CLAIMS: [
            *(one(n) for n in ("free", "of-a-pod", "of-a-deployment", "of-a-cronjob", "data-db-0")),
            one("of-a-pod", "elsewhere"),
            one("ours", metadata={"labels": {"greenroom.dev/project": "shop"}}),
            one("system", "kube-system"),
        ],
        PODS: [one("p", spec=mounting("of-a-pod"))],
        MAKERS["deployments"]: [one("d", spec=template)],
        MAKERS["statefulsets"]: [one("db", spec={"template": {"spec": {}}})],
        MAKERS["cronjobs"]: [
            one("c", spec={"jobTemplate": {"spec": {"template": {"spec": mounting("of-a-cronjob")}}}})
        ],
    }
    assert found(lists) == [("claim", "elsewhere/of-a-pod"), ("claim", "old/free")]
    assert found({**lists, PODS: None}) == [], "who may not see the pods cannot tell which claims are used"


def test_a_volume_that_is_released_or_failed_and_its_folder() -> None:
    claim = {"namespace": "fb-9", "name": "data"}
    node = {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "h", "values": ["node-1"]}]}]}}
    lists: dict[str, list[Json] | None] = {
        VOLUMES: [
            one("bound", status={"phase": "Bound"}, spec={"hostPath": {"path": "/data/a"}}),
            one("cloud", status={"phase": "Released"}, spec={"claimRef": claim}),
            one(
                "disk", status={"phase": "Failed"}, spec={"claimRef": claim, "hostPath": {"path": "/data/b"}}
            ),
            one(
                "local",
                status={"phase": "Released"},
                spec={"claimRef": claim, "local": {"path": "/data/c"}, "nodeAffinity": node},
            ),
        ]
    }
    assert found(lists) == [
        ("folder", "?:/data/b"),
        ("folder", "node-1:/data/c"),
        ("volume", "cloud"),
        ("volume", "disk"),
        ("volume", "local"),
    ]


def test_a_job_that_failed_and_stays() -> None:
    failed = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
    done = {"conditions": [{"type": "Complete", "status": "True"}]}
    lists: dict[str, list[Json] | None] = {
        JOBS: [
            one("migrate-22", status=failed, spec={}),
            one("good", status=done, spec={}),
            one("goes", status=failed, spec={"ttlSecondsAfterFinished": 60}),
            one(
                "of-a-cronjob",
                status=failed,
                spec={},
                metadata={"ownerReferences": [{"kind": "CronJob", "name": "c"}]},
            ),
        ]
    }
    assert found(lists) == [("job", "old/migrate-22")]


def test_a_helm_release_without_a_branch() -> None:
    def released(name: str, where: str) -> Json:
        notes = {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": where}
        return one(f"{name}-web", where, metadata={"annotations": notes}, spec={})

    lists: dict[str, list[Json] | None] = {
        MAKERS["deployments"]: [
            released("shop-fb-9", "dev"),
            released("shop", "fb-10"),
            released("shop-fb-11", "dev"),
            released("monitoring", "ops"),
            released("fb-9-cache-of-nobody", "dev"),
        ],
        JOBS: [released("shop-fb-9", "dev")],
    }
    assert found(lists, ("fb-11",)) == [("release", "dev/shop-fb-9"), ("release", "fb-10/shop")]


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("fb-12", "fb-12"),
        ("shop-fb-12", "fb-12"),
        ("shopfb-12", None),
        ("production", None),
        ("fb-1-2", None),
    ],
)
def test_names_that_tell_of_a_branch(name: str, environment: str | None) -> None:
    assert without_a_branch(RULES, (), name) == environment


def test_a_branch_that_is_there_keeps_its_own() -> None:
    alive = led_to(RULES, ["anna/AFO-12_cart", "master", "odd"])
    assert alive == {"fb-12", "production"}
    assert without_a_branch(RULES, alive, "shop-fb-12") is None
    slugs = (Rule(Environment("{slug}", Tier.REVIEW, "{name}.shop.test"), ("*",)),)
    assert without_a_branch(slugs, (), "anything") is None
