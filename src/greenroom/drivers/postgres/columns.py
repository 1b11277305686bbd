"""The columns of a database's own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.domain.anonymise import Column

if TYPE_CHECKING:
    import psycopg

OWN = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not c.relispartition"
"""Not the system's; a partition's rows are its table's."""

COLUMNS = f"""
    select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname, a.attname,
           format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), null),
           case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end, not a.attnotnull
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and {OWN}
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1, a.attnum
"""  # noqa: S608 - our own text


def columns(connection: psycopg.Connection[Any]) -> tuple[Column, ...]:
    """All of them; those that the database computes from others and an extension's are left out."""
    return tuple(Column(*row) for row in connection.execute(COLUMNS).fetchall())
