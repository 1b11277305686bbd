"""What psql runs on a server that environments share. Texts are fixed; names and words come as settings of the session.

Each may be cut short anywhere and run again. Whoever runs it may make roles and databases; a superuser it need not be. Two
for one name wait for each other on the server, so one that its command no longer waits for cannot come between.
"""

from __future__ import annotations

from collections.abc import Mapping

PSQL = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f")
"""How it is run; the file's path comes last. What it connects to is said by libpq's own variables."""

END = '{"thing": "end"}'
"""The last line of whatever was read whole."""

NAME_TAKEN = "name-taken: "
"""What the server's refusal begins with when something of that name is another's."""

EMPTY = "template0"
"""The template of a new, empty database."""

LONGEST_ANSWER = 4096
"""Characters of a comment that are read: ours are short."""


def script(settings: Mapping[str, str], *texts: str) -> str:
    """A whole file for psql. ``settings``: words by name, whatever they are made of (but no NUL)."""
    return _session(settings) + "\n".join(texts)


def inside(settings: Mapping[str, str], text: str) -> str:
    """The same in the environment's own database."""
    return f"{_CONNECT}{_session(settings)}{text}"


def literal(word: str) -> str:
    """A text as SQL has it. Raises ValueError for what PostgreSQL has no text for."""
    if "\0" in word:
        raise ValueError("PostgreSQL has no NUL in texts")
    return "'" + word.replace("'", "''") + "'"


def _session(settings: Mapping[str, str]) -> str:
    told = "".join(
        f"select from set_config('greenroom.{name}', {literal(word)}, false);\n"
        for name, word in settings.items()
    )
    return f"set client_encoding = 'UTF8';\nset standard_conforming_strings = on;\nset client_min_messages = warning;\n{told}"


_CONNECT = r"""
select '"' || replace('dbname=''' || replace(replace(current_setting('greenroom.name'), '\', '\\'), '''', '\''') || '''',
  '"', '""') || '"' as target \gset
\connect -reuse-previous=on :target
"""
"""psql takes double quotes off what it connects to, and libpq single ones."""

_TURN = """
select from pg_advisory_lock(hashtextextended('greenroom ' || current_setting('greenroom.name'), 0));
"""

_THERE = """
    select 'role' as kind, rolname as name, shobj_description(oid, 'pg_authid') as label from pg_roles
    union all
    select 'database', datname, case when pg_get_userbyid(datdba) = datname then shobj_description(datdba, 'pg_authid')
                                     else shobj_description(oid, 'pg_database') end
    from pg_database
"""
"""Every role and database with what its comment says. A database of the role of its name is whose the role is: its comment may be
missing yet, and the role, which is the app's, may change it; the role's own it may not."""

_CHECK = f"""
do $$
declare thing record;
begin
  for thing in
    select * from ({_THERE}) as there where name = current_setting('greenroom.name')
      and label is distinct from current_setting('greenroom.label')
  loop
    raise exception '{NAME_TAKEN}% % belongs to %', thing.kind, thing.name,
      coalesce(left(thing.label, {LONGEST_ANSWER}), 'somebody who has put no name on it');
  end loop;
end $$;
"""  # noqa: S608 - our own text

_ROLE = r"""
begin;
select format('create role %I', current_setting('greenroom.name'))
  where not exists (select from pg_roles where rolname = current_setting('greenroom.name')) \gexec
select format('alter role %I with login connection limit %s password %L', current_setting('greenroom.name'),
  current_setting('greenroom.limit')::int, current_setting('greenroom.verifier')) \gexec
select format('comment on role %I is %L', current_setting('greenroom.name'), current_setting('greenroom.label')) \gexec
commit;
select format('grant %I to %I', current_setting('greenroom.name'), current_user)
  where not (select rolsuper from pg_roles where rolname = current_user) \gexec
"""
"""The role comes with its comment, at once. Who is no superuser must be a member of it to make what it owns."""

