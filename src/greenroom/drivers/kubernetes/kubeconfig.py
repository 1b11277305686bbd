"""Which cluster, and as whom: from a kubeconfig, or from a pod's own service account.

Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.kubernetes.reaching import Cluster, impersonated, proxy_of
from greenroom.drivers.system.processes import run

POD_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
EXEC_SECONDS = 60.0
"""How long a program of the kubeconfig may take to give a token."""


def cluster_of(environ: Mapping[str, str], context: str | None = None) -> Cluster:
    """The cluster of ``KUBECONFIG`` or ``~/.kube/config`` (its current context unless one is named), else the pod's own.

    Raises (exit 2) when there is none, or it cannot be read.
    """
    files = kubeconfigs(environ)
    if files:
        return _from_files(files, context, environ)
    if (POD_ACCOUNT / "token").is_file():
        return _from_pod(environ)
    where = " or ".join(filter(None, environ.get("KUBECONFIG", "").split(":"))) or "~/.kube/config"
    raise _unusable(f"there is no kubeconfig at {where}", "export KUBECONFIG=FILE")


def kubeconfigs(environ: Mapping[str, str]) -> list[Path]:
    """The kubeconfig files that are there; none in a pod, which knows its cluster by itself."""
    named = [Path(p) for p in environ.get("KUBECONFIG", "").split(":") if p]
    return [f for f in (named or [Path(environ.get("HOME", "/")) / ".kube" / "config"]) if f.is_file()]


def _from_pod(environ: Mapping[str, str]) -> Cluster:
    tls = ssl.create_default_context(cafile=str(POD_ACCOUNT / "ca.crt"))
    token = (POD_ACCOUNT / "token").read_text(encoding="utf-8").strip()
    port = int(environ.get("KUBERNETES_SERVICE_PORT", "443"))
    host = environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
    return Cluster(host, port, tls, {"Authorization": f"Bearer {token}"})


def _from_files(files: list[Path], context: str | None, environ: Mapping[str, str]) -> Cluster:
    import yaml

    merged: dict[str, Any] = {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}
    for file in files:
        try:
            data = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise _unusable(f"{file} cannot be read: {error}", "kubectl config view") from error
        _merge(merged, data, file.parent)
    name = context or merged["current-context"]
    chosen = merged["contexts"].get(name)
    if chosen is None:
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise _unusable(
            f"the kubeconfig has no context {name!r}; it has: {known}", "kubectl config use-context"
        )
    cluster = merged["clusters"].get(chosen.get("cluster"), {})
    user = merged["users"].get(chosen.get("user"), {})
    return _cluster(cluster, user, environ)


def _merge(merged: dict[str, Any], data: Mapping[str, Any], folder: Path) -> None:
    """The first file that has a name wins, as with kubectl."""
    for many, one in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
        for entry in data.get(many) or ():
            merged[many].setdefault(entry["name"], {**(entry.get(one) or {}), "_folder": folder})
    merged["current-context"] = merged["current-context"] or data.get("current-context", "")


def _cluster(cluster: Mapping[str, Any], user: Mapping[str, Any], environ: Mapping[str, str]) -> Cluster:
    scheme, _, rest = str(cluster.get("server", "")).partition("://")
    address, _, base = rest.partition("/")
    host, _, port = address.rpartition(":") if _has_port(address) else (address, "", "")
    if not host:
        raise _unusable("the kubeconfig names no server", "kubectl config view")
    headers, extra = _who(user, environ)
    tls = _tls(cluster, {**user, **extra}) if scheme == "https" else None
    number = int(port or (443 if tls else 80))
    host, name = host.strip("[]"), str(cluster.get("tls-server-name") or "")
    proxy = proxy_of(cluster, host, number, environ)
    return Cluster(host, number, tls, headers, f"/{base}".rstrip("/"), name, proxy, impersonated(user))


def _has_port(address: str) -> bool:
    return address.rpartition(":")[2].isdigit() and not address.endswith("]")


def _who(user: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers, and certificates that a program gave."""
    if user.get("exec"):
        given = _executed(user["exec"], environ)
        token = given.get("token")
        data = {
            "client-certificate-data": _encoded(given.get("clientCertificateData")),
            "client-key-data": _encoded(given.get("clientKeyData")),
        }
        return ({"Authorization": f"Bearer {token}"} if token else {}), {k: v for k, v in data.items() if v}
    token = user.get("token")
    if user.get("tokenFile"):
        token = _path(user, "tokenFile").read_text(encoding="utf-8").strip()
    if token:
        return {"Authorization": f"Bearer {token}"}, {}
    if user.get("username"):
        pair = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}, {}
    return {}, {}


def _executed(wanted: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What a credential plugin gives (client.authentication.k8s.io)."""
    info = {"apiVersion": wanted.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    env = {**environ, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    env |= {e["name"]: e["value"] for e in wanted.get("env") or ()}
    done = run([wanted["command"], *(wanted.get("args") or ())], env=env, timeout=EXEC_SECONDS)
    if not done.ok:
        raise _unusable(
            f"{wanted['command']} gave no token: {done.complaint[-300:]}", wanted.get("installHint", "")
        )
    status: Mapping[str, Any] = json.loads(done.out).get("status") or {}
    return status


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority = _text(cluster, "certificate-authority")
    if authority:
        context = ssl.create_default_context(cadata=authority)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate, key = _text(user, "client-certificate"), _text(user, "client-key")
    if certificate and key:
        # The ssl module takes a client certificate from a file alone.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(f"{certificate}\n{key}\n")
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _text(table: Mapping[str, Any], key: str) -> str:
    if table.get(f"{key}-data"):
        return base64.b64decode(table[f"{key}-data"]).decode()
    return _path(table, key).read_text(encoding="utf-8") if table.get(key) else ""


def _path(table: Mapping[str, Any], key: str) -> Path:
    """Paths in a kubeconfig are relative to its folder."""
    return Path(table["_folder"]) / str(table[key])


def _encoded(text: str | None) -> str:
    return base64.b64encode(text.encode()).decode() if text else ""


def _unusable(message: str, hint: str) -> GreenroomError:
    return GreenroomError("no-cluster", message, hint, Exit.USAGE)
