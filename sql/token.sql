-- Tokens, and what confines them

create table pgtoken.token (
    id uuid not null default pgtoken_internal.uuid_v7(),
    digest bytea not null,
    digest_rule text not null default 'sha256',
    start text,
    name text not null,
    user_id text collate "C" not null,
    workspace_id text collate "C",
    scope text collate "C",
    permissions text[] not null default '{}',
    auto_publish boolean not null default false,
    metadata jsonb not null default '{}',
    allowed_addrs cidr[] not null default '{}',
    rate_limit integer,
    rate_window interval,
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    disabled_at timestamptz,
    disabled_by text,
    revoked_at timestamptz,
    revoked_by text,
    revoke_reason text,
    rotated_from uuid,
    request_id text,

    -- private: which user disabled it, who asked under request_id, and for what
    disabled_as text,
    request_as text,
    request_digest bytea,

    -- derived from the directory by the foreign keys below, so that one probe of this table decides
    owner_enabled boolean,
    workspace_enabled boolean,
    owner_scope text collate "C",

    constraint token_pkey primary key (id),
    constraint token_digest_key unique (digest),

    constraint token_user_id_fkey foreign key (user_id)
        references pgtoken.app_user (user_id) on delete cascade,
    constraint token_workspace_id_fkey foreign key (workspace_id)
        references pgtoken.workspace (workspace_id) on delete cascade,
    -- restrict: no action would let a statement that deletes a scope put another of the same name in its place
    constraint token_scope_fkey foreign key (scope)
        references pgtoken.scope (name) on delete restrict,

    -- Authority follows the owner. Keys reach every live token in every isolation level,
    -- those of a concurrent transaction too, where a trigger would see only its own snapshot.
    constraint token_user_id_owner_enabled_fkey foreign key (user_id, owner_enabled)
        references pgtoken.app_user (user_id, enabled) on update cascade on delete cascade,
    constraint token_workspace_id_workspace_enabled_fkey foreign key (workspace_id, workspace_enabled)
        references pgtoken.workspace (workspace_id, enabled) on update cascade on delete cascade,
    constraint token_workspace_id_user_id_owner_scope_fkey foreign key (workspace_id, user_id, owner_scope)
        references pgtoken.member (workspace_id, user_id, scope) on update cascade on delete set null (owner_scope),

    -- SHA-256
    constraint token_digest_check check (octet_length(digest) = 32),
    -- the only rule there is
    constraint token_digest_rule_check check (digest_rule = 'sha256'),
    -- enough to recognise a token, too little to guess it
    constraint token_start_check check (length(start) <= 31),
    -- a name can be shown in a list
    constraint token_name_check check (length(name) between 1 and 100),
    -- an object of the application's own
    constraint token_metadata_check check (jsonb_typeof(metadata) = 'object'),
    -- a rate is a count in a span of time, or there is none
    constraint token_rate_check check (
        (rate_limit is null) = (rate_window is null)
        and rate_limit >= 1
        and rate_window between interval '1 second' and interval '31 days'
    ),
    -- who goes with when
    constraint token_disabled_check check ((disabled_at is null) = (disabled_by is null)),
    constraint token_revoked_check check ((revoked_at is null) = (revoked_by is null)),
    -- the directory reaches the live and lets the revoked rest
    constraint token_owner_enabled_check check ((revoked_at is null) = (owner_enabled is not null)),
    constraint token_workspace_enabled_check check (
        (revoked_at is null and workspace_id is not null) = (workspace_enabled is not null)
    ),
    constraint token_owner_scope_check check (owner_scope is null or workspace_enabled is not null),
    -- a request is known by what it asked
    constraint token_request_id_check check (
        length(request_id) between 1 and 255
        and (request_id is null) = (request_digest is null)
    )
) with (fillfactor = 70);
-- room on each page, so that a change of the owner's authority stays a heap-only update: of a member with 10,000
-- tokens it takes half the time that it takes with 90, for a table that is a quarter larger
comment on table pgtoken.token is
    'API tokens. Read them through the view pgtoken.tokens, change them through the functions; the secret itself is stored nowhere';
