"""All environments of a project, each with doors of its own."""

from __future__ import annotations

from greenroom.domain.environment import Environment, TargetKind
from greenroom.ports.environments import Leftovers
from greenroom.services.environments.estate import Estate
from greenroom.wiring.project import Wiring


def estate(wiring: Wiring) -> Estate:
    """The project as the use cases about more than one environment need it."""

    def at(place: Environment) -> Wiring:
        return Wiring(wiring.folder, wiring.emit, place.name, place)

    return Estate(
        rules=wiring.project.rules,
        records=wiring.records,
        forge=wiring.forge,
        clock=wiring.clock,
        ledger=wiring.site.ledger,
        emit=wiring.emit,
        target=lambda place: at(place).target,
        url=lambda place: at(place).site.url(place.name),
        leftovers=_leftovers(wiring),
        board=wiring.board,
    )


def _leftovers(wiring: Wiring) -> Leftovers | None:
    """Of earlier tools on the project's cluster, if it has one."""
    if not any(rule.like.target is TargetKind.KUBERNETES for rule in wiring.project.rules):
        return None
    from greenroom.wiring.clusters import leftovers

    return leftovers(wiring)
