"""chart export|render: the Helm chart, for people who want to see or keep it."""

from __future__ import annotations

from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session


@click.group()
def chart() -> None:
    """The Helm chart that the app runs by on Kubernetes. Needs no greenroom.toml."""


@chart.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files that somebody has changed.")
@pass_session
def export(session: Session, folder: Path, force: bool) -> None:
    """Write the chart to DIR, or bring it up to date there. A changed file is shown, never overwritten."""
    from greenroom.cli.render.exported import exported_json, exported_text
    from greenroom.drivers.charts.folder import DiskChartFolder, packaged, texts
    from greenroom.services import charting

    done = charting.export(texts(packaged()), DiskChartFolder(session.folder / folder), force)
    session.answer(exported_json(done), lambda: exported_text(done, folder))


@chart.command()
@click.argument("values", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", default="app", show_default=True, help="The Helm release's name.")
@click.option("--namespace", default="default", show_default=True, help="The namespace.")
@click.option("--chart", "folder", type=click.Path(path_type=Path), help="Another chart than Greenroom's.")
@pass_session
def render(
    session: Session, values: tuple[Path, ...], name: str, namespace: str, folder: Path | None
) -> None:
    """Print the manifests for files of VALUES, the later ones win. Asks no cluster; needs helm."""
    from greenroom.wiring.charting import renderer

    text = renderer(folder).render(name, namespace, [str(file) for file in values])
    session.answer({"manifest": text}, lambda: text.rstrip("\n"))
