"""Slots on a cluster: two colours, each the pods of one slot or of none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.release import Release
from greenroom.domain.stage import Slot, number_of
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.asking.probing import ANSWER_SECONDS, SHOWN_LINES, SlotProbe
from greenroom.drivers.kubernetes.api import Api
from greenroom.drivers.kubernetes.asking import Asker
from greenroom.drivers.kubernetes.names import Names
from greenroom.drivers.kubernetes.older_files import OlderFiles, bucket_of
from greenroom.drivers.kubernetes.pods import STATIC, WEB, Pods, has_no_node, is_ready, longest_end, restarts
from greenroom.drivers.kubernetes.release import HelmRelease
from greenroom.drivers.kubernetes.scaling import Scaling
from greenroom.drivers.kubernetes.size import Size
from greenroom.drivers.kubernetes.slots import Placed, Slots, free_color
from greenroom.drivers.kubernetes.values import Images, snapshot
from greenroom.drivers.system.net import Answer
from greenroom.ports import Clock, Probed, StageSeen, Values

CAUSE_LINES = 300
"""So many of the last lines are read for the cause: several processes that fail at once write over each other's reasons."""

BETWEEN_SECONDS = 0.1


class HeldImages(Protocol):
    """The images of releases, where nodes pull them from."""

    def bring(self, environment: str, release: Release) -> Images:
        """Have them there, and held for the environment, so that nobody takes them away while it may run them."""

    def keep(self, environment: str, releases: Collection[str]) -> None:
        """Let go of what the environment held of other releases."""


