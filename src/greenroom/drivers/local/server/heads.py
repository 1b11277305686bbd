"""The revisions that Alembic says are applied to the database of ``DATABASE_URL``, as a JSON list.

Runs in the app's own environment, by itself or inside a worker process: standard library, and the driver that the app has.
"""

import importlib
import json
import os
import sys
from typing import Any

TABLE = "select to_regclass('public.alembic_version')"
ROWS = "select version_num from public.alembic_version"


def heads(url: str) -> "list[str]":
    """Sorted; empty where there is no ``alembic_version``. Raises whatever the app's driver raises."""
    scheme, _, rest = url.partition("://")
    with _connect(f"{scheme.partition('+')[0]}://{rest}") as connection:
        cursor = connection.cursor()
        cursor.execute(TABLE)
        if cursor.fetchone()[0] is None:
            return []
        cursor.execute(ROWS)
        return sorted(str(row[0]) for row in cursor.fetchall())


def _connect(url: str) -> Any:
    for name in ("psycopg", "psycopg2"):
        try:
            driver = importlib.import_module(name)
        except ImportError:
            continue
        return driver.connect(url, connect_timeout=5)
    raise ImportError("neither psycopg nor psycopg2 is in the app's environment")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(heads(os.environ["DATABASE_URL"])) + "\n")
