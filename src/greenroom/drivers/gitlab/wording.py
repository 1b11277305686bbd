"""A deploy as a note on a merge request. Everything that people wrote stands in code spans, where it is no markup and calls nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from greenroom.domain.news import News
from greenroom.domain.revisions import Revision

LONGEST = 300
"""Characters of an error or a title that are shown."""


def mark(name: str) -> str:
    """How a note begins, by which it is found again; GitLab does not show it."""
    return f"<!-- greenroom:{name} -->"


def worded(news: News, url: str, log: str) -> str:
    """The whole note."""
    commit = f"{code(news.release.commit[:12])} {code(news.release.subject)}"
    rows = {
        "environment": url,
        "commit": commit,
        "release": code(news.release.id),
        "migrations": "; ".join(map(_revision, news.migrations)) or "none",
        "disruption foreseen": news.disruption,
        "result": f"failed: {code(news.failure)}" if news.failure else _served(news),
        "took": f"{news.seconds:.0f} s",
        **({"log": f"[the job]({log})"} if log else {}),
    }
    sign = "\N{CROSS MARK}" if news.failure else "\N{WHITE HEAVY CHECK MARK}"
    verb = "was not deployed" if news.failure else "is deployed"
    when = datetime.fromtimestamp(news.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    return (
        f"{mark(news.place.name)}\n{sign} **{news.place.name}** {verb}, {when}\n\n| | |\n|---|---|\n{table}\n"
    )


def code(text: str) -> str:
    """As a code span of one line in a table."""
    line = " ".join(re.sub(r"[`|]", "'", text).split())
    return f"`{line[: LONGEST - 1]}…`" if len(line) > LONGEST else f"`{line or '-'}`"


def _revision(one: Revision) -> str:
    return f"{code(one.id)} {one.phase}" + (f" {code(one.title)}" if one.title else "")


def _served(news: News) -> str:
    return f"{code(news.serving)} serves" if news.serving else "nothing serves"
