"""The program ``helm``, as far as it needs no cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greenroom.domain.errors import Exit, GreenroomError
from greenroom.drivers.system.processes import ProcessError, run

TIMEOUT = 60.0
"""Seconds that rendering may take; it takes about a tenth of one."""


class HelmRenderer:
    """See :class:`greenroom.ports.charting.Renderer`. ``helm``: the program; ``chart``: the chart's folder."""

    def __init__(self, helm: str, chart: Path) -> None:
        self._helm = helm
        self._chart = chart

    def render(self, name: str, namespace: str, values: Sequence[str]) -> str:
        files = [word for file in values for word in ("--values", file)]
        argv = [self._helm, "template", name, str(self._chart), "--namespace", namespace, *files]
        try:
            done = run(argv, timeout=TIMEOUT)
        except ProcessError as error:
            if error.code != "command-missing":
                raise
            hint = "install Helm 4 (https://helm.sh), or say where it is: GREENROOM_HELM=/path/to/helm"
            raise GreenroomError("helm-missing", "helm is not there", hint, Exit.USAGE) from error
        if not done.ok:
            raise GreenroomError(
                "values-refused",
                "the chart does not take these values",
                "what each value means: README.md of the chart (greenroom chart export DIR)",
                Exit.USAGE,
                done.complaint,
            )
        return done.out.decode()
