"""The table [registry]."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from greenroom.config.fields import Command, LongDuration, Table, key
from greenroom.domain.registry.settings import Collection, Pruning, RegistrySettings

_SETTINGS = RegistrySettings()
_PRUNING = Pruning()


def _expression(value: str) -> str:
    """A regular expression."""
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"must be a regular expression ({error})") from None
    return value


def _branch_expression(value: str) -> str:
    """One with a group named branch."""
    if "branch" not in re.compile(_expression(value)).groupindex:
        raise ValueError("must have a group (?P<branch>...)")
    return value


Expression = Annotated[str, AfterValidator(_expression)]


class RegistryTable(Table):
    """What greenroom registry keeps of the images below [image] repository, and how the registry frees bytes."""

    repositories: list[str] = key(
        list(_SETTINGS.repositories),
        "Repositories below [image] repository that are this project's own; all others are only reported.",
    )
    protect: list[Expression] = key(
        list(_PRUNING.protect), "Tags that stay: regular expressions over the whole tag."
    )
    newest: int = key(
        _PRUNING.newest,
        "So many of the newest tags of each open branch stay, and of those that tell no branch.",
        ge=0,
    )
    min_age: LongDuration = key(
        _PRUNING.min_age,
        "A tag stays this long after it was first seen; longer than the longest pipeline takes.",
    )
    branch: Annotated[str, AfterValidator(_branch_expression)] = key(
        _PRUNING.branch, "How a tag tells its branch: a regular expression with a group named branch."
    )
    most: int = key(_PRUNING.most, "So many tags go in one run.", ge=1)
    collect: Command | None = key(
        None,
        "Frees the bytes of what has no tag. Default: none; greenroom registry gc needs it.",
        "docker-registry garbage-collect -m /etc/docker/registry/config.yml",
    )
    stop: Command | None = key(
        None, "Stops the registry for that time, or makes it read only.", "systemctl stop docker-registry"
    )
    start: Command | None = key(
        None, "Starts it again, with nothing remembered of what was there.", "systemctl start docker-registry"
    )
    storage: str | None = key(
        None, "The registry's folder on this machine, to measure what was freed.", "/var/lib/docker-registry"
    )
    metadata_database: bool = key(
        False, "GitLab's registry with a metadata database: it frees by itself, and no collector may run."
    )


def registry(table: RegistryTable) -> RegistrySettings:
    """What the domain knows of it."""
    pruning = Pruning(tuple(table.protect), table.newest, table.min_age, table.branch, table.most)
    collection = Collection(
        table.collect or (), table.stop or (), table.start or (), table.storage, table.metadata_database
    )
    return RegistrySettings(tuple(table.repositories), pruning, collection)