_MAKE = r"""
select format('drop database %I with (force)', datname) from pg_database
  where datname = current_setting('greenroom.name') and datconnlimit = -2 \gexec
select format('create database %I owner %I template %I%s allow_connections false', current_setting('greenroom.name'),
    current_setting('greenroom.name'), current_setting('greenroom.template'),
    case when current_setting('greenroom.template') <> 'template0' and current_setting('server_version_num')::int >= 150000
    then ' strategy file_copy' else '' end)
  where not exists (select from pg_database where datname = current_setting('greenroom.name')) \gexec
select format('revoke all on database %I from public', current_setting('greenroom.name')) \gexec
select format('alter database %I allow_connections true', current_setting('greenroom.name')) \gexec
"""
"""Nobody gets in before it is closed to others. One whose removal was interrupted (a limit of -2) is of no use to anybody. A
template is copied by files: written to the log as well it took 65 s instead of 5 (1 GB)."""

_HAND_OVER = """
do $$
declare
  heir text := current_setting('greenroom.name');
  heir_id oid := (select oid from pg_roles where rolname = heir);
  given text;
begin
  for given in
    with apart as (select classid, objid from pg_depend where deptype = 'e'),
    spaces as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
    theirs (kind, class, id, name, owner, rank) as (
      select 'schema', 'pg_namespace'::regclass, s.oid, quote_ident(s.nspname), n.nspowner, 1
        from spaces s join pg_namespace n on n.oid = s.oid where n.nspowner <> 'pg_database_owner'::regrole
      union all
      select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                            when 'f' then 'foreign table' else 'table' end,
             'pg_class'::regclass, c.oid, c.oid::regclass::text, c.relowner, 2
        from pg_class c join spaces s on s.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') or (c.relkind = 'S' and not exists (
          select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype in ('a', 'i')))
      union all
      select 'routine', 'pg_proc'::regclass, p.oid, p.oid::regprocedure::text, p.proowner, 3
        from pg_proc p join spaces s on s.oid = p.pronamespace
      union all
      select case t.typtype when 'd' then 'domain' else 'type' end, 'pg_type'::regclass, t.oid,
             format('%I.%I', s.nspname, t.typname), t.typowner, 4
        from pg_type t join spaces s on s.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
        where t.typtype in ('d', 'e', 'r') or (t.typtype = 'c' and c.relkind = 'c')
      union all
      select 'large object', 'pg_largeobject'::regclass, l.oid, l.oid::text, l.lomowner, 5 from pg_largeobject_metadata l
    )
    select format('alter %s %s owner to %I', kind, name, heir) from theirs
      where owner <> heir_id and (class, id) not in (select classid, objid from apart)
      order by rank, id
  loop
    execute given;
  end loop;
end $$;
"""
"""Each thing by itself: REASSIGN OWNED would take along what its owner has elsewhere on the server, the template above all."""

_COMMENT = r"""
select format('comment on database %I is %L', current_setting('greenroom.name'), current_setting('greenroom.label')) \gexec
"""

_REMOVE = rf"""
select format('drop database %I with (force)', name) from ({_THERE}) as there
  where kind = 'database' and name = current_setting('greenroom.name') and label = current_setting('greenroom.label') \gexec
select format('drop role %I', name) from ({_THERE}) as there
  where kind = 'role' and name = current_setting('greenroom.name') and label = current_setting('greenroom.label') \gexec
"""  # noqa: S608 - our own text

LOOK = f"""
select json_build_object('thing', kind, 'name', name, 'label', label) from ({_THERE}) as there
  where left(label, 1) = '{{' and length(label) <= {LONGEST_ANSWER} order by kind, name;
select '{END}';
"""  # noqa: S608 - our own text


def making(settings: Mapping[str, str]) -> str:
    """Make role and database. ``settings``: name, label, verifier, limit, template (``template0``: an empty one)."""
    hand_over = inside(settings, _HAND_OVER) if settings["template"] != EMPTY else ""
    return script(settings, _TURN, _CHECK, _ROLE, _MAKE, _COMMENT, hand_over)


def removing(settings: Mapping[str, str]) -> str:
    """Remove both, as far as they are ours. ``settings``: name, label."""
    return script(settings, _TURN, _REMOVE)
