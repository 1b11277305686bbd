"""The chart's doors. They need no project."""

from __future__ import annotations

import os
from pathlib import Path

from greenroom.drivers.charts.folder import packaged
from greenroom.drivers.charts.helm import HelmRenderer


def renderer(chart: Path | None) -> HelmRenderer:
    """Helm from ``GREENROOM_HELM`` or PATH, on a chart's folder or on Greenroom's own."""
    return HelmRenderer(os.environ.get("GREENROOM_HELM") or "helm", chart or packaged())
