"""What the public sees is never changed by what is prepared beside it: byte for byte."""

from __future__ import annotations

from typing import Any

from chart_of import NAME, PRODUCTION, color, document, merged, rendered
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

WORD = st.from_regex(r"\A[a-z][a-z0-9]{0,8}\Z")
SIZES = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(0, 9),
        "processes": st.integers(1, 9),
        "threads": st.integers(1, 64),
        "stopTimeout": st.integers(0, 900),
        "maxBody": st.sampled_from(["1m", "64m", "2g"]),
        "readTimeout": st.integers(1, 900),
        "tmp": st.sampled_from(["64Mi", "1Gi"]),
        "resources": st.sampled_from([{}, {"limits": {"memory": "3Gi"}}, {"requests": {"cpu": "2"}}]),
        "autoscale": st.fixed_dictionaries({"enabled": st.booleans()}, optional={"max": st.integers(2, 40)}),
    },
)
ROLES = st.lists(
    st.builds(lambda name: {"name": f"r{name}", "kind": "worker", "command": ["run", name]}, WORD),
    max_size=2,
    unique_by=lambda role: role["name"],
)
SNAPSHOTS = st.builds(
    lambda number, web, more: color(number, **{**more, "web": {"wsgi": "wsgi:app", **web}}),
    st.integers(3, 2**40),
    SIZES,
    st.fixed_dictionaries(
        {},
        optional={
            "env": st.dictionaries(
                st.from_regex(r"\A[A-Z][A-Z_]{0,8}\Z"),
                st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9),
                max_size=3,
            ),
            "secrets": st.lists(WORD, max_size=2),
            "pullSecrets": st.lists(WORD, max_size=2),
            "roles": ROLES,
            "probes": st.fixed_dictionaries(
                {}, optional={"ready": st.just("/ready"), "live": st.just("/up")}
            ),
            "drain": st.fixed_dictionaries({}, optional={"preStopSeconds": st.integers(0, 60)}),
            "staticUrl": st.sampled_from(["/assets/", "/static/v2/"]),
        },
    ),
)
IDLE = st.one_of(st.just({"enabled": False}), SNAPSHOTS)
AROUND = st.fixed_dictionaries(
    {},
    optional={
        "traffic": st.fixed_dictionaries(
            {},
            optional={
                "active": st.sampled_from(["blue", "green", "none", "maintenance"]),
                "preview": st.sampled_from(["blue", "green", "none", "maintenance"]),
                "switch": st.sampled_from(["selector", "overlap", "route"]),
                "weight": st.integers(0, 100),
            },
        ),
        "background": st.sampled_from(["blue", "green", "none"]),
        "networkPolicy": st.fixed_dictionaries({"enabled": st.booleans()}),
        "monitoring": st.fixed_dictionaries({"serviceMonitor": st.booleans()}),
        "quota": st.fixed_dictionaries({"enabled": st.booleans()}),
    },
)
CONTROL: dict[str, Any] = {
    "suppress_health_check": [HealthCheck.too_slow],
    "deadline": None,
    # Each example costs a tenth of a second or two: a smaller one is not worth minutes.
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}


def live(text: str) -> str:
    """The live colour's Deployment and what it names, as they are written."""
    deployment = document(text, "Deployment", f"{NAME}-blue")
    config = next(
        line.split("{name: ")[1].rstrip("}") for line in deployment.splitlines() if "configMap:" in line
    )
    return (
        deployment
        + document(text, "ConfigMap", config)
        + document(text, "PodDisruptionBudget", f"{NAME}-blue")
    )


@settings(max_examples=30, **CONTROL)
@given(mine=SNAPSHOTS, before=IDLE, after=IDLE, around=AROUND)
def test_the_idle_color_never_changes_the_live_one(
    mine: dict[str, Any], before: dict[str, Any], after: dict[str, Any], around: dict[str, Any]
) -> None:
    def seen(idle: dict[str, Any], more: dict[str, Any]) -> str:
        base = {**PRODUCTION, "colors": {"blue": mine, "green": idle}}
        return live(rendered(merged(base, more)))

    assert seen(before, {}) == seen(after, around)


@settings(max_examples=10, **CONTROL)
@given(mine=SNAPSHOTS, idle=IDLE)
def test_a_stored_manifest_outlives_every_change(mine: dict[str, Any], idle: dict[str, Any]) -> None:
    base = {**PRODUCTION, "colors": {"blue": mine, "green": idle}}
    stored = rendered(base, "--show-only", "templates/web-blue.yaml")
    changed = merged(
        base,
        {
            "environment": "another",
            "access": {"mode": "basic", "htpasswdSecret": "door"},
            "assets": {"bucketUrl": "http://minio.svc:9000/b/static/"},
            "colors": {"blue": {"manifest": stored, "image": "another:1", "drain": {"preStopSeconds": 9}}},
        },
    )
    assert live(rendered(changed)) == live(rendered(base))
    assert live(rendered(merged(base, {"environment": "another"}))) != live(rendered(base))


def test_stored_workers_run_only_in_their_turn() -> None:
    stored = rendered(PRODUCTION, "--show-only", "templates/background-blue.yaml")
    kept = merged(PRODUCTION, {"colors": {"blue": {"backgroundManifest": stored, "image": "another:1"}}})
    mailer = ("Deployment", f"{NAME}-blue-mailer")
    assert document(rendered(kept), *mailer) == document(rendered(PRODUCTION), *mailer)
    assert "blue-mailer" not in rendered(merged(kept, {"background": "green"}))


def test_a_new_nginx_configuration_has_a_new_name() -> None:
    def names(values: dict[str, Any]) -> set[str]:
        text = rendered(merged(PRODUCTION, values))
        return {line for line in text.splitlines() if "name: shop-production-blue-nginx-" in line}

    closed = {"access": {"mode": "basic", "htpasswdSecret": "door"}}
    assert names({}) and names(closed)
    assert not names({}) & names(closed)
