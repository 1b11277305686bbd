"""The annotated reference file and the editor's schema, both written from :mod:`greenroom.config.schema`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from greenroom.config import schema, values
from greenroom.config.ci_table import CiTable
from greenroom.config.cluster_table import ClusterEdgeTable, ClusterNetworkTable, ClusterTable
from greenroom.config.environment_table import EnvironmentTable
from greenroom.config.fields import Table
from greenroom.config.gitlab_table import GitLabTable
from greenroom.config.image_table import ImageTable
from greenroom.config.proving import ProveTable
from greenroom.config.registry_table import RegistryTable
from greenroom.config.secret_table import SecretsTable
from greenroom.config.signin_table import SignInTable
from greenroom.config.store import StoreTable

WIDTH = 100
"""Characters of a comment line."""

INTRODUCTION = """\
#:schema ./greenroom.schema.json

# Every key of greenroom.toml, with its text, an example and its default. A real file is about ten lines:
# only name and [app] wsgi are required. The first line tells editors that use Taplo (Even Better TOML)
# where the schema lies: they complete and check keys while you type. This file is written by the program
# (python -m greenroom.config) and a test holds it to what the program does.
"""

Section = tuple[str, type[Table], dict[str, Any]]

SECTIONS: tuple[Section, ...] = (
    ("", schema.File, {"name": None, "host": None}),
    ("app", schema.AppTable, dict.fromkeys(schema.AppTable.model_fields)),
    (
        "roles.web",
        schema.RoleTable,
        {"kind": "web", "processes": None, "threads": None, "connections": None, "stop_timeout": None},
    ),
    ("roles.mailer", schema.RoleTable, {"kind": "worker", "command": "python -m shop.worker"}),
    (
        "roles.cleanup",
        schema.RoleTable,
        {
            "kind": "cron",
            "command": ["flask", "--app", "wsgi", "cleanup-carts"],
            "schedule": "0 4 * * *",
            "singleton": None,
        },
    ),
    ("prove", ProveTable, dict.fromkeys(ProveTable.model_fields)),
    ("policy", schema.PolicyTable, {k: None for k in schema.PolicyTable.model_fields if k != "worse"}),
    ("policy.worse", schema.WorseTable, dict.fromkeys(schema.WorseTable.model_fields)),
    ("edge", schema.EdgeTable, dict.fromkeys(schema.EdgeTable.model_fields)),
    ("signin", SignInTable, dict.fromkeys(SignInTable.model_fields)),
    (
        "[environments]",
        EnvironmentTable,
        {
            "name": "staging",
            "tier": "staging",
            "host": "staging.shop.localhost",
            "target": None,
            "strategy": None,
            "access": "private",
            "users": None,
            "groups": None,
            "emails": None,
            "allow_ips": None,
            "keep_releases": None,
        },
    ),
    (
        "[environments]",
        EnvironmentTable,
        {
            "name": None,
            "refs": None,
            "template": None,
            "ttl": None,
            "sleep_after": None,
            "max": None,
            "max_disk": None,
        },
    ),
    (
        "[environments]",
        EnvironmentTable,
        {
            "name": "production",
            "refs": ["master"],
            "target": "kubernetes",
            "database": "external",
            "after": "staging",
            "quiet": None,
            "freeze": None,
            "who": None,
            "timezone": None,
            "env": {"SHOP_BANNER": ""},
        },
    ),
    ("secrets", SecretsTable, dict.fromkeys(SecretsTable.model_fields)),
    ("database", schema.DatabaseTable, dict.fromkeys(schema.DatabaseTable.model_fields)),
    ("s3", StoreTable, dict.fromkeys(StoreTable.model_fields)),
    ("gitlab", GitLabTable, dict.fromkeys(GitLabTable.model_fields)),
    ("image", ImageTable, dict.fromkeys(ImageTable.model_fields)),
    ("ci", CiTable, dict.fromkeys(CiTable.model_fields)),
    ("registry", RegistryTable, dict.fromkeys(RegistryTable.model_fields)),
    (
        "kubernetes",
        ClusterTable,
        {
            **{k: None for k in ClusterTable.model_fields if k not in ("edge", "network")},
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
            "quota": {'"limits.memory"': "8Gi"},
        },
    ),
    (
        "kubernetes.edge",
        ClusterEdgeTable,
        {
            **dict.fromkeys(ClusterEdgeTable.model_fields),
            "annotations": {'"external-dns.alpha.kubernetes.io/ttl"': "300"},
        },
    ),
    ("kubernetes.network", ClusterNetworkTable, dict.fromkeys(ClusterNetworkTable.model_fields)),
)
"""Heading, model and keys of each table; a key's value None takes the example or the default."""


def annotated() -> str:
    """The text of ``docs/reference/greenroom.toml``."""
    said: set[tuple[type[Table], str]] = set()
    blocks = [INTRODUCTION]
    for heading, table, keys in SECTIONS:
        blocks.append("\n".join(_section(heading, table, keys, said)) + "\n")
    blocks.append(
        _comment(schema.File.model_fields["env"].description or "") + '\n[env]\nSHOP_CURRENCY = "EUR"\n'
    )
    return "\n".join(blocks)


def json_schema() -> dict[str, Any]:
    """The JSON schema of the file (draft 2020-12), for editors and checkers."""
    found = schema.File.model_json_schema(schema_generator=_Untitled)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "greenroom.toml"}


class _Untitled(GenerateJsonSchema):
    """Leaves out titles that only repeat the key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _section(heading: str, table: type[Table], keys: dict[str, Any], said: set[Any]) -> Iterator[str]:
    if heading:
        if (table, "") not in said:
            said.add((table, ""))
            yield _comment(table.__doc__ or "")
        yield f"[{heading}]"
    for name, value in keys.items():
        field = table.model_fields[name]
        if (table, name) not in said:
            said.add((table, name))
            yield _comment(f"{field.description} {_default(field)}")
        yield f"{name} = {_toml(_example(field) if value is None else value)}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "Required."
    if "Default:" in (field.description or ""):
        return ""
    return (
        "Default: none."
        if field.default is None or field.default_factory
        else f"Default: {_toml(_plain(field))}."
    )


def _example(field: FieldInfo) -> Any:
    return field.examples[0] if field.examples else _plain(field)


def _plain(field: FieldInfo) -> Any:
    """The default as one would write it: durations and sizes with their unit."""
    validators = [getattr(part, "func", None) for part in field.metadata]
    if values.duration in validators:
        hours, minutes = divmod(field.default, 3600)
        if hours and not minutes:
            return f"{hours:g}h"
        minutes, seconds = divmod(field.default, 60)
        return f"{minutes:g}m" if not seconds else f"{field.default:g}s"
    if values.size in validators:
        return f"{field.default // 10**6}MB"
    return field.default


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(" ".join(text.split()), WIDTH))
