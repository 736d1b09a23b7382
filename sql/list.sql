-- Looking: lists in stable order, page by page

create function pgtoken.get_token(
    id uuid default null,
    as_user text default null
)
returns pgtoken.tokens
language c
stable
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'get_token_wrapper';
comment on function pgtoken.get_token(uuid, text) is
    'One token. as_user: only what this user may see; null = everything, for administrators and auditors. Errors: P0002 not found, 42501 not allowed';

create function pgtoken.find_token(
    text text default null,
    as_user text default null
)
returns setof pgtoken.tokens
language c
stable
rows 1
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'find_token_wrapper';
comment on function pgtoken.find_token(text, text) is
    'Whose is this? text: a token''s id, its whole text, its digest in hex, or the first characters of it (at least 4). as_user: only what this user may see; null = everything, for administrators and auditors. At most 50 rows; none where nothing fits';

create function pgtoken.list_tokens(
    user_id text default null,
    workspace_id text default null,
    scope text default null,
    target_id text default null,
    state text default null,
    search text default null,
    expires_before timestamptz default null,
    unused_since timestamptz default null,
    sort text default 'created_at desc',
    after uuid default null,
    max_rows integer default 50,
    as_user text default null
)
returns setof pgtoken.tokens
language c
stable
rows 50
parallel restricted
set search_path = pg_catalog, pg_temp
-- to compile the view takes seconds, to read a page milliseconds
set jit = off
as 'MODULE_PATHNAME', 'list_tokens_wrapper';
comment on function pgtoken.list_tokens(text, text, text, text, text, text, timestamptz, timestamptz, text, uuid, integer, text) is
    'Tokens that fit all filters given. search: part of the name or start, in any case. sort: created_at, name, user_id, workspace_id, scope, expires_at, last_used_at or use_count, then asc or desc; nulls last; ties by id. after: the id of the last row of the page before. max_rows: 1 to 1000, else 50. as_user: only what this user may see; null = everything, for administrators and auditors. Errors: 22023 bad value, 42501 not allowed';

create function pgtoken.list_events(
    token_id uuid default null,
    user_id text default null,
    workspace_id text default null,
    after uuid default null,
    max_rows integer default null,
    as_user text default null
)
returns setof pgtoken.event
language c
stable
rows 50
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'list_events_wrapper';
comment on function pgtoken.list_events(uuid, text, text, uuid, integer, text) is
    'The audit log, newest first. after: the id of the last row of the page before. max_rows: 1 to 1000, else 50. as_user: only what this user may see; null = everything, for administrators and auditors. Errors: 22023 bad value, 42501 not allowed';

create function pgtoken.list_usage(
    id uuid default null,
    since timestamptz default null,
    until timestamptz default null,
    as_user text default null
)
returns table (
    bucket timestamptz,
    allowed bigint,
    denied bigint
)
language c
stable
rows 168
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'list_usage_wrapper';
comment on function pgtoken.list_usage(uuid, timestamptz, timestamptz, text) is
    'Use of one token by hour or day (pgtoken.usage_bucket), from since (inclusive) to until (exclusive), oldest first; hours without use have no row. as_user: only what this user may see; null = everything, for administrators and auditors. Errors: P0002 not found, 42501 not allowed';

create function pgtoken.list_users(
    search text default null,
    workspace_id text default null,
    after text default null,
    max_rows integer default null,
    as_user text default null
)
returns table (
    user_id text,
    name text,
    email text,
    disabled_at timestamptz,
    service_of text,
    live_tokens bigint
)
language c
stable
rows 50
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'list_users_wrapper';
comment on function pgtoken.list_users(text, text, text, integer, text) is
    'Users by id. search: part of the id, name or email, in any case. workspace_id: its members and service users. after: the user_id of the last row of the page before. max_rows: 1 to 1000, else 50. as_user: this user, and the members and service users of workspaces where it manages tokens; null = everybody, for administrators and auditors. Errors: 22023 bad value, 42501 not allowed';

create function pgtoken.list_workspaces(
    as_user text default null
)
returns table (
    workspace_id text,
    name text,
    disabled_at timestamptz,
    scope text,
    manages_tokens boolean
)
language c
stable
rows 50
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'list_workspaces_wrapper';
comment on function pgtoken.list_workspaces(text) is
    'Workspaces by id. as_user: those that this user belongs to, with its scope and whether it manages tokens there; null = all, with both null, for administrators and auditors. Errors: 42501 not allowed';

create function pgtoken.list_targets(
    workspace_id text default null,
    as_user text default null
)
returns table (
    target_id text,
    name text,
    zones jsonb
)
language c
stable
rows 50
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'list_targets_wrapper';
comment on function pgtoken.list_targets(text, text) is
    'The targets of a workspace by id; zones: [{"zone_id": …, "name": …}, …] by id. as_user: a member of the workspace. Errors: 22023 unknown workspace, 42501 not allowed';

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
