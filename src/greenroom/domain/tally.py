"""What a load saw: one record a request, folded into one tally. Times are seconds of one monotonic clock."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from greenroom.domain.histogram import Histogram, histogram

EDGE = "edge"
"""Stands in ``Tally.by_slot`` for answers that no slot signed: static files, and errors of the edge itself."""
NOBODY = "nobody"
"""Stands in ``Tally.by_slot`` for requests that nobody answered."""
_Key = TypeVar("_Key")


class Kind(StrEnum):
    """How a client asks.

    UPLOAD is chunked, DRIP announces its length and then sends slowly, STREAM gets its answer in pieces, LONG outlasts
    several deploys; H2 and H2_SLOW share one HTTP/2 connection with others.
    """

    GET = "get"
    FRESH = "fresh"
    POST = "post"
    SLOW = "slow"
    UPLOAD = "upload"
    STATIC = "static"
    STREAM = "stream"
    DRIP = "drip"
    LONG = "long"
    H2 = "h2"
    H2_SLOW = "h2_slow"

    @property
    def slow_on_purpose(self) -> bool:
        """Whether the request lasts by design, so that its duration says nothing about latency."""
        return self not in (Kind.GET, Kind.FRESH, Kind.POST, Kind.STATIC, Kind.H2)


class Cause(StrEnum):
    """Why a request has no good answer."""

    REFUSED = "refused"
    RESET = "reset"
    EOF = "eof"
    TRUNCATED = "truncated"
    WRONG_BODY = "wrong_body"
    TIMEOUT = "timeout"
    STATUS = "status"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Record:
    """One request: began at ``start_s`` (monotonic seconds), lasted ``duration_ms`` to the last byte or the loss.

    ``status`` and ``slot`` (the answer's X-Release) are known as far as the answer came; ``reused`` tells
    whether it went out on a connection that had carried a request before. ``repeats``: how often it was sent
    again because the server promised not to have seen it (HTTP/2 alone: RFC 9113, sections 6.8 and 8.7).
    """

    start_s: float
    duration_ms: float
    kind: Kind
    path: str
    status: int | None = None
    cause: Cause | None = None
    slot: str | None = None
    reused: bool = False
    repeats: int = 0

    @property
    def end_s(self) -> float:
        """When the answer was complete or the loss was seen, in monotonic seconds."""
        return self.start_s + self.duration_ms / 1000

    @property
    def app_error(self) -> bool:
        """Whether the release itself answered, completely, with a 5xx: bad, but not lost."""
        return (
            self.cause is Cause.STATUS
            and self.slot is not None
            and self.status is not None
            and self.status >= 500
        )

    @property
    def prompt(self) -> bool:
        """Whether its duration counts as latency: answered, not lost, not slow on purpose."""
        return self.status is not None and not self.lost and not self.kind.slow_on_purpose

    @property
    def lost(self) -> bool:
        """Whether the visitor was let down by the way, not by the release."""
        return self.cause is not None and not self.app_error


@dataclass(frozen=True, slots=True)
class Phase:
    """A named stretch of time, ``start_s <= t < end_s``, in the records' monotonic seconds."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Loss:
    """One lost request: seen at ``at_s`` (monotonic seconds), ``lasted_ms`` after it had begun.

    ``reused`` as in Record: on a kept connection a browser might have asked a GET again by itself.
    """

    at_s: float
    kind: Kind
    path: str
    cause: Cause
    status: int | None = None
    slot: str | None = None
    phase: str | None = None
    lasted_ms: float = 0.0
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What a load saw. Only answered requests that are not slow on purpose count for ``latency``.

    ``by_kind`` and ``by_slot`` (with EDGE and NOBODY) each sum to ``requests``. ``unfinished`` requests were
    given up by the load itself when it stopped; they are in no other figure. ``notes`` say what was not tried.
    ``repeated`` requests were sent twice, as a browser does when an HTTP/2 server says it has not seen the first.
    """

    requests: int = 0
    lost: int = 0
    app_errors: int = 0
    losses: tuple[Loss, ...] = ()
    latency: Histogram = field(default_factory=Histogram)
    by_kind: Mapping[str, int] = field(default_factory=dict)
    by_slot: Mapping[str, int] = field(default_factory=dict)
    unfinished: int = 0
    notes: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def p50_ms(self) -> float:
        """The median latency in milliseconds, 0 without any answer."""
        return self.latency.percentile(0.50)

    @property
    def p99_ms(self) -> float:
        """The latency that 99 % of the answers did not exceed, in milliseconds, 0 without any answer."""
        return self.latency.percentile(0.99)

    @property
    def max_ms(self) -> float:
        """The longest latency in milliseconds, 0 without any answer."""
        return self.latency.max_ms


def fold(records: Iterable[Record], phases: Sequence[Phase] = ()) -> Tally:
    """Fold records into a tally; each loss is attributed to its phase."""
    seen = list(records)
    losses = [_loss(record, phases) for record in seen if record.lost]
    prompt = [r.duration_ms for r in seen if r.prompt]
    return Tally(
        requests=len(seen),
        lost=len(losses),
        app_errors=sum(record.app_error for record in seen),
        losses=tuple(sorted(losses, key=_when)),
        latency=histogram(prompt),
        by_kind=dict(Counter(record.kind.value for record in seen)),
        by_slot=dict(Counter(answered_by(record) for record in seen)),
        repeated=sum(record.repeats for record in seen),
    )


def merge(one: Tally, other: Tally) -> Tally:
    """Add two tallies of different requests; the order does not matter."""
    return Tally(
        requests=one.requests + other.requests,
        lost=one.lost + other.lost,
        app_errors=one.app_errors + other.app_errors,
        losses=tuple(sorted((*one.losses, *other.losses), key=_when)),
        latency=Histogram(
            _add(one.latency.buckets, other.latency.buckets), max(one.latency.max_ms, other.latency.max_ms)
        ),
        by_kind=_add(one.by_kind, other.by_kind),
        by_slot=_add(one.by_slot, other.by_slot),
        unfinished=one.unfinished + other.unfinished,
        notes=tuple(sorted({*one.notes, *other.notes})),
        repeated=one.repeated + other.repeated,
    )


def attribute(tally: Tally, phases: Sequence[Phase]) -> Tally:
    """Return the tally with each loss attributed anew; of overlapping phases the one listed last wins."""
    losses = (dataclasses.replace(loss, phase=_phase(loss, phases)) for loss in tally.losses)
    return dataclasses.replace(tally, losses=tuple(losses))


def first_answer_ms(records: Iterable[Record], slot: str, switched_at: float) -> float | None:
    """Milliseconds from the switch (monotonic seconds) to the first complete good answer of ``slot``, or None.

    Only requests that began after the switch count: when a slot returns, its answers to older requests say
    nothing about the switch.
    """
    ends = [r.end_s for r in records if r.slot == slot and r.cause is None and r.start_s >= switched_at]
    return (min(ends) - switched_at) * 1000 if ends else None


def _loss(record: Record, phases: Sequence[Phase]) -> Loss:
    assert record.cause is not None
    loss = Loss(
        at_s=record.end_s,
        kind=record.kind,
        path=record.path,
        cause=record.cause,
        status=record.status,
        slot=record.slot,
        lasted_ms=record.duration_ms,
        reused=record.reused,
    )
    return dataclasses.replace(loss, phase=_phase(loss, phases))


def _phase(loss: Loss, phases: Sequence[Phase]) -> str | None:
    """A cut belongs to the moment it was seen; a time-out to the moment of asking: nothing happened later."""
    at_s = loss.at_s - loss.lasted_ms / 1000 if loss.cause is Cause.TIMEOUT else loss.at_s
    return next((p.name for p in reversed(phases) if p.start_s <= at_s < p.end_s), None)


def answered_by(record: Record) -> str:
    """Who answered: a slot, EDGE or NOBODY."""
    if record.slot is not None:
        return record.slot
    return NOBODY if record.status is None else EDGE


def _when(loss: Loss) -> tuple[float, float, str, str, str, int, str, str, bool]:
    told = loss.status or 0, loss.slot or "", loss.phase or "", loss.reused
    return loss.at_s, loss.lasted_ms, loss.kind, loss.path, loss.cause, *told


def _add(one: Mapping[_Key, int], other: Mapping[_Key, int]) -> dict[_Key, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *other)}