class KubernetesStage:
    """See :class:`greenroom.ports.Stage`."""

    def __init__(
        self,
        api: Api,
        names: Names,
        slots: Slots,
        pods: Pods,
        asker: Asker,
        helm: HelmRelease,
        clock: Clock,
        size: Size,
        images: HeldImages,
        older: OlderFiles,
    ) -> None:
        self._older = older
        self._api, self._names, self._slots, self._pods = api, names, slots, pods
        self._asker, self._helm, self._clock = asker, helm, clock
        self._size, self._images = size, images
        self._scaling = Scaling(api, names, pods)

    def observe(self, environment: str) -> StageSeen:
        every = self._slots.all()
        mine = [p for p in every if p.slot.environment == environment]
        return StageSeen(
            slots=tuple(p.slot for p in mine),
            up=frozenset(p.slot.id for p in mine if self._pods.serving(environment, p.slot.id)),
            working=frozenset(p.slot.id for p in mine if p.working),
            next_number=self._slots.next_number(every),
        )

    def in_use(self) -> frozenset[str]:
        return frozenset(p.slot.release for p in self._slots.all())

    def stage(self, environment: str, release: Release) -> None:
        self._images.bring(environment, release)

    def launch(self, environment: str, release: Release, slot: str, config: str, values: Values) -> Slot:
        color = free_color(self._slots.all(environment))
        if color is None:
            raise GreenroomError("no-color", "both colours have a slot", "greenroom status", Exit.UNSAFE)
        images = self._images.bring(environment, release)
        number = number_of(slot)
        made = Slot(slot, environment, release.id, number, config, self._clock.now())
        self._slots.count(number)
        secret = self._helm.keep_secret(environment, values)
        bucket = bucket_of(values)
        assets = {"static": bucket.static, "media": bucket.media} if bucket else {}
        frozen = snapshot(made, images, secret, self._size, assets)
        self._slots.put(self._helm.with_manifest(Placed(made, color, frozen)))
        self._helm.record(environment)
        return made

    def probe(self, environment: str, slot: str) -> Probed:
        pods = self._wait_for_pods(environment, slot)
        web = self._size.web
        return self._prober(environment, slot, pods).wait(web.processes * len(pods))

    def healthy(self, environment: str, slot: str) -> bool:
        pods = self._asker.ready(slot)
        return bool(pods) and self._prober(environment, slot, pods).healthy()

    def amend(self, environment: str, slot: str, **deadlines: float | str | None) -> None:
        self._slots.amend(slot, **deadlines)

    def workers(self, environment: str, slot: str | None) -> None:
        there = self._slots.all(environment)
        # The mark goes first and comes last: it must never say that workers run which nobody wants to.
        for placed in there:
            if placed.slot.id != slot:
                if placed.working:
                    self._slots.put(replace(placed, working=False))
                # Without the mark too: a command that was killed here took it away, and may not have seen them end.
                self._end_background(environment, placed)
        mine = next((p for p in there if p.slot.id == slot), None)
        if mine is not None and not mine.working:
            self._slots.put(replace(mine, working=True))
        self._helm.record_if_there(environment)

    def retire(self, environment: str, slot: str) -> None:
        placed = self._slots.get(slot)
        if placed is None:
            return
        if not placed.going:
            self._slots.put(replace(placed, going=True, working=False))
        self._helm.record_if_there(environment)
        # Pods that have been told to end answer what they have accepted, and take a while; nobody waits for them.
        self._wait_until_gone(slot, lambda: self._pods.serving(environment, slot))
        if all(p.slot.id == slot for p in self._slots.all(environment)):
            self._helm.rest(environment)
        self._slots.drop(slot)
        self._helm.drop_secrets(environment)

    def keep_assets(self, environment: str, releases: Sequence[Release]) -> None:
        """Each colour's nginx has the files of its own release, the bucket those of older ones."""
        self._older.keep(environment, releases)
        there = {placed.slot.release for placed in self._slots.all(environment)}
        self._images.keep(environment, {release.id for release in releases} | there)

    def _end_background(self, environment: str, placed: Placed) -> None:
        """Workers of another colour finish what they have before the next ones begin."""
        for kind in ("deployments", "cronjobs"):
            labels = {**self._names.labels(environment), "greenroom.dev/color": placed.color}
            del labels["app.kubernetes.io/managed-by"]
            for name in self._api.names(self._names.at(environment, kind), labels):
                if name != self._deployment(placed):
                    self._api.delete(self._names.at(environment, kind, name), "Foreground")
        self._wait_until_gone(placed.slot.id, lambda: self._pods.background(environment, placed.color))

    def _wait_for_pods(self, environment: str, slot: str) -> list[str]:
        """The slot's pods, all of them ready. Raises as soon as waiting will not help."""
        placed = self._slots.get(slot)
        if placed is None:
            raise GreenroomError("no-slot", f"slot {slot} is not there", "greenroom status", Exit.UNSAFE)
        until = self._clock.monotonic() + self._size.policy.probe_timeout
        deployment = self._deployment(placed)
        wanted = self._scaling.wanted(environment, placed, self._slots.all(environment))
        self._scaling.grow(environment, deployment, wanted)
        while True:
            pods = self._pods.serving(environment, slot)
            ready = sorted(p["metadata"]["name"] for p in pods if is_ready(p))
            if len(ready) >= wanted:
                return ready
            if any(
                has_no_node(p) for p in pods
            ):  # they cannot have begun; how long that may take, their trouble says
                until = self._clock.monotonic() + self._size.policy.probe_timeout
            over = self._clock.monotonic() >= until
            trouble = self._pods.trouble(environment, slot, deployment, self._clock.now())
            if trouble is not None or over:
                why = (
                    trouble.why
                    if trouble
                    else f"it was not ready within {self._size.policy.probe_timeout:g} s"
                )
                raise self._not_ready(environment, slot, why, len(ready), wanted)
            self._clock.sleep(BETWEEN_SECONDS)

    def _not_ready(self, environment: str, slot: str, why: str, ready: int, wanted: int) -> GreenroomError:
        answer, pod = None, self._any_pod(environment, slot)
        if pod:
            answer = self._asker.burst(environment, [pod], self._size.policy.probe_path, 1, ANSWER_SECONDS)[0]
        lines = self._last_lines(environment, slot)
        cause, lines = probable_cause(lines), lines[-SHOWN_LINES:]
        shown = "no answer" if answer is None else f"{answer.status} {answer.body[:300].strip()}"
        details = [
            f"ready:   {ready} of {wanted} pods",
            f"probed:  GET {self._size.policy.probe_path} on {pod or slot}",
            f"answer:  {shown}",
            *([f"cause:   {cause}"] if cause else []),
            "last lines of its log:",
            *(f"  {line}" for line in lines),
        ]
        return GreenroomError(
            "not-ready",
            f"slot {slot} did not become ready: {why}" + (f" ({cause})" if cause else ""),
            f"see more: greenroom logs --slot {slot}; then correct the release and deploy again",
            details="\n".join(details),
        )

    def _prober(self, environment: str, slot: str, pods: list[str]) -> SlotProbe:
        before = self._restarts(environment, slot)

        def burst(count: int) -> Sequence[Answer | None]:
            return self._asker.burst(environment, pods, self._size.policy.probe_path, count, ANSWER_SECONDS)

        return SlotProbe(
            slot,
            burst,
            self._size.policy,
            self._clock,
            ended=lambda: self._restarts(environment, slot) > before,
            log=partial(self._last_lines, environment, slot),
        )

    def _restarts(self, environment: str, slot: str) -> int:
        return sum(restarts(pod) for pod in self._pods.serving(environment, slot))

    def _any_pod(self, environment: str, slot: str) -> str:
        return next((p["metadata"]["name"] for p in self._pods.serving(environment, slot)), "")

    def _last_lines(self, environment: str, slot: str) -> list[str]:
        pod = self._any_pod(environment, slot)
        if not pod:
            return []
        lines = self._pods.log(environment, pod, WEB, CAUSE_LINES)
        return lines or self._pods.log(environment, pod, STATIC, CAUSE_LINES)

    def _wait_until_gone(self, slot: str, pods: Callable[[], Sequence[object]]) -> None:
        until = self._clock.monotonic() + longest_end(self._size.roles)
        while there := pods():
            if self._clock.monotonic() >= until:
                raise GreenroomError(
                    "does-not-stop",
                    f"{len(there)} pod(s) of {slot} did not stop",
                    "greenroom status",
                    Exit.UNSAFE,
                )
            self._clock.sleep(BETWEEN_SECONDS)

    def _deployment(self, placed: Placed) -> str:
        return f"{self._names.release(placed.slot.environment)}-{placed.color}"
