"""What to do, as data: each step is printable, comparable and serialisable."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.stage import Mode


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do to one environment; ``kind`` names it in plans, events and the ledger."""

    kind: ClassVar[str] = "step"

    def describe(self) -> str:
        """One line for people."""
        return self.kind


@dataclass(frozen=True, slots=True)
class StageRelease(Step):
    """Put a build's files where slots and edge find them."""

    kind: ClassVar[str] = "stage"
    release: str

    def describe(self) -> str:
        return f"put release {self.release} in place"


@dataclass(frozen=True, slots=True)
class SetMode(Step):
    """Open, hold or close the public side; ``window`` marks a mode that belongs to this release's window."""

    kind: ClassVar[str] = "mode"
    mode: Mode
    window: bool = False

    def describe(self) -> str:
        text = {
            "open": "open to the public",
            "hold": "hold requests",
            "maintenance": "show the maintenance page",
        }
        return text[self.mode]


@dataclass(frozen=True, slots=True)
class Migrate(Step):
    """Bring the schema to the release's heads; ``revisions`` are those that will be applied, in order."""

    kind: ClassVar[str] = "migrate"
    release: str
    revisions: tuple[str, ...]

    def describe(self) -> str:
        return f"migrate the database: {', '.join(self.revisions)}"


@dataclass(frozen=True, slots=True)
class Launch(Step):
    """Start the web processes of a new slot."""

    kind: ClassVar[str] = "launch"
    release: str
    slot: str

    def describe(self) -> str:
        return f"launch slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Probe(Step):
    """Wait until the slot is ready: good answers, every worker process warm, sessions of ``against`` accepted."""

    kind: ClassVar[str] = "probe"
    slot: str
    against: str | None = None

    def describe(self) -> str:
        return f"probe slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Switch(Step):
    """Let the public reach the slot; ``watch`` and ``warm`` are seconds (None: not watched, not kept)."""

    kind: ClassVar[str] = "switch"
    slot: str
    previous: str | None = None
    watch: float | None = None
    warm: float | None = None

    def describe(self) -> str:
        return f"switch to slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Confirm(Step):
    """See through the edge that the slot answers."""

    kind: ClassVar[str] = "confirm"
    slot: str

    def describe(self) -> str:
        return f"confirm through the edge that {self.slot} answers"


@dataclass(frozen=True, slots=True)
class Watch(Step):
    """Compare the slot with the one it replaced until its watch ends, then call it good."""

    kind: ClassVar[str] = "watch"
    slot: str
    previous: str | None = None

    def describe(self) -> str:
        return f"watch slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Workers(Step):
    """Run workers and cron roles from this slot alone (None: from none)."""

    kind: ClassVar[str] = "workers"
    slot: str | None

    def describe(self) -> str:
        return f"run workers from {self.slot}" if self.slot else "stop the workers"


@dataclass(frozen=True, slots=True)
class Drain(Step):
    """Wait until no request is in flight on the slot."""

    kind: ClassVar[str] = "drain"
    slot: str

    def describe(self) -> str:
        return f"drain slot {self.slot}"


@dataclass(frozen=True, slots=True)
class Retire(Step):
    """Stop the slot's processes and remove its runtime files."""

    kind: ClassVar[str] = "retire"
    slot: str

    def describe(self) -> str:
        return f"retire slot {self.slot}"


STEPS: dict[str, type[Step]] = {
    c.kind: c
    for c in (
        StageRelease, SetMode, Migrate, Launch, Probe, Switch, Confirm, Watch, Workers, Drain, Retire,
    )
}  # fmt: skip
"""Every kind of step by its name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps for one environment, in order. ``release`` is what serves afterwards; ``summary`` is for people."""

    environment: str
    steps: tuple[Step, ...] = ()
    release: str | None = None
    summary: str = ""

    def __bool__(self) -> bool:
        return bool(self.steps)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that :meth:`from_json` reads back."""
        steps = [{"kind": s.kind, **asdict(s)} for s in self.steps]
        return {
            "schema": "greenroom-plan/1",
            "environment": self.environment,
            "release": self.release,
            "summary": self.summary,
            "steps": steps,
        }

    @staticmethod
    def from_json(data: object) -> Plan:
        """Read a saved plan; raises :class:`GreenroomError` (exit 2) when it is not one."""
        try:
            return _plan(data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise GreenroomError(
                "plan-file",
                f"this is not a saved plan: {error}",
                "save one with: greenroom plan --out FILE",
                Exit.USAGE,
            ) from error


def _plan(data: Any) -> Plan:
    if data["schema"] != "greenroom-plan/1":
        raise ValueError(f"schema {data['schema']!r}")
    steps = tuple(_step(dict(item)) for item in data["steps"])
    return Plan(str(data["environment"]), steps, data["release"], str(data["summary"]))


def _step(item: dict[str, Any]) -> Step:
    cls = STEPS[item.pop("kind")]
    known = {f.name for f in fields(cls)}
    if set(item) != known:
        raise ValueError(f"step {cls.kind} has keys {sorted(item)}, not {sorted(known)}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}
    if "mode" in values:
        values["mode"] = Mode(values["mode"])
    return cls(**values)