comment on column pgtoken.token.id is 'UUID version 7; safe to show, log and put in a URL';
comment on column pgtoken.token.digest is 'SHA-256 of the whole token text: all that is kept of the secret';
comment on column pgtoken.token.digest_rule is 'How the digest was made: sha256';
comment on column pgtoken.token.start is 'The first characters of the token text, to recognise it in a list';
comment on column pgtoken.token.name is 'What its owner calls it; 1 to 100 characters';
comment on column pgtoken.token.user_id is 'Its owner: it never outlives or outgrows this user''s authority';
comment on column pgtoken.token.workspace_id is 'The workspace it is bound to; null = none';
comment on column pgtoken.token.scope is 'The scope it was given; in effect is the lower of this and the owner''s; null = permissions only';
comment on column pgtoken.token.permissions is 'The permissions it was given, from the allow-list';
comment on column pgtoken.token.auto_publish is 'Whether what is done with it is published at once; only with a confined scope';
comment on column pgtoken.token.metadata is 'The application''s own object, at most 4 kB; returned by verification';
comment on column pgtoken.token.allowed_addrs is 'Networks it may be used from; empty = anywhere';
comment on column pgtoken.token.rate_limit is 'Verifications allowed in rate_window; null = no limit';
comment on column pgtoken.token.rate_window is 'The span that rate_limit counts in: 1 second to 31 days';
comment on column pgtoken.token.created_at is 'When it was issued';
comment on column pgtoken.token.created_by is 'The actor who issued it';
comment on column pgtoken.token.expires_at is 'From when it no longer verifies; null = never';
comment on column pgtoken.token.disabled_at is 'Since when it is switched off; null = on';
comment on column pgtoken.token.disabled_by is 'The actor who switched it off';
comment on column pgtoken.token.revoked_at is 'When it was ended for good; null = not revoked';
comment on column pgtoken.token.revoked_by is 'The actor who revoked it';
comment on column pgtoken.token.revoke_reason is 'Why it was revoked, at most 200 characters';
comment on column pgtoken.token.rotated_from is 'The token that it replaces; a plain column, since that one may be purged';
comment on column pgtoken.token.request_id is 'The caller''s idempotency key: the same request issues one token';
comment on column pgtoken.token.disabled_as is 'Private: the user with whose authority it was disabled; null = an administrator''s';
comment on column pgtoken.token.request_as is 'Private: the user with whose authority request_id was used; null = an administrator''s';
comment on column pgtoken.token.request_digest is 'Private: SHA-256 of the arguments given with request_id';
comment on column pgtoken.token.owner_enabled is 'Derived: app_user.enabled of the owner; null once revoked';
comment on column pgtoken.token.workspace_enabled is 'Derived: workspace.enabled; null without a workspace and once revoked';
comment on column pgtoken.token.owner_scope is 'Derived: member.scope of the owner; null if no member, without a workspace and once revoked';

create index token_user_id_idx on pgtoken.token (user_id);
comment on index pgtoken.token_user_id_idx is 'The tokens of an owner, also for the keys that follow the owner';
create index token_workspace_id_user_id_idx on pgtoken.token (workspace_id, user_id);
comment on index pgtoken.token_workspace_id_user_id_idx is 'The tokens of a workspace and of a member, also for the keys that follow them';
create index token_created_at_id_idx on pgtoken.token (created_at, id);
comment on index pgtoken.token_created_at_id_idx is 'The default order of lists';
create index token_start_idx on pgtoken.token (start text_pattern_ops);
comment on index pgtoken.token_start_idx is 'Finding a token by its first characters';
create unique index token_request_id_idx on pgtoken.token (request_id, created_by, request_as) nulls not distinct
    where request_id is not null;
comment on index pgtoken.token_request_id_idx is 'One token for one request of one actor; a concurrent twin waits here';

create table pgtoken.token_target (
    token_id uuid not null,
    target_id text collate "C" not null,
    whole boolean not null,
    workspace_id text collate "C" not null,

    constraint token_target_pkey primary key (token_id, target_id),
    constraint token_target_token_id_fkey foreign key (token_id)
        references pgtoken.token (id) on delete cascade,
    -- a target that moves away is refused while it is granted; the trigger target_leave ends its grants first
    constraint token_target_workspace_id_target_id_fkey foreign key (workspace_id, target_id)
        references pgtoken.target (workspace_id, target_id) on delete cascade
);
comment on table pgtoken.token_target is
    'The targets granted to a confined token. Without whole and without a zone left, a row is worth nothing';
comment on column pgtoken.token_target.token_id is 'The token';
comment on column pgtoken.token_target.target_id is 'The target';
comment on column pgtoken.token_target.whole is 'Whether the whole target is granted; otherwise only its rows in token_zone';
comment on column pgtoken.token_target.workspace_id is 'The workspace of the token, which the target cannot leave with its grants';

create index token_target_target_id_idx on pgtoken.token_target (workspace_id, target_id);
comment on index pgtoken.token_target_target_id_idx is 'The tokens that a target is granted to';

create table pgtoken.token_zone (
    token_id uuid not null,
    target_id text collate "C" not null,
    zone_id text collate "C" not null,

    constraint token_zone_pkey primary key (token_id, target_id, zone_id),
    constraint token_zone_token_id_target_id_fkey foreign key (token_id, target_id)
        references pgtoken.token_target (token_id, target_id) on delete cascade,
    constraint token_zone_target_id_zone_id_fkey foreign key (target_id, zone_id)
        references pgtoken.zone (target_id, zone_id) on delete cascade
);
comment on table pgtoken.token_zone is
    'The zones granted to a confined token, of targets that it was not granted as a whole';
comment on column pgtoken.token_zone.token_id is 'The token';
comment on column pgtoken.token_zone.target_id is 'The target';
comment on column pgtoken.token_zone.zone_id is 'The zone of the target';

create index token_zone_target_id_zone_id_idx on pgtoken.token_zone (target_id, zone_id);
comment on index pgtoken.token_zone_target_id_zone_id_idx is 'The tokens that a zone is granted to';
