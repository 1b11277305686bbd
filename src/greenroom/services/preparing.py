"""Everything that an environment stands on, made sure of before a slot is launched on it."""

from __future__ import annotations

from functools import partial

from greenroom.services.performing import timed
from greenroom.services.target import Target


def ready(target: Target) -> None:
    """Start the platform, and make sure of everything that the environment owns; the caller holds the lease."""
    timed(target, "start", "start the platform", target.platform.start)
    make_sure(target)


def make_sure(target: Target) -> None:
    """Of every resource, as the project's file wants it now."""
    for resource in target.doors.resources:
        ensure = partial(resource.ensure, target.environment)
        timed(target, "ensure", f"make sure of the {resource.name}", ensure)
