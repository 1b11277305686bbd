"""The chart's objects for every tier, strategy, edge and door; values that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from chart_of import (
    CHART,
    NAME,
    PRODUCTION,
    VARIANTS,
    by_name,
    color,
    helm,
    merged,
    objects,
    refusal,
    rendered,
    variant,
)

API = "1.36"
"""The Kubernetes version whose schemas the objects are held against."""
FOREIGN = ("gateway.networking.k8s.io/", "monitoring.coreos.com/")


@pytest.mark.parametrize("name", VARIANTS)
def test_lint_finds_nothing(name: str, tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text(json.dumps(variant(name)))
    done = helm("lint", "--strict", str(CHART), "--values", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[ERROR]" not in done.stdout
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("name", VARIANTS)
def test_kubernetes_knows_every_field(name: str) -> None:
    found = objects(rendered(variant(name)))
    assert found
    for one in found:
        if not one["apiVersion"].startswith(FOREIGN):
            kubernetes_validate.validate(one, API, strict=True)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_pod_asks_for_little(name: str) -> None:
    for pod in pods(rendered(variant(name))):
        assert pod["automountServiceAccountToken"] is False
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            inner = container["securityContext"]
            assert inner["readOnlyRootFilesystem"] is True
            assert inner["allowPrivilegeEscalation"] is False
            assert inner["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"]["memory"]


def pods(text: str) -> list[Any]:
    """The pod specs of a manifest."""
    found = []
    for one in objects(text):
        spec = one.get("spec", {})
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if one["kind"] == "Pod":
            found.append(spec)
        elif "template" in spec:
            found.append(spec["template"]["spec"])
    return found


def test_nothing_is_left_out_of_the_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert defaults(schema, values) == {key: value for key, value in values.items() if key != "colors"}
    snapshot = yaml.safe_load((CHART / "files" / "color.yaml").read_text())
    assert defaults(schema["$defs"]["color"], snapshot) == snapshot


def defaults(schema: Any, like: Any) -> Any:
    """The schema's defaults in the shape of the values that they must equal."""
    found = {}
    for key, value in like.items():
        node = schema["properties"][key]
        if "$ref" in node or key == "colors":
            continue
        found[key] = defaults(node, value) if node.get("properties") else node["default"]
    return found


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"traffic": {"active": "purple"}}, "/traffic/active"),
        ({"traffic": {"switch": "mesh"}}, "/traffic/switch"),
        ({"strategy": "canary"}, "/strategy"),
        ({"background": "both"}, "/background"),
        ({"edge": {"mode": "nodeport"}}, "/edge/mode"),
        ({"access": {"mode": "closed"}}, "/access/mode"),
        ({"access": {"mode": "basic"}}, "/access/htpasswdSecret"),
        ({"access": {"mode": "addresses", "allow": ["192.0.2.0/24"]}}, "/access/edgeRanges"),
        ({"access": {"mode": "oidc"}}, "/access/authUrl"),
        ({"access": {"allow": ["all; auth_basic off"]}}, "/access/allow/0"),
        ({"assets": {"bucketUrl": "http://x/;return 200"}}, "/assets/bucketUrl"),
        ({"traffic": {"switch": "route"}, "edge": {"mode": "ingress"}}, "/edge/mode"),
        ({"migrate": {"hook": True}}, "/migrate/image"),
        ({"colors": {"blue": {"web": {"replica": 3}}}}, "replica"),
        ({"colors": {"blue": {"slot": 'x"; return 200 "'}}}, "/colors/blue/slot"),
        ({"colors": {"blue": {"image": ""}}}, "/colors/blue"),
        ({"colors": {"blue": {"env": {"PORT": 80}}}}, "/colors/blue/env/PORT"),
        (
            {"colors": {"blue": {"roles": [{"name": "web", "kind": "worker", "command": ["x"]}]}}},
            "/roles/0/name",
        ),
        ({"colors": {"blue": {"roles": [{"name": "a", "kind": "cron", "command": ["x"]}]}}}, "schedule"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], place: str) -> None:
    assert place in refusal(merged(PRODUCTION, values))


