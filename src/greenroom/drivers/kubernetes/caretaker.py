"""Due work without a person: a CronJob in the control namespace that runs Greenroom itself, as its own account."""

from __future__ import annotations

from typing import Any

from greenroom.drivers.kubernetes.account import NAME as ACCOUNT
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.restricted import CONTAINER, POD

Json = dict[str, Any]
NAME = "greenroom-due"
FILE = "greenroom.toml"
WORK = "/work"
LONGEST_SECONDS = 1800
"""A run that has not ended by then is ended; its lease runs out by itself, and the next run goes on."""

COMMAND = f"cp /project/{FILE} {WORK}/ && exec greenroom -C {WORK} --progress lines due --all"


def caretaker(names: Names, toml: str, image: str, schedule: str, pull_secret: str | None) -> list[Json]:
    """Everything to apply. ``toml``: the text of the project's file; ``image``: one with ``greenroom`` and ``helm`` on its
    PATH; ``schedule`` as cron writes it, in UTC."""
    metadata = {"name": NAME, "namespace": names.control, "labels": names.labels()}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {FILE: toml}}
    job = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": LONGEST_SECONDS,
        "template": {"metadata": {"labels": names.labels()}, "spec": _pod(image, pull_secret)},
    }
    cron: Json = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata}
    cron["spec"] = {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 120,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": job},
    }
    return [config, cron]


def _pod(image: str, pull_secret: str | None) -> Json:
    plain = {"HOME": WORK, "USER": ACCOUNT, "TMPDIR": "/tmp"}  # noqa: S108 - in a container of its own
    container = {
        "name": "due",
        "image": image,
        "command": ["/bin/sh", "-c", COMMAND],
        "workingDir": WORK,
        "env": [{"name": name, "value": value} for name, value in plain.items()],
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": CONTAINER,
        "volumeMounts": [
            {"name": "project", "mountPath": "/project", "readOnly": True},
            {"name": "work", "mountPath": WORK},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
    return {
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "imagePullSecrets": [{"name": pull_secret}] if pull_secret else [],
        "securityContext": POD,
        "containers": [container],
        "volumes": [
            {"name": "project", "configMap": {"name": NAME}},
            {"name": "work", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
