"""The table of what proofs may use of the app; see :mod:`greenroom.config.schema`."""

from __future__ import annotations

from greenroom.config.fields import Page, Table, key
from greenroom.domain.project import ProvePaths

_PROVE = ProvePaths()


class ProveTable(Table):
    """Which of the app's paths ``greenroom prove`` and the probes may use."""

    pages: list[Page] = key(list(_PROVE.pages), "Pages that anybody may read.", min_length=1, max_length=100)
    slow: Page | None = key(
        None,
        "A page that answers after as many seconds as its query's s says; it is asked for 2 and for 30.",
        "/slow",
    )
    stream: Page | None = key(None, "A page that sends its answer in pieces.", "/stream?s=3")
    echo: Page | None = key(
        None, 'A path that answers a POST with {"sha256": "<hex digest of the body>"}.', "/api/echo"
    )
