"""Images and what lies in them, as text."""

from __future__ import annotations

import click

from greenroom.domain.findings import Severity
from greenroom.domain.ignoring import Ignored
from greenroom.domain.image import Images
from greenroom.domain.image_contents import Inspection, Suspect

_COLORS = {Severity.PROBLEM: "red", Severity.WARNING: "yellow", Severity.INFO: "white"}


def made(images: Images) -> str:
    """Both images with their sizes."""
    lines = [f"images of release {images.release}, built with {images.builder}:"]
    for image in images.all:
        name = images.reference(image.kind) if images.repository else image.digest
        lines.append(
            f"  {image.kind:7} {megabytes(image.size):>9} pulled, {megabytes(image.unpacked):>9} on a node  {name}"
        )
    lines += [f"  warning: {warning}" for warning in images.warnings]
    return "\n".join(lines)


def inspected(found: Inspection) -> str:
    """Layers, folders, findings."""
    seen = found.contents
    lines = [
        f"{seen.name}: {megabytes(seen.size)} pulled, {megabytes(seen.unpacked)} unpacked, {len(seen.layers)} layers"
    ]
    if seen.wasted:
        lines.append(
            f"  {megabytes(seen.wasted)} of it a later layer deletes or replaces: pulled by everybody, seen by nobody"
        )
    lines += ["", *(f"  {megabytes(size):>9}  {path}" for path, size in seen.by_folder(10)), ""]
    lines += [line for suspect in found.suspects for line in _suspect(suspect)] or [
        "  nothing that must not be there"
    ]
    return "\n".join(lines)


def ignored(found: Ignored) -> str:
    """What was written, or what comes in."""
    if found.written:
        return f"{found.name} is written"
    if not found.lets_in:
        return f"{found.name} leaves out what no image needs"
    return "\n".join([f"{found.name} lets in:", *(f"  {path}: {why}" for path, why in found.lets_in)])


def _suspect(suspect: Suspect) -> list[str]:
    where = "configuration" if suspect.layer is None else f"layer {suspect.layer + 1}"
    gone = f", deleted in layer {suspect.hidden + 1}" if suspect.hidden is not None else ""
    many = f", {suspect.files} files" if suspect.files > 1 else ""
    word = click.style(f"{suspect.severity}", fg=_COLORS[suspect.severity])
    return [
        f"  {word}  {suspect.path} ({suspect.rule}; {where}{gone}{many}, {megabytes(suspect.size)})",
        f"           {suspect.reason}; {suspect.cure}",
    ]


def megabytes(size: int) -> str:
    """For people."""
    return f"{size / 1e6:.1f} MB"
