"""The account with the least rights: what is printed, and that it covers what the chart consists of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from greenroom.domain.cluster import ClusterEdge, EdgeMode
from greenroom.drivers.kubernetes.account import account
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.rights import (
    CHART,
    CONTROL,
    DOCTOR,
    HELM,
    MONITORING,
    cluster_rules,
    edge_rules,
    environment_rules,
    flat,
)

ROOT = Path(__file__).resolve().parents[3]
NAMES = Names("shop")
OWN_GATEWAY = ClusterEdge()
SHARED = ClusterEdge(gateway="edge/public")
NOT_OURS = {
    "Pod": "helm test alone",
    "Job": "the migration as a hook is for those who use plain Helm",
    "LimitRange": "Greenroom's own, not the chart's",
    "ResourceQuota": "Greenroom's own, not the chart's",
}
"""Kinds that the chart has, and that Greenroom's values never render."""


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[str]:
    return [o["metadata"]["name"] for o in objects if o["kind"] == kind]


def test_the_rules_are_the_kinds_of_the_chart() -> None:
    folder = ROOT / "deploy" / "chart" / "templates"
    texts = [f.read_text() for f in (*folder.rglob("*.yaml"), *folder.rglob("*.tpl"))]
    kinds = {k for t in texts for k in re.findall(r"^kind: (\w+)", t, re.MULTILINE)} - set(NOT_OURS)
    edges = (*edge_rules(OWN_GATEWAY), *edge_rules(ClusterEdge(mode=EdgeMode.INGRESS)))
    rules = {r.resource: r for r in (*CHART, *edges, MONITORING)}
    unlike = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}
    assert {unlike.get(kind, f"{kind.lower()}s") for kind in kinds} == set(rules)
    assert {r.verbs for r in rules.values()} == {HELM}


def test_nothing_is_allowed_by_a_star() -> None:
    every = (*CONTROL, *DOCTOR, *environment_rules(OWN_GATEWAY), *cluster_rules(NAMES))
    assert [right for right in flat(every) if "*" in right] == []


def test_no_secret_is_read_above_namespaces() -> None:
    above = {(r, v) for _, r, v, _ in flat((*DOCTOR, *cluster_rules(NAMES)))}
    assert not {r for r, _ in above} & {"secrets", "configmaps", "pods/exec"}
    assert {v for _, v in {(r, v) for _, r, v, _ in flat(DOCTOR)}} == {"get", "list"}


def test_only_what_the_edge_needs() -> None:
    assert [r.resource for r in edge_rules(SHARED)] == ["httproutes"]
    assert [r.resource for r in edge_rules(ClusterEdge(mode=EdgeMode.INGRESS))] == ["ingresses"]
    assert edge_rules(ClusterEdge(mode=EdgeMode.NONE)) == ()


def test_an_account_that_makes_namespaces_is_fenced() -> None:
    made = account(NAMES, SHARED, None)
    assert of_kind(made, "ValidatingAdmissionPolicy") == ["greenroom-shop"]
    (policy,) = [o for o in made if o["kind"] == "ValidatingAdmissionPolicy"]
    who = policy["spec"]["matchConditions"][0]["expression"]
    assert who == "request.userInfo.username == 'system:serviceaccount:greenroom-shop:greenroom'"
    (bind,) = [r for r in cluster_rules(NAMES) if "bind" in r.verbs]
    assert list(bind.names) == ["greenroom-shop-environment"]
    assert "greenroom-shop-environment" in of_kind(made, "ClusterRole")
    assert "greenroom-shop-environment" not in of_kind(made, "ClusterRoleBinding")


def test_with_premade_namespaces_nothing_above_them_is_changed() -> None:
    made = account(NAMES, SHARED, ["production", "staging"], doctor=False)
    assert of_kind(made, "Namespace") == ["greenroom-shop", "shop-production", "shop-staging"]
    (role,) = [o for o in made if o["kind"] == "ClusterRole"]
    assert {v for r in role["rules"] for v in r["verbs"]} == {"get", "list"}
    assert of_kind(made, "ValidatingAdmissionPolicy") == []


@pytest.mark.parametrize("words", [(), ("--premade",), ("--premade", "--no-doctor")])
def test_the_command_prints_objects_that_kubernetes_knows(tmp_path: Path, words: tuple[str, ...]) -> None:
    import kubernetes_validate

    text = (
        'name = "shop"\n[app]\nwsgi = "wsgi:app"\n[[environments]]\nname = "production"\nrefs = ["master"]\n'
    )
    (tmp_path / "greenroom.toml").write_text(
        text + 'target = "kubernetes"\n[kubernetes.edge]\ngateway = "edge/public"\n'
    )
    (tmp_path / "wsgi.py").write_text("app = None\n")
    (tmp_path / "requirements.txt").write_text("")
    asked = [sys.executable, "-m", "greenroom", "-C", str(tmp_path), "cluster", "account", *words]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    found = list(yaml.safe_load_all(shown.stdout))
    for body in found:
        kubernetes_validate.validate(body, "1.31", strict=True)
    as_json = subprocess.run([*asked, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(as_json.stdout)["result"]["objects"] == found


def test_without_an_environment_on_a_cluster_there_is_no_account(tmp_path: Path) -> None:
    (tmp_path / "greenroom.toml").write_text('name = "shop"\n[app]\nwsgi = "wsgi:app"\n')
    (tmp_path / "wsgi.py").write_text("app = None\n")
    asked = [sys.executable, "-m", "greenroom", "-C", str(tmp_path), "cluster", "account"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "names no environment on a cluster" in done.stderr
