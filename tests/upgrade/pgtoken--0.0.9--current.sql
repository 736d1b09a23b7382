-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION pgtoken UPDATE" to load this file. \quit

-- From the invented version before the first to the present one; tests/prove/upgrade/previous.rs says what it lacks.

-- The library comes first

create function pgtoken_internal.library_version()
returns text
language c
stable
strict
parallel safe
as 'MODULE_PATHNAME', 'library_version_wrapper';
comment on function pgtoken_internal.library_version() is
    'The version of the library that the server runs, which an upgrade script can insist on: files are installed, the server is restarted, then ALTER EXTENSION … UPDATE';

do $do$
begin
    if pg_catalog.string_to_array(pgtoken_internal.library_version(), '.')::integer[] < '{0,1,0}' then
        raise exception 'pgtoken: the server still runs the library of version %', pgtoken_internal.library_version()
            using errcode = 'object_not_in_prerequisite_state',
                  hint = 'restart the server, then run this again';
    end if;
end
$do$;

-- A column for permissions

alter table pgtoken.permission add column description text;
comment on column pgtoken.permission.description is 'Plain words for the people who choose it';

-- Events that are purged are found

create index event_at_idx on pgtoken.event (at);
comment on index pgtoken.event_at_idx is 'What a purge deletes';

-- The actor of plain DML

create or replace function pgtoken_internal.directory_actor()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    -- What is no actor for a function is none here; a change of the directory is not refused for it.
    select case
        when pgtoken_internal.is_key(current_setting('pgtoken.actor', true)) then current_setting('pgtoken.actor', true)
        else coalesce(nullif(current_setting('role'), 'none'), session_user)
    end
$$;

-- Events of TRUNCATE

create trigger token_truncated
    before truncate on pgtoken.token
    for each statement execute function pgtoken_internal.record_truncated();

-- Sign-in to the admin page

create table pgtoken.sign_in (
    id uuid not null,
    kind text not null,
    at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,

    constraint sign_in_pkey primary key (id),
    -- what can be used up
    constraint sign_in_kind_check check (kind in ('link', 'session'))
);
comment on table pgtoken.sign_in is
    'One-time links that were used and sessions that were ended, so that every facade refuses them; rows past expires_at can go';
comment on column pgtoken.sign_in.id is 'The id that the signed link or session carries';
comment on column pgtoken.sign_in.kind is 'link or session';
comment on column pgtoken.sign_in.at is 'When it was used or ended';
comment on column pgtoken.sign_in.expires_at is 'From when its signature is refused anyway';

select pg_catalog.pg_extension_config_dump('pgtoken.sign_in', '');

-- When to try again

alter type pgtoken.verdict add attribute retry_after integer;
comment on column pgtoken.verdict.retry_after is 'Seconds to wait, where rate_limited; else null';

drop function pgtoken.verify_tokens;
create function pgtoken.verify_tokens(
    tokens text[] default null,
    scopes text[] default null,
    permissions text[] default null,
    workspace_ids text[] default null,
    targets text[] default null,
    zones text[] default null,
    client_addrs inet[] default null,
    consume boolean default true
)
returns table (
    n integer,
    valid boolean,
    code text,
    status smallint,
    token_id uuid,
    user_id text,
    workspace_id text,
    scope text,
    permissions text[],
    target text,
    zone text,
    auto_publish boolean,
    expires_at timestamptz,
    metadata jsonb,
    retry_after integer
)
language c
volatile
parallel safe
rows 64
as 'MODULE_PATHNAME', 'verify_tokens_wrapper';
comment on function pgtoken.verify_tokens(text[], text[], text[], text[], text[], text[], inet[], boolean) is
    'verify_token for many questions at once: row n answers the n-th element, counted from 1. Each array is null (asks nothing) or as long as tokens; an element of permissions holds them separated by spaces, as in OAuth. Errors: 22023 arrays of other lengths, 55000 library not preloaded';

drop function pgtoken.verify_digests;
create function pgtoken.verify_digests(
    digests bytea[] default null,
    scopes text[] default null,
    permissions text[] default null,
    workspace_ids text[] default null,
    targets text[] default null,
    zones text[] default null,
    client_addrs inet[] default null,
    consume boolean default true
)
returns table (
    n integer,
    valid boolean,
    code text,
    status smallint,
    token_id uuid,
    user_id text,
    workspace_id text,
    scope text,
    permissions text[],
    target text,
    zone text,
    auto_publish boolean,
    expires_at timestamptz,
    metadata jsonb,
    retry_after integer
)
language c
volatile
parallel safe
rows 64
as 'MODULE_PATHNAME', 'verify_digests_wrapper';
comment on function pgtoken.verify_digests(bytea[], text[], text[], text[], text[], text[], inet[], boolean) is
    'verify_tokens for callers that send only the SHA-256 of each token text';

-- An overview

create function pgtoken.token_stats(
    workspace_id text default null,
    as_user text default null
)
returns table (
    total bigint,
    active bigint,
    suspended bigint,
    disabled bigint,
    expired bigint,
    revoked bigint,
    expiring_14_days bigint,
    unused_90_days bigint,
    allowed_24_hours bigint,
    denied_24_hours bigint
)
language c
stable
rows 1
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'token_stats_wrapper';
comment on function pgtoken.token_stats(text, text) is
    'One row of counts: tokens by state, active ones that expire within 14 days or were neither issued nor used for 90, and verifications of the last 24 hours as far as flushed. workspace_id: of this one only. as_user: only what this user may see; null = everything, for administrators and auditors. Errors: 22023 unknown workspace, 42501 not allowed';

-- What is new is closed, then granted

revoke all on function
    pgtoken_internal.library_version, pgtoken.verify_tokens, pgtoken.verify_digests, pgtoken.token_stats
    from public;
grant execute on function pgtoken.verify_tokens, pgtoken.verify_digests to pgtoken_verifier;
grant execute on function pgtoken.token_stats to pgtoken_issuer, pgtoken_auditor;
grant select, insert, delete on pgtoken.sign_in to pgtoken_admin;

-- Triggers that take authority away, or tell of it, always fire
select pgtoken_internal.arm_triggers();
