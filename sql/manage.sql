-- Management: every function writes its events in the same transaction

create function pgtoken.issue_token(
    name text default null,
    user_id text default null,
    scope text default 'read',
    workspace_id text default null,
    permissions text[] default '{}',
    grants jsonb default '{}',
    auto_publish boolean default false,
    ttl interval default null,
    expires_at timestamptz default null,
    rate_limit integer default null,
    rate_window interval default '1 min',
    allowed_addrs cidr[] default '{}',
    metadata jsonb default '{}',
    prefix text default null,
    request_id text default null,
    as_user text default null,
    actor text default null
)
returns table (
    token text,
    id uuid,
    digest_rule text,
    start text,
    name text,
    user_id text,
    user_name text,
    user_email text,
    workspace_id text,
    workspace_name text,
    scope text,
    permissions text[],
    auto_publish boolean,
    metadata jsonb,
    allowed_addrs cidr[],
    rate_limit integer,
    rate_window_seconds integer,
    created_at timestamptz,
    created_by text,
    expires_at timestamptz,
    disabled_at timestamptz,
    disabled_by text,
    revoked_at timestamptz,
    revoked_by text,
    revoke_reason text,
    rotated_from uuid,
    request_id text,
    state text,
    last_used_at timestamptz,
    last_used_addr inet,
    last_denied_at timestamptz,
    last_denied_code text,
    use_count bigint,
    grants jsonb
)
language c
volatile
rows 1
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'issue_token_wrapper';
comment on function pgtoken.issue_token(text, text, text, text, text[], jsonb, boolean, interval, timestamptz, integer, interval, cidr[], jsonb, text, text, text, text) is
    'Issues a token for a user and returns its text, here and never again, with its row. scope null = permissions only. grants: {"target": ["zone", …]} or true for a whole target, for a confined scope only. ttl or expires_at, not both. rate_limit verifications in rate_window (1 second to 31 days). request_id: the same call again returns the first row, with token null. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 bad value, 42501 beyond the authority of the owner or of as_user';

create function pgtoken.import_token(
    digest bytea default null,
    user_id text default null,
    name text default null,
    start text default null,
    scope text default 'read',
    workspace_id text default null,
    permissions text[] default '{}',
    grants jsonb default '{}',
    auto_publish boolean default false,
    created_at timestamptz default null,
    created_by text default null,
    expires_at timestamptz default null,
    revoked_at timestamptz default null,
    revoke_reason text default null,
    last_used_at timestamptz default null,
    use_count bigint default null,
    allowed_addrs cidr[] default '{}',
    rate_limit integer default null,
    rate_window interval default '1 min',
    metadata jsonb default '{}',
    id uuid default null,
    digest_rule text default 'sha256',
    actor text default null
)
returns pgtoken.tokens
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'import_token_wrapper';
comment on function pgtoken.import_token(bytea, text, text, text, text, text, text[], jsonb, boolean, timestamptz, text, timestamptz, timestamptz, text, timestamptz, bigint, cidr[], integer, interval, jsonb, uuid, text, text) is
    'Takes over a token of another system by the SHA-256 of its text, dead ones too; administrators only. Idempotent: a digest that is known returns its row unchanged. An owner whose present authority is too low is no error: the token is suspended until it suffices. Errors: 22023 bad value, 42501 not an administrator';

create function pgtoken.rotate_token(
    id uuid default null,
    overlap interval default '0',
    ttl interval default null,
    expires_at timestamptz default null,
    prefix text default null,
    as_user text default null,
    actor text default null
)
returns table (
    token text,
    id uuid,
    digest_rule text,
    start text,
    name text,
    user_id text,
    user_name text,
    user_email text,
    workspace_id text,
    workspace_name text,
    scope text,
    permissions text[],
    auto_publish boolean,
    metadata jsonb,
    allowed_addrs cidr[],
    rate_limit integer,
    rate_window_seconds integer,
    created_at timestamptz,
    created_by text,
    expires_at timestamptz,
    disabled_at timestamptz,
    disabled_by text,
    revoked_at timestamptz,
    revoked_by text,
    revoke_reason text,
    rotated_from uuid,
    request_id text,
    state text,
    last_used_at timestamptz,
    last_used_addr inet,
    last_denied_at timestamptz,
    last_denied_code text,
    use_count bigint,
    grants jsonb
)
language c
volatile
rows 1
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'rotate_token_wrapper';
comment on function pgtoken.rotate_token(uuid, interval, interval, timestamptz, text, text, text) is
    'Issues a successor with everything that the token has, and returns its text, here and never again. overlap: how long the old one stays valid beside it at most; 0 revokes it with reason superseded. The successor has the same expires_at unless ttl or expires_at is given, and the same prefix unless one is. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 bad value, 42501 not allowed, P0002 not found, 55000 ended or disabled';