@pytest.mark.parametrize("mode", ["basic", "addresses", "oidc"])
def test_a_door_is_never_left_open_by_mistake(mode: str) -> None:
    found = refusal(merged(PRODUCTION, {"access": {"mode": mode}}), "--skip-schema-validation")
    assert "lacks what makes it closed" in found


def test_the_live_service_leads_to_the_active_color_alone() -> None:
    found = by_name(rendered(PRODUCTION))
    services = {name: one["spec"]["selector"] for (kind, name), one in found.items() if kind == "Service"}
    fixed = {"app.kubernetes.io/instance": NAME, "greenroom.dev/role": "web"}
    assert services == {
        NAME: {**fixed, "greenroom.dev/color": "blue"},
        f"{NAME}-preview": {**fixed, "greenroom.dev/color": "green"},
        f"{NAME}-blue": {**fixed, "greenroom.dev/color": "blue"},
        f"{NAME}-green": {**fixed, "greenroom.dev/color": "green"},
    }
    ports = [one["spec"]["ports"][0] for (kind, _), one in found.items() if kind == "Service"]
    assert ports == [{"name": "http", "port": 80, "targetPort": 8080}] * 4


def test_before_the_first_release_services_wait() -> None:
    found = by_name(rendered(variant("before-the-first-release")))
    assert found["Service", NAME]["spec"]["selector"]["greenroom.dev/color"] == "none"
    assert [name for kind, name in found if kind == "Deployment"] == []


@pytest.mark.parametrize("strategy", ["bluegreen", "rolling"])
def test_in_maintenance_the_public_reaches_neither_color(strategy: str) -> None:
    values = merged(variant("maintenance-of-routes"), {"strategy": strategy})
    told = rendered(values, "--api-versions", "monitoring.coreos.com/v1")
    found = by_name(told)
    assert found["Service", NAME]["spec"]["selector"]["greenroom.dev/color"] == "maintenance"
    route = found["HTTPRoute", NAME]["spec"]["rules"][0]["backendRefs"]
    assert [one["name"] for one in route] == [NAME]
    assert ("Pod", f"{NAME}-test") not in found
    assert found["ServiceMonitor", NAME]["spec"]["endpoints"][0]["path"] == "/metrics"


def test_workers_run_in_one_color() -> None:
    for name in ("blue", "green"):
        found = by_name(rendered(merged(PRODUCTION, {"background": name})))
        assert {key for key in found if key[1].endswith(("-mailer", "-cleanup"))} == {
            ("Deployment", f"{NAME}-{name}-mailer"),
            ("CronJob", f"{NAME}-{name}-cleanup"),
        }


def test_simple_strategies_have_one_deployment_and_one_service() -> None:
    for name, strategy in (("review", "Recreate"), ("development", "RollingUpdate")):
        found = by_name(rendered(variant(name)))
        webs = [one for (kind, at), one in found.items() if kind == "Deployment" and at == f"{NAME}-blue"]
        assert [one["spec"]["strategy"]["type"] for one in webs] == [strategy]
        assert ("Deployment", f"{NAME}-green") not in found
        assert [at for kind, at in found if kind == "Service"] == [NAME]


def test_the_autoscaler_decides_alone() -> None:
    found = by_name(rendered(variant("autoscaled")))
    assert "replicas" not in found["Deployment", f"{NAME}-blue"]["spec"]
    assert found["HorizontalPodAutoscaler", f"{NAME}-blue"]["spec"]["maxReplicas"] == 6
    assert found["Deployment", f"{NAME}-green"]["spec"]["replicas"] == 2


def test_route_weights_go_to_fixed_services() -> None:
    def weights(values: dict[str, Any]) -> dict[str, int]:
        route = by_name(rendered(merged(variant("route"), values)))["HTTPRoute", NAME]
        return {one["name"]: one["weight"] for one in route["spec"]["rules"][0]["backendRefs"]}

    assert weights({}) == {f"{NAME}-blue": 90, f"{NAME}-green": 10}
    assert weights({"traffic": {"active": "green"}}) == {f"{NAME}-green": 90, f"{NAME}-blue": 10}
    empty = {"colors": {"green": {"enabled": False}}}
    assert weights(empty) == {f"{NAME}-blue": 100, f"{NAME}-green": 0}


