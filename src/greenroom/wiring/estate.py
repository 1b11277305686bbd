"""All environments of a project, each with doors of its own."""

from __future__ import annotations

from greenroom.domain.environment import Environment
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
    )
