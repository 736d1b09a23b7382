-- pgtoken: API tokens that live inside PostgreSQL

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
