"""Helm on the chart, and the values that the tests render it with."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

CHART = Path(__file__).resolve().parents[2] / "deploy" / "chart"
Json = dict[str, Any]
NAME = "shop-production"


def helm_binary() -> str:
    """Helm as ``greenroom chart`` finds it; the test is skipped where there is none."""
    found = shutil.which(os.environ.get("GREENROOM_HELM") or "helm")
    if found is None:
        pytest.skip("helm is not there: put it on PATH, or name it in GREENROOM_HELM")
    return found


def helm(*words: str, values: Mapping[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Helm; values go in on standard input. Any exit code is an answer."""
    argv = [helm_binary(), *words, *(("--values", "-") if values is not None else ())]
    return subprocess.run(
        argv, input=json.dumps(values or {}), capture_output=True, text=True, check=False, timeout=60
    )


def rendered(values: Mapping[str, Any], *words: str, name: str = NAME) -> str:
    """What ``helm template`` prints; the values must be good ones."""
    done = helm("template", name, str(CHART), "--namespace", "test", *words, values=values)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(values: Mapping[str, Any], *words: str) -> str:
    """Helm's complaint about values that must not be taken."""
    done = helm("template", NAME, str(CHART), *words, values=values)
    assert done.returncode != 0
    return done.stderr


def objects(text: str) -> list[Json]:
    """The documents of a manifest."""
    return [found for found in yaml.safe_load_all(text) if found]


def by_name(text: str) -> dict[tuple[str, str], Json]:
    """(kind, name) -> object."""
    return {(found["kind"], found["metadata"]["name"]): found for found in objects(text)}


def document(text: str, kind: str, name: str) -> str:
    """One object of a manifest as it is written, byte for byte."""
    found = [
        part
        for part in re.split(r"^---\n", text, flags=re.MULTILINE)
        if (seen := yaml.safe_load(part)) and (seen["kind"], seen["metadata"]["name"]) == (kind, name)
    ]
    assert len(found) == 1, (kind, name, len(found))
    # Helm adds lines that say where a document comes from, and blank ones around it.
    return re.sub(r"\A(# Source: .*\n|\s)*", "", found[0]).rstrip() + "\n"


def color(number: int, **more: Any) -> Json:
    """A colour's snapshot."""
    release = f"{number:012x}"
    return {
        "enabled": True,
        "slot": f"{release}-{number}",
        "release": release,
        "image": f"registry.example/shop/app@sha256:{number:064x}",
        "static": f"registry.example/shop/static@sha256:{number:064x}",
        "secrets": [f"shop-{number}"],
        "env": {"PUBLIC_URL": "https://shop.example"},
        "web": {"wsgi": "wsgi:app"},
        "roles": [
            {"name": "mailer", "kind": "worker", "command": ["python", "-m", "shop.worker"]},
            {"name": "cleanup", "kind": "cron", "command": ["flask", "cleanup"], "schedule": "0 4 * * *"},
        ],
        **more,
    }


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Json:
    """Values over values, as Helm does it."""
    result = copy.deepcopy(dict(base))
    for key, value in more.items():
        inner = result.get(key)
        result[key] = (
            merged(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
        )
    return result


PRODUCTION: Json = {
    "project": "shop",
    "environment": "production",
    "traffic": {"active": "blue", "preview": "green"},
    "background": "blue",
    "colors": {"blue": color(1), "green": color(2)},
    "edge": {"host": "shop.example", "gateway": {"name": "main", "namespace": "edge", "section": "https"}},
}
REVIEW = {
    "environment": "fb-123",
    "strategy": "recreate",
    "colors": {"blue": {"web": {"replicas": 1, "processes": 1}}, "green": {"enabled": False}},
    "quota": {
        "enabled": True,
        "hard": {"pods": "6", "requests.memory": "2Gi", "services.loadbalancers": "0"},
    },
    "limits": {"enabled": True},
}
CLOSED = {"access": {"mode": "basic", "htpasswdSecret": "door"}}
SIGN_IN = {
    "mode": "oidc",
    "authUrl": "http://oauth2-proxy.auth.svc.cluster.local:4180/oauth2/auth",
    "signInUrl": "/oauth2/start",
}
VARIANTS: dict[str, Json] = {
    "production": {},
    "staging": merged(CLOSED, {"environment": "staging"}),
    "development": merged(CLOSED, {"environment": "dev", "strategy": "rolling"}),
    "review": merged(CLOSED, REVIEW),
    "before-the-first-release": {
        "traffic": {"active": "none", "preview": "none"},
        "background": "none",
        "colors": {"blue": None, "green": None},
    },
    "green-is-live": {"traffic": {"active": "green", "preview": "blue"}, "background": "green"},
    "maintenance": {"traffic": {"active": "maintenance"}},
    "maintenance-of-routes": {"traffic": {"active": "maintenance", "switch": "route"}},
    "autoscaled": {"colors": {"blue": {"web": {"autoscale": {"enabled": True}}}}},
    "overlap": {"traffic": {"switch": "overlap"}},
    "route": {"traffic": {"switch": "route", "weight": 90}},
    "gateway-with-redirect": {"edge": {"gateway": {"httpSection": "http"}}},
    "gateway-of-its-own": {
        "edge": {"gateway": {"name": "", "namespace": "", "section": ""}, "tls": {"issuer": "letsencrypt"}}
    },
    "ingress-plain": {"edge": {"mode": "ingress", "redirect": False}},
    "ingress-traefik": {"edge": {"mode": "ingress", "tls": {"secret": "shop-tls"}}},
    "ingress-haproxy": {
        "edge": {"mode": "ingress", "className": "haproxy", "tls": {"issuer": "letsencrypt"}}
    },
    "no-edge": {"edge": {"mode": "none"}},
    "addresses": {
        "access": {"mode": "addresses", "allow": ["192.0.2.0/24"], "edgeRanges": ["10.0.0.0/8", "fd00::/8"]}
    },
    "sign-in": {"access": SIGN_IN},
    "buckets": {
        "assets": {
            "bucketUrl": "http://minio.minio.svc.cluster.local:9000/shop-production/static/",
            "mediaUrl": "http://minio.minio.svc.cluster.local:9000/shop-production/public/",
        }
    },
    "narrow-network": {
        "networkPolicy": {
            "edgeNamespaces": ["edge"],
            "monitoringNamespaces": ["monitoring"],
            "controlPlane": ["192.0.2.1/32"],
            "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.9/32"}}], "ports": [{"port": 5432}]}],
        }
    },
    "database-of-its-own": merged(REVIEW, {"database": {"mode": "own", "storageClass": "fast"}}),
    "migrating-by-helm": {
        "migrate": {
            "hook": True,
            "image": "registry.example/shop/app:1",
            "command": ["flask", "db", "upgrade"],
        }
    },
}
"""What is said beyond :data:`PRODUCTION`: every tier, strategy, switch, edge and door."""


def variant(name: str) -> Json:
    """The values of a variant."""
    return merged(PRODUCTION, VARIANTS[name])
