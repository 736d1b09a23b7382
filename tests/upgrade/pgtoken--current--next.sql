-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pgtoken UPDATE" to load this file. \quit

-- From the present version to an invented one after it, for a library that does not know it.

alter type pgtoken.verdict add attribute note text;
alter table pgtoken.token add column note text not null default 'new';
alter table pgtoken.scope add column note text;
alter table pgtoken.event add column note text;

do $do$
begin
    execute 'create or replace view pgtoken.tokens as '
        || replace(pg_get_viewdef('pgtoken.tokens'::regclass), 'AS grants', 'AS grants, t.note');
end
$do$;

-- Results with the columns of the type and of the view
do $do$
declare
    declared record;
begin
    for declared in
        select p.oid::regprocedure as name,
               regexp_replace(pg_get_functiondef(p.oid), '(retry_after integer|grants jsonb)\)', '\1, note text)') as definition
        from pg_proc as p
        where p.pronamespace = 'pgtoken'::regnamespace
          and p.proname in ('verify_tokens', 'verify_digests', 'issue_token', 'rotate_token')
    loop
        execute format('drop function %s', declared.name);
        execute declared.definition;
    end loop;
end
$do$;
