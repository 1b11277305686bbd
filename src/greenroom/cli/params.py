"""Kinds of options that several commands take."""

from __future__ import annotations

import click


class Duration(click.ParamType[float]):
    """Seconds, written as in greenroom.toml."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of ``300ms``, ``90s``, ``10m`` or ``1h``."""
        from greenroom.config import values

        try:
            return values.duration(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


class Share(click.ParamType[float]):
    """A part of the whole, written in percent."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """0.3 of ``30%`` or ``30``; at most 1000 %."""
        if isinstance(value, float):
            return value
        text = str(value).strip().removesuffix("%").strip()
        if not text.replace(".", "", 1).isdecimal() or float(text) > 1000:
            self.fail(f"{value!r} must be a percentage such as 30%", param, ctx)
        return float(text) / 100


DURATION = Duration()
SHARE = Share()