create function pgtoken.revoke_token(
    id uuid default null,
    reason text default null,
    as_user text default null,
    actor text default null
)
returns pgtoken.tokens
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'revoke_token_wrapper';
comment on function pgtoken.revoke_token(uuid, text, text, text) is
    'Ends a token for good, from the next snapshot on. Idempotent: the first reason and time stay. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 bad value, 42501 not allowed, P0002 not found';

create function pgtoken.revoke_secret(
    token text default null,
    reason text default null,
    actor text default null
)
returns setof pgtoken.tokens
language c
volatile
rows 1
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'revoke_secret_wrapper';
comment on function pgtoken.revoke_secret(text, text, text) is
    'Ends the token with this text; who holds it may. The row, or none where there is no such token. Idempotent. Errors: 22023 bad value';

create function pgtoken.revoke_digest(
    digest bytea default null,
    reason text default null,
    actor text default null
)
returns setof pgtoken.tokens
language c
volatile
rows 1
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'revoke_digest_wrapper';
comment on function pgtoken.revoke_digest(bytea, text, text) is
    'revoke_secret for callers that send only the SHA-256 of the token text, so that the secret reaches no log of the server: it ends a token and yields nothing. Errors: 22023 bad value';

create function pgtoken.revoke_tokens(
    ids uuid[] default null,
    user_id text default null,
    workspace_id text default null,
    scope text default null,
    issued_before timestamptz default null,
    unused_since timestamptz default null,
    reason text default null,
    dry_run boolean default false,
    as_user text default null,
    actor text default null
)
returns setof uuid
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'revoke_tokens_wrapper';
comment on function pgtoken.revoke_tokens(uuid[], text, text, text, timestamptz, timestamptz, text, boolean, text, text) is
    'Ends every live token that fits all filters given, at least one, and returns their ids. unused_since: neither issued nor used since then. dry_run => true only returns them. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 no filter or bad value, 42501 not allowed';

create function pgtoken.grant_zones(
    id uuid default null,
    grants jsonb default null,
    as_user text default null,
    actor text default null
)
returns jsonb
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'grant_zones_wrapper';
comment on function pgtoken.grant_zones(uuid, jsonb, text, text) is
    'Replaces what a confined token may act on, all at once, and returns what is now in force. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 bad value, 42501 not allowed, P0002 not found, 55000 ended';

create function pgtoken.update_token(
    id uuid default null,
    name text default null,
    metadata jsonb default null,
    expires_at timestamptz default null,
    enabled boolean default null,
    rate_limit integer default null,
    rate_window interval default null,
    allowed_addrs cidr[] default null,
    as_user text default null,
    actor text default null
)
returns pgtoken.tokens
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'update_token_wrapper';
comment on function pgtoken.update_token(uuid, text, jsonb, timestamptz, boolean, integer, interval, cidr[], text, text) is
    'Changes what is given and leaves the rest. expires_at ''infinity'', rate_limit 0 and allowed_addrs ''{}'' clear. With as_user it only narrows: earlier expiry, lower rate, narrower networks, disable, rename; and re-enables what that user disabled. as_user: act with this user''s authority and no more; null = with an administrator''s. actor: who to name in the audit log. Errors: 22023 bad value, 42501 not allowed, P0002 not found, 55000 ended';

create function pgtoken.purge_tokens(
    ended_before timestamptz default null,
    max_rows integer default 10000
)
returns bigint
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'purge_tokens_wrapper';
comment on function pgtoken.purge_tokens(timestamptz, integer) is
    'Deletes tokens that were revoked or expired before then, at most max_rows, and returns how many; call it again until it returns less. Their events stay. Administrators only. Errors: 22023 bad value, 42501 not an administrator';

create function pgtoken.purge_events(
    before timestamptz default null,
    max_rows integer default null
)
returns bigint
language c
volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'purge_events_wrapper';
comment on function pgtoken.purge_events(timestamptz, integer) is
    'Deletes events older than that, at most max_rows (null = 10000), and returns how many. Granted to nobody: the owner of the extension decides who may. Errors: 22023 bad value';
