"""The units of a slot: what exactly is run for web, worker and cron roles."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from greenroom.domain.project import App
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.stage import Slot
from greenroom.drivers.local.layout import Layout
from greenroom.drivers.local.slots import web_unit
from greenroom.drivers.local.units import Kind, Unit
from greenroom.drivers.system.spawn import plain_environment
from greenroom.ports import Values

SERVER = Path(__file__).parent / "server"
SERVER_CONF = SERVER / "gunicorn_conf.py"
WEB_ORDER = 50
BACKGROUND_ORDER = 60


def server_layer() -> str:
    """The text of all that runs in every worker process: a change of it makes another release."""
    return "\n".join(path.read_text() for path in sorted(SERVER.glob("*.py")))


def release_environment(build: Path, app: App, values: Values, **more: str) -> dict[str, str]:
    """The whole environment of a process of the release: nothing of the shell's but PATH, HOME and language."""
    plain = plain_environment()
    return {
        **plain,
        "PATH": f"{build / 'venv' / 'bin'}:{plain.get('PATH', '/usr/bin:/bin')}",
        "VIRTUAL_ENV": str(build / "venv"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "STATIC_MANIFEST": str(build / "manifest.json"),
        "STATIC_URL": app.static_url,
        "GREENROOM_RELEASE": build.name,
        **{key: value.reveal() for key, value in values.items()},
        **more,
    }


def _slot_environment(layout: Layout, slot: Slot, build: Path, app: App, values: Values) -> dict[str, str]:
    return release_environment(
        build,
        app,
        values,
        GREENROOM_SLOT=slot.id,
        GREENROOM_ENVIRONMENT=slot.environment,
        PROMETHEUS_MULTIPROC_DIR=str(layout.slots / slot.id / "prometheus"),
    )


def web(layout: Layout, slot: Slot, build: Path, app: App, role: Role, values: Values) -> Unit:
    """gunicorn (gthread) on the slot's own socket."""
    socket = layout.socket(slot.id)
    argv = (
        *(str(build / "venv" / "bin" / "python"), "-m", "gunicorn"),
        *("--config", str(SERVER_CONF), "--no-control-socket"),
        *("--bind", f"unix:{socket}", "--workers", str(role.processes), "--threads", str(role.threads)),
        app.wsgi,
    )
    return Unit(
        name=web_unit(slot.id),
        argv=argv,
        cwd=str(build / "src"),
        env=_slot_environment(layout, slot, build, app, values),
        order=WEB_ORDER,
        ready=f"unix:{socket}",
        stop_timeout=role.stop_timeout + 10.0,
        slot=slot.id,
    )


def background_units(
    layout: Layout, slot: Slot, build: Path, app: App, roles: tuple[Role, ...], values: Values
) -> Iterator[Unit]:
    """Workers and cron roles, to be parked until the slot's turn comes."""
    env = _slot_environment(layout, slot, build, app, values)
    for role in roles:
        for copy in range(1 if role.singleton or role.kind is RoleKind.CRON else role.processes):
            yield Unit(
                name=f"{role.name}-{slot.id}-{copy + 1}",
                argv=role.command,
                cwd=str(build / "src"),
                env=env,
                kind=Kind.CRON if role.kind is RoleKind.CRON else Kind.SERVICE,
                order=BACKGROUND_ORDER,
                stop_timeout=role.stop_timeout,
                schedule=role.schedule or "",
                slot=slot.id,
                role=role.name,
            )


def own_python() -> str:
    """The interpreter that Greenroom itself runs in."""
    return sys.executable
