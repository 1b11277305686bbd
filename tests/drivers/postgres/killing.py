"""The administrator's connections, cut before the n-th statement: what a kill at that point leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg

from greenroom.drivers.postgres.admin import Admin


class Killed(BaseException):
    """The actor died. No exception of the program's own: nothing may catch it and clean up."""


class KillingAdmin(Admin):
    """Counts every statement on every connection; ``stop_before`` (0 the first) raises :class:`Killed`."""

    def __init__(self, real: Admin, stop_before: int = 10**6) -> None:
        super().__init__(real.sockets, real.password, real.clock)
        self.left = stop_before
        self.done: list[str] = []

    @contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        with super().connect(database) as connection:
            yield cast("psycopg.Connection[Any]", _Counted(connection, self._count))

    def _count(self, statement: str) -> None:
        if self.left == 0:
            raise Killed(statement)
        self.left -= 1
        self.done.append(statement)


class _Counted:
    def __init__(self, connection: psycopg.Connection[Any], count: Callable[[str], None]) -> None:
        self._connection = connection
        self._count = count

    def execute(self, statement: Any, *more: Any) -> Any:
        self._count(statement if isinstance(statement, str) else statement.as_string(self._connection))
        return self._connection.execute(statement, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def at_every_statement(real: Admin, act: Callable[[Admin], object]) -> Iterator[Callable[[], bool]]:
    """For every statement of ``act`` a way to be killed before it; True when it was, False when ``act`` is done."""
    for number in range(500):
        killing = KillingAdmin(real, number)

        def attempt(killing: KillingAdmin = killing) -> bool:
            try:
                act(killing)
            except Killed:
                return True
            return False

        yield attempt
