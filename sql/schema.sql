-- pgtoken: API tokens that live inside PostgreSQL

-- Nobody else's schema: this script would call, with a superuser's rights, what others left there.
-- Written so that nothing in that schema can fit better than what it calls itself.

do $do$
begin
    if exists (
        select from pg_catalog.pg_namespace as n
        join pg_catalog.pg_roles as r on r.oid operator(pg_catalog.=) n.nspowner
        where n.nspname operator(pg_catalog.=) 'pgtoken'::pg_catalog.name
          -- what CREATE EXTENSION has just made itself nobody else can reach yet
          and n.xmin operator(pg_catalog.<>) pg_catalog.xid(pg_catalog.pg_current_xact_id())
          and (
              not (r.rolsuper or r.rolname operator(pg_catalog.=) current_user)
              or exists (
                  select from pg_catalog.aclexplode(n.nspacl) as a
                  where a.privilege_type operator(pg_catalog.=) 'CREATE'::pg_catalog.text
                    and a.grantee operator(pg_catalog.<>) n.nspowner
              )
              or exists (
                  select from pg_catalog.pg_depend as d
                  where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
                    and d.refobjid operator(pg_catalog.=) n.oid
                    and d.classid operator(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
              )
          )
    ) then
        raise exception 'schema: "pgtoken" is there already and is not empty, or somebody else can create in it'
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'look at what is in it, and drop or rename it: drop schema pgtoken';
    end if;
end
$do$;

comment on schema pgtoken is
    'API tokens: start at the view pgtoken.tokens';

-- What this extension needs of its database

do $do$
begin
    -- Token texts, ids and names are compared byte by byte; only one encoding makes that the same everywhere.
    if pg_catalog.getdatabaseencoding() <> 'UTF8' then
        raise exception 'encoding: database "%" is encoded in %; pgtoken needs UTF8',
            pg_catalog.current_database(), pg_catalog.getdatabaseencoding()
            using errcode = 'feature_not_supported',
                  hint = 'create database … encoding ''UTF8'' template template0';
    end if;
end
$do$;

-- Private place

create schema pgtoken_internal;
comment on schema pgtoken_internal is
    'The inner workings of pgtoken: nothing here is an interface, and nothing is granted to anybody';

create function pgtoken_internal.preloaded()
returns boolean
language c
stable
strict
parallel safe
as 'MODULE_PATHNAME', 'preloaded_wrapper';
comment on function pgtoken_internal.preloaded() is
    'Whether the server loaded the library at its start, by shared_preload_libraries';

create function pgtoken_internal.library_version()
returns text
language c
stable
strict
parallel safe
as 'MODULE_PATHNAME', 'library_version_wrapper';
comment on function pgtoken_internal.library_version() is
    'The version of the library that the server runs, which an upgrade script can insist on: files are installed, the server is restarted, then ALTER EXTENSION … UPDATE';

create function pgtoken_internal.uuid_v7()
returns uuid
language c
volatile
strict
parallel safe
as 'MODULE_PATHNAME', 'uuid_v7_wrapper';
comment on function pgtoken_internal.uuid_v7() is
    'A new time-ordered id: UUID version 7 (RFC 9562), milliseconds, and within a backend in the order of their making';

create function pgtoken_internal.is_key(value text)
returns boolean
language sql
immutable
parallel safe
return pg_catalog.length(value) between 1 and 200
   and (value collate "C") !~ '[[:cntrl:]]';
comment on function pgtoken_internal.is_key(text) is
    'Whether a text can be the id of a user, workspace, target or zone: 1 to 200 characters, no control characters';

-- A dump can be restored on a server that doesn't preload the library; everything else waits for it.
do $do$
begin
    if not pgtoken_internal.preloaded() then
        raise warning 'pgtoken is not in shared_preload_libraries: its functions will refuse to work'
            using hint = 'add this line to postgresql.conf and restart the server: '
                || 'shared_preload_libraries = '''
                || pg_catalog.concat_ws(',', nullif(pg_catalog.current_setting('shared_preload_libraries'), ''), 'pgtoken')
                || '''';
    end if;
end
$do$;
