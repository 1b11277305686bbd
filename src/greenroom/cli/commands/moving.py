"""cluster export, import, compare: move what runs on a cluster to another."""

from __future__ import annotations

from pathlib import Path

import click

from greenroom.cli.session import Session, pass_session
from greenroom.domain.errors import Exit

_FOLDER = click.Path(path_type=Path, file_okay=False)


def _into(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """``OLD=NEW``, several times."""
    del ctx
    pairs = [tuple(text.split("=")) for text in value]
    if wrong := [text for text, pair in zip(value, pairs, strict=True) if len(pair) != 2 or not all(pair)]:
        raise click.BadParameter(f"{wrong[0]!r} must be OLD=NEW", param=param)
    return {pair[0]: pair[1] for pair in pairs}


context = click.option("--context", metavar="NAME", help="Of the kubeconfig.  [default: the project's]")
namespaces = click.option(
    "--namespace", "named", multiple=True, metavar="NAME", help="Only this one.  [default: the project's]"
)
everything = click.option(
    "--all", "everything", is_flag=True, help="All but the cluster's own and Rancher's."
)
into = click.option(
    "--into", multiple=True, callback=_into, metavar="OLD=NEW", help="Call a namespace otherwise there."
)


@click.command("export")
@click.option("-o", "--output", "folder", required=True, type=_FOLDER, help="Write the files there.")
@context
@namespaces
@everything
@click.option(
    "--with-secrets", "secrets", is_flag=True, help="Secrets with their values, readable for you alone."
)
@click.option("--helm", is_flag=True, help="Helm's own records of releases too.")
@click.option("--node-ports", is_flag=True, help="Keep the ports that nodes open for Services.")
@pass_session
def export(
    session: Session,
    /,
    folder: Path,
    context: str | None,
    named: tuple[str, ...],
    everything: bool,
    **choice: bool,
) -> None:
    """Write down what people made on a cluster, in today's versions of its API.

    Changes nothing. Reads clusters from Kubernetes 1.18 on. Volumes are listed, not copied.
    """
    from greenroom.cli.render import moving as render
    from greenroom.domain.moving.taking import Choice
    from greenroom.wiring import moving

    there = moving.cluster(session.wiring, context)
    which = moving.wanted(session.wiring, there, named, everything)
    found = moving.take(session.wiring, there, which, Choice(**choice))
    files = moving.files(folder).write(found)
    answer = {"folder": str(folder), "files": list(files), **found.index.to_json()}
    session.answer(answer, lambda: render.exported(found.index, folder))


@click.command("import")
@click.argument("folder", type=_FOLDER)
@context
@into
@click.option(
    "--quiet-start", "quiet", is_flag=True, help="Without pods, cron jobs suspended; import again to wake it."
)
@click.option("--dry-run", is_flag=True, help="Only ask the server what it would refuse.")
@pass_session
def import_(
    session: Session, folder: Path, context: str | None, into: dict[str, str], quiet: bool, dry_run: bool
) -> None:
    """Make on a cluster what an export holds. May be run again: what is there is made like it.

    Exit 1 when the cluster refuses something or lacks what the export needs; the rest is applied all the same.
    """
    from greenroom.cli.render import moving as render
    from greenroom.services.moving.importing import How, bring
    from greenroom.wiring import moving

    kept = moving.files(folder).read()
    there = moving.cluster(session.wiring, context)
    made = bring(there, kept, How(into, quiet, dry_run), session.wiring.say)
    session.answer(made.to_json(), lambda: render.imported(made, dry_run))
    if made.refused or made.absent:
        raise click.exceptions.Exit(Exit.FAILED)


@click.command()
@click.argument("folders", type=_FOLDER, nargs=-1)
@click.option(
    "--context",
    "contexts",
    multiple=True,
    metavar="NAME",
    help="A cluster, by its context of the kubeconfig.",
)
@namespaces
@everything
@into
@click.option("--with-secrets", "secrets", is_flag=True, help="Compare values of secrets, by digests.")
@pass_session
def compare(
    session: Session,
    folders: tuple[Path, ...],
    contexts: tuple[str, ...],
    named: tuple[str, ...],
    everything: bool,
    into: dict[str, str],
    secrets: bool,
) -> None:
    """Compare two clusters, or exports: what is on one side alone, and which fields differ.

    Name two of them; where there is one, the project's cluster is the other. Exit 1 when they differ.
    """
    from greenroom.cli.render import moving as render
    from greenroom.domain.moving.taking import Choice
    from greenroom.services.moving.comparing import compare as compared
    from greenroom.wiring import moving

    here, there = moving.sides(session.wiring, folders, contexts, named, everything, into)
    found = compared(here, there, into, Choice(secrets=secrets))
    session.answer(render.compared_json(found), lambda: render.compared(found))
    if not found.equal:
        raise click.exceptions.Exit(Exit.FAILED)
