"""A release's static files, as those who keep them elsewhere need to know of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from greenroom.drivers.builds import Builds
from greenroom.drivers.builds.builds import manifest
from greenroom.ports import Values


def files_of(builds: Builds) -> Callable[[str], tuple[str, ...] | None]:
    """The names of a release's static files; None for one that is not built on this machine."""

    def files(release: str) -> tuple[str, ...] | None:
        here = builds.path(release)
        return tuple(manifest(here).values()) if here.is_dir() else None

    return files


def signed(app: Values, method: str, keys: Sequence[str]) -> list[str]:
    """See :data:`greenroom.drivers.kubernetes.older_files.Sign`."""
    from greenroom.drivers.s3.signing import signed as sign

    return sign(app, method, keys) if keys else []
