"""Which releases to keep, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from greenroom.domain.release import Release


class Verdict(NamedTuple):
    """A release's fate, with the reason as a sentence."""

    id: str
    keep: bool
    reason: str


def keep_releases(
    releases: Sequence[Release], good_history: Sequence[str], protected: frozenset[str], keep: int
) -> list[Verdict]:
    """Decide over every release, in the order given (oldest first).

    ``good_history``: ids of the releases that served well, in the order in which they did, the latest last; the
    last ``keep`` different ones that are still there stay. ``protected``: ids that a slot or a plan uses. The
    newest ``keep`` builds stay too: they may be waiting to be deployed.
    """
    present = {release.id for release in releases}
    good = [i for i in dict.fromkeys(reversed(good_history)) if i in present][:keep]
    newest = frozenset(release.id for release in releases[-max(1, keep) :])
    return [_verdict(release.id, newest, good, protected) for release in releases]


def _verdict(release: str, newest: frozenset[str], good: Sequence[str], protected: frozenset[str]) -> Verdict:
    if release in protected:
        return Verdict(release, True, "it is in use")
    if release in good:
        return Verdict(release, True, f"good release number {good.index(release) + 1}, counted back")
    if release in newest:
        return Verdict(release, True, "it is among the newest builds")
    return Verdict(release, False, "neither in use nor among the last good releases or builds")
