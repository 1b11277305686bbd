"""From the file to the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greenroom.config import gitlab_table, values
from greenroom.config.checks import across, kind_of
from greenroom.config.ci_table import ci
from greenroom.config.cluster_table import settings
from greenroom.config.environments import rules
from greenroom.config.fingerprint import FLASK_MIGRATE
from greenroom.config.image_table import image
from greenroom.config.locate import Lines, locate
from greenroom.config.mistakes import Mistake, from_validation, shown
from greenroom.config.registry_table import registry
from greenroom.config.schema import AppTable, File, RoleTable
from greenroom.config.signin_table import SignInTable
from greenroom.domain.access import SignIn
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.policy import Policy, Worse
from greenroom.domain.project import App, DatabaseLimits, Edge, Issuer, ObjectStore, Project, ProvePaths
from greenroom.domain.roles import Role, RoleKind
from greenroom.domain.secrets import SecretPolicy

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


def load(path: Path, *, host: str | None = None) -> Project:
    """Read the project's file; ``host`` replaces production's public name.

    Raises GreenroomError ``config`` (exit 2) with every mistake on a line of its own in ``details``.
    """
    text = _read(path)
    raw = _parse(path.name, text)
    file, mistakes = _validate(raw)
    if host is not None:
        mistakes += _check_host(host)
    if file is None or mistakes:
        raise _error(path.name, mistakes, locate(text))
    return _project(file, path.parent, host)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise _usage(f"there is no {path.name} here", "greenroom init writes one", str(path)) from None
    except UnicodeDecodeError as error:
        line = bytes(error.object[: error.start]).count(b"\n") + 1
        raise _usage(f"{path.name} is not UTF-8 text", details=f"{path.name}:{line}: not UTF-8") from None
    except OSError as error:
        raise _usage(f"{path.name} cannot be read: {error.strerror}", details=str(path)) from error


def _parse(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _usage(f"{name} is nested too deeply", details=f"{name}:1: nested too deeply") from None
    except ValueError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        reason = _AT_LINE.sub("", str(error))
        raise _usage(f"{name} is not valid TOML", details=f"{name}:{line}: {reason}") from None


def _validate(raw: dict[str, Any]) -> tuple[File | None, list[Mistake]]:
    mistakes = list(across(raw))
    try:
        return File.model_validate(raw), mistakes
    except ValidationError as error:
        return None, [*from_validation(error), *mistakes]


def _check_host(host: str) -> list[Mistake]:
    try:
        values.host(host)
    except ValueError as error:
        return [Mistake(("host",), f"the host given instead {error}, not {shown(host)}")]
    return []


def _error(name: str, mistakes: list[Mistake], lines: Lines) -> GreenroomError:
    placed = sorted({(lines.of(m.path), f"{m.table}{m.text}") for m in mistakes})
    count = "one mistake" if len(placed) == 1 else f"{len(placed)} mistakes"
    details = "\n".join(f"{name}:{line}: {text}" for line, text in placed)
    return _usage(f"{name} has {count}", "docs/reference/greenroom.toml explains every key", details)


def _usage(message: str, hint: str = "", details: str = "") -> GreenroomError:
    return GreenroomError("config", message, hint, Exit.USAGE, details)


def _project(file: File, folder: Path, host: str | None) -> Project:
    public = host or file.host or f"{file.name}.localhost"
    policy = file.policy.model_dump()
    return Project(
        name=file.name,
        app=_app(file.app, folder, tuple(sorted(file.env.items()))),
        roles=_roles(file.roles),
        rules=rules(file.environments, public),
        policy=Policy(**{**policy, "worse": Worse(**policy["worse"])}),
        edge=Edge(**file.edge.model_dump()),
        database=DatabaseLimits(**file.database.model_dump()),
        secrets=SecretPolicy(
            tuple(file.secrets.required),
            file.secrets.file,
            file.secrets.key_file,
            tuple(file.secrets.from_environment),
        ),
        prove=ProvePaths(tuple(file.prove.pages), file.prove.slow, file.prove.echo, file.prove.stream),
        sign_in=_sign_in(file.signin),
        image=image(file.image),
        ci=ci(file.ci),
        registry=registry(file.registry),
        cluster=settings(file.kubernetes),
        gitlab=gitlab_table.settings(file.gitlab),
        s3=ObjectStore(**{**file.s3.model_dump(), "issuer": Issuer(file.s3.issuer)}),
    )


def _sign_in(table: SignInTable) -> SignIn:
    texts = {name: getattr(table, name) or "" for name in ("host", "issuer", "client_id", "ca_file")}
    return SignIn(**texts, groups=tuple(table.groups), emails=tuple(table.emails), session=table.session)


def _app(table: AppTable, folder: Path, env: tuple[tuple[str, str], ...]) -> App:
    alembic = table.alembic or _first(folder, "alembic.ini", FLASK_MIGRATE)
    return App(
        wsgi=table.wsgi,
        static=table.static,
        static_url=table.static_url,
        requirements=table.requirements
        or _first(folder, "requirements.txt", "pyproject.toml")
        or "requirements.txt",
        alembic=alembic,
        migrate=_migrate(table, alembic),
        env=env,
    )


def _migrate(table: AppTable, alembic: str | None) -> tuple[str, ...]:
    if table.migrate is not None:
        return table.migrate
    if alembic is None:
        return ()
    if alembic == FLASK_MIGRATE:
        return ("flask", "--app", table.wsgi, "db", "upgrade", "heads")
    config = () if alembic == "alembic.ini" else ("-c", alembic)
    return ("alembic", *config, "upgrade", "heads")


def _roles(tables: dict[str, RoleTable]) -> tuple[Role, ...]:
    roles = [_role(name, table) for name, table in tables.items()]
    if not any(role.kind is RoleKind.WEB for role in roles):
        roles.insert(0, Role("web", RoleKind.WEB))
    return tuple(roles)


def _role(name: str, table: RoleTable) -> Role:
    values = table.model_dump(exclude_none=True)
    return Role(**{**values, "name": name, "kind": RoleKind(kind_of(name, values))})


def _first(folder: Path, *names: str) -> str | None:
    return next((name for name in names if (folder / name).is_file()), None)