def test_traefik_gets_a_router_for_each_scheme() -> None:
    found = by_name(rendered(variant("ingress-traefik")))
    prefix = "traefik.ingress.kubernetes.io/router"
    secure, plain = (found["Ingress", f"{NAME}{end}"] for end in ("", "-http"))
    assert secure["metadata"]["annotations"] == {
        f"{prefix}.entrypoints": "websecure",
        f"{prefix}.tls": "true",
    }
    assert secure["spec"]["tls"] == [{"hosts": ["shop.example"], "secretName": "shop-tls"}]
    assert plain["metadata"]["annotations"] == {f"{prefix}.entrypoints": "web"}
    assert "tls" not in plain["spec"]


def test_a_service_monitor_only_where_the_cluster_knows_it() -> None:
    kinds = {one["kind"] for one in objects(rendered(PRODUCTION))}
    assert "ServiceMonitor" not in kinds
    told = rendered(PRODUCTION, "--api-versions", "monitoring.coreos.com/v1")
    assert by_name(told)["ServiceMonitor", NAME]["spec"]["endpoints"][0]["path"] == "/metrics"


def test_names_that_are_too_long_end_in_a_digest() -> None:
    roles = [
        {"name": f"{'a' * 31}{end}", "kind": "cron", "command": ["x"], "schedule": "0 4 * * *"}
        for end in "bc"
    ]
    made = by_name(rendered(merged(PRODUCTION, {"colors": {"blue": color(1, roles=roles)}})))
    names = [name for kind, name in made if kind == "CronJob"]
    assert len(names) == len(set(names)) == 2
    assert all(len(name) <= 52 and name.startswith(f"{NAME}-blue-aaa") for name in names)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"edge": {"gateway": {"name": "", "namespace": "", "section": ""}}}, "has no certificate"),
        (
            {
                "database": {"mode": "own"},
                "colors": {"blue": {"roles": [{"name": "database", "kind": "worker", "command": ["x"]}]}},
            },
            "a role called database",
        ),
    ],
)
def test_what_cannot_work_is_refused(change: dict[str, Any], why: str) -> None:
    assert why in refusal(merged(PRODUCTION, change))


def test_values_win_over_the_charts_own_variables() -> None:
    values = merged(PRODUCTION, {"colors": {"blue": {"env": {"HOME": "/srv"}}}})
    web = by_name(rendered(values))[("Deployment", f"{NAME}-blue")]
    env = web["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [one["value"] for one in env if one["name"] == "HOME"] == ["/srv"]
    assert len({one["name"] for one in env}) == len(env)


def test_no_pause_is_no_hook() -> None:
    values = merged(PRODUCTION, {"colors": {"blue": {"drain": {"preStopSeconds": 0}}}})
    web = by_name(rendered(values))[("Deployment", f"{NAME}-blue")]
    static = web["spec"]["template"]["spec"]["containers"][1]
    assert static["name"] == "static"
    assert "lifecycle" not in static


@pytest.mark.parametrize("known", [False, True])
def test_metrics_are_for_whoever_is_there_to_ask(known: bool) -> None:
    words = ("--api-versions", "monitoring.coreos.com/v1") if known else ()
    policy = by_name(rendered(PRODUCTION, *words))[("NetworkPolicy", f"{NAME}-web")]
    rules = {rule["ports"][0]["port"]: rule.get("from") for rule in policy["spec"]["ingress"]}
    assert rules.get(8082) == ([{"namespaceSelector": {}}] if known else None)
    narrow = merged(PRODUCTION, {"networkPolicy": {"controlPlane": []}})
    policy = by_name(rendered(narrow, *words))[("NetworkPolicy", f"{NAME}-web")]
    assert 8081 not in {rule["ports"][0]["port"] for rule in policy["spec"]["ingress"]}
