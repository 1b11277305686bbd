"""A database and a role per environment on a server that several share, made by psql where that server is reached."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping

from greenroom.domain.databases import ADDRESS, ADMIN_URL
from greenroom.domain.errors import Exit, GreenroomError
from greenroom.domain.secret import Secret
from greenroom.drivers.asking.causes import probable_cause
from greenroom.drivers.postgres.address import ServerAddress, server_address
from greenroom.drivers.postgres.names import comment_text, database_name
from greenroom.drivers.postgres.scram import scram_verifier
from greenroom.drivers.postgres.shared_sql import EMPTY, END, LOOK, NAME_TAKEN, making, removing, script
from greenroom.drivers.postgres.template_names import template_label
from greenroom.drivers.system.secret_box import SecretBox
from greenroom.ports import Done, Presence, Values

Psql = Callable[[str, str, str], Done]
"""Runs a file of SQL for an environment (an empty name: for the project); gets its service file and the SQL."""

PASSWORD, MADE = "DATABASE_PASSWORD", "DATABASE_MADE"
"""What is remembered of it in the environment's own box, besides the address: ``MADE`` says for which server and size."""

BEGUN = "begun"
SHOWN_LINES = 12

_NO_TEMPLATE = re.compile(r'template database "(.+)" does not exist')


class SharedDatabase:
    """See :class:`greenroom.ports.Resource`.

    ``admin`` gives the address of the server, as somebody who may make roles and databases; ``psql`` runs SQL there, which
    takes seconds, so that a database is made is remembered in ``box``, and the server is asked only when something
    changes. ``limit``: connections of an environment's role at most (-1: no limit). ``template``: what a new database is a
    copy of. What has another's name on it, or none, is never touched.
    """

    name = "database"

    def __init__(
        self,
        project: str,
        admin: Callable[[], Secret | None],
        psql: Psql,
        box: Callable[[str], SecretBox],
        limit: int = -1,
        template: str | None = None,
    ) -> None:
        self._project, self._admin, self._psql, self._box = project, admin, psql, box
        self._limit, self._template = limit, template

    def observe(self, environment: str) -> Presence:
        made = self._box(environment).get(MADE)
        there = made is not None and made.reveal() != BEGUN
        return Presence(there, database_name(self._project, environment))

    def ensure(self, environment: str) -> None:
        server, box, name = self._server(), self._box(environment), database_name(self._project, environment)
        told = f"{server.url(name, Secret(''), name).reveal()} {self._limit}"
        wanted = hashlib.sha256(told.encode()).hexdigest()[:16]
        made = box.get(MADE)
        if made is not None and made.reveal() == wanted:
            return
        password = box.get_or_make(PASSWORD)
        box.put(MADE, Secret(BEGUN))
        words = {
            **self._words(environment),
            "limit": str(self._limit),
            "verifier": scram_verifier(password),
            "template": template_label(self._project, self._template) if self._template else EMPTY,
        }
        self._ask(environment, making(words))
        box.put_all({ADDRESS: server.url(name, password, name), MADE: Secret(wanted)})

    def values(self, environment: str) -> Values:
        address = self._box(environment).get(ADDRESS)
        return {} if address is None else {ADDRESS: address}

    def unreachable(self, environment: str) -> Values:
        return {ADDRESS: Secret("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")}

    def remove(self, environment: str) -> None:
        box = self._box(environment)
        known = box.all()
        if MADE in known or self._admin() is not None:
            self._ask(environment, removing(self._words(environment)))
        left = {key: value for key, value in known.items() if key not in (PASSWORD, MADE, ADDRESS)}
        if left != known:
            box.replace(left)

    def residue(self, environment: str) -> tuple[str, ...]:
        if self._admin() is None and self._box(environment).get(MADE) is None:
            return ()
        name, mine = database_name(self._project, environment), comment_text(self._project, environment)
        return tuple(
            f"{kind} {n}" for kind, n, label in self._look(environment) if (n, label) == (name, mine)
        )

    def found(self) -> Mapping[str, str]:
        """See the port; nothing where no server was given."""
        if self._admin() is None:
            return {}
        found: dict[str, list[str]] = {}
        for kind, name, label in self._look(""):
            environment = _environment(label)
            mine = bool(environment) and label == comment_text(self._project, environment)
            if mine and name == database_name(self._project, environment):
                found.setdefault(environment, []).append(f"{kind} {name}")
        return {environment: ", ".join(things) for environment, things in found.items()}

    def _look(self, environment: str) -> Iterator[tuple[str, str, str]]:
        """Kind, name and label of everything with a label on the server. Raises rather than answer short."""
        lines = self._ask(environment, script({}, LOOK)).tail
        if END not in lines:
            raise GreenroomError(
                "database", "the answer of the database server was cut short", "do it again", Exit.FAILED
            )
        for line in lines[: lines.index(END)]:
            if line.startswith("{"):
                thing = json.loads(line)
                yield thing["thing"], thing["name"], thing["label"]

    def _ask(self, environment: str, sql: str) -> Done:
        done = self._psql(environment, self._server().service(), sql)
        if done.exit:
            raise _refusal(done.tail, self._project)
        return done

    def _words(self, environment: str) -> dict[str, str]:
        return {
            "name": database_name(self._project, environment),
            "label": comment_text(self._project, environment),
        }

    def _server(self) -> ServerAddress:
        url = self._admin()
        if url is None:
            raise GreenroomError(
                "no-admin-address",
                "nobody has given the server on which environments have their databases",
                f"greenroom secrets set --for all {ADMIN_URL}",
                Exit.USAGE,
            )
        return server_address(url)


def _environment(label: str) -> str:
    """Whose a label says that the thing is; nobody's when it is no label of ours."""
    try:
        said = json.loads(label)
    except ValueError:
        return ""
    found = said.get("environment") if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""


def _refusal(lines: tuple[str, ...], project: str) -> GreenroomError:
    for line in lines:
        _, taken, whose = line.partition(NAME_TAKEN)
        if taken:
            return GreenroomError(
                "name-taken",
                f"on the database server, {whose}",
                "another name for the environment, or remove that by hand",
                Exit.USAGE,
            )
        missing = _NO_TEMPLATE.search(line)
        if missing:
            return GreenroomError(
                "no-template",
                f"the database server has no database {missing[1]} to make a new one from",
                f"restore what is fit to be copied into a database of that name, or remove template of {project}",
                Exit.USAGE,
            )
    cause = probable_cause(lines) or next((x for x in reversed(lines) if "rror:" in x.lower()), "")
    return GreenroomError(
        "database",
        f"the database server refuses: {cause or 'psql says nothing'}",
        f"correct the secret {ADMIN_URL} (the address as pods see it), then the same again",
        details="\n".join(lines[-SHOWN_LINES:]),
    )
