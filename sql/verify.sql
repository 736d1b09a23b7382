-- Verification: one row for every question, no write, never stale

create type pgtoken.verdict as (
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
);
comment on type pgtoken.verdict is
    'The answer to a verification. Where it is not valid, only valid, code, status and retry_after are set, and token_id where the token is genuine and of the workspace asked';
comment on column pgtoken.verdict.valid is 'Whether the request may proceed';
comment on column pgtoken.verdict.code is
    'valid, or the first rule that was broken: malformed, not_found, revoked, expired, disabled, owner_disabled, workspace_disabled, not_a_member (401); wrong_workspace, insufficient_scope, insufficient_permissions, target_forbidden, zone_required, zone_forbidden, address_forbidden (403); rate_limited (429). Treat an unknown code as a denial';
comment on column pgtoken.verdict.status is 'The HTTP status that fits: 200, 401, 403 or 429';
comment on column pgtoken.verdict.token_id is 'The token''s id';
comment on column pgtoken.verdict.user_id is 'Its owner';
comment on column pgtoken.verdict.workspace_id is 'The workspace it is bound to; null = none';
comment on column pgtoken.verdict.scope is 'The scope in effect: the lower of the token''s and its owner''s present one';
comment on column pgtoken.verdict.permissions is 'The permissions in effect';
comment on column pgtoken.verdict.target is 'The target asked';
comment on column pgtoken.verdict.zone is 'The zone asked, or the only one granted of the target';
comment on column pgtoken.verdict.auto_publish is 'Whether what is done with the token is published at once';
comment on column pgtoken.verdict.expires_at is 'From when the token no longer verifies; null = never';
comment on column pgtoken.verdict.metadata is 'The application''s own object';
comment on column pgtoken.verdict.retry_after is 'Seconds to wait, where rate_limited; else null';

create function pgtoken.verify_token(
    token text default null,
    scope text default null,
    permissions text[] default null,
    workspace_id text default null,
    target text default null,
    zone text default null,
    client_addr inet default null,
    consume boolean default true
)
returns pgtoken.verdict
language c
volatile
parallel safe
as 'MODULE_PATHNAME', 'verify_token_wrapper';
comment on function pgtoken.verify_token(text, text, text[], text, text, text, inet, boolean) is
    'May this token do that? Always one row, never an error for bad input. null asks nothing; an empty string matches nothing. permissions: all of them are needed. client_addr: needed by tokens with allowed_addrs. consume => false takes nothing from the rate and records nothing. Writes nothing, also in READ ONLY transactions and on a standby. Errors: 55000 library not preloaded';

create function pgtoken.verify_digest(
    digest bytea default null,
    scope text default null,
    permissions text[] default null,
    workspace_id text default null,
    target text default null,
    zone text default null,
    client_addr inet default null,
    consume boolean default true
)
returns pgtoken.verdict
language c
volatile
parallel safe
as 'MODULE_PATHNAME', 'verify_digest_wrapper';
comment on function pgtoken.verify_digest(bytea, text, text[], text, text, text, inet, boolean) is
    'verify_token for callers that send only the SHA-256 of the token text, so that the secret reaches no log of the server. A digest that is not 32 bytes is malformed';

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

create function pgtoken.require_token(
    token text default null,
    scope text default null,
    permissions text[] default null,
    workspace_id text default null,
    target text default null,
    zone text default null,
    client_addr inet default null,
    consume boolean default true
)
returns pgtoken.verdict
language c
volatile
parallel safe
as 'MODULE_PATHNAME', 'require_token_wrapper';
comment on function pgtoken.require_token(text, text, text[], text, text, text, inet, boolean) is
    'verify_token that raises unless valid, for use inside a transaction: 28000 where the status is 401, 42501 where 403, 53400 where 429; MESSAGE ends with the code';

create function pgtoken.inspect_token(token text default null)
returns setof pgtoken.tokens
language c
stable
rows 1
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'inspect_token_wrapper';
comment on function pgtoken.inspect_token(text) is
    'What is this token? The row of any genuine token, whatever its state; no row otherwise. Consumes and records nothing';

create function pgtoken.inspect_digest(digest bytea default null)
returns setof pgtoken.tokens
language c
stable
rows 1
parallel restricted
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'inspect_digest_wrapper';
comment on function pgtoken.inspect_digest(bytea) is
    'inspect_token for callers that send only the SHA-256 of the token text, so that the secret reaches no log of the server';
