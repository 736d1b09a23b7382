-- Directory: who and what exists.
-- These tables are an interface: applications and DBAs write them with plain DML.

create table pgtoken.workspace (
    workspace_id text collate "C" not null,
    name text,
    disabled_at timestamptz,
    -- derived: the half of a key that tells tokens whether their workspace is at work
    enabled boolean not null generated always as (disabled_at is null) stored,

    constraint workspace_pkey primary key (workspace_id),
    constraint workspace_workspace_id_enabled_key unique (workspace_id, enabled),
    -- an id can be shown in a log line and a URL
    constraint workspace_workspace_id_check check (pgtoken_internal.is_key(workspace_id))
);
comment on table pgtoken.workspace is
    'A tenant: tokens, members and targets belong to it. Deleting one deletes its tokens; disabling one suspends them';
comment on column pgtoken.workspace.workspace_id is 'The application''s own id of the workspace; never changes';
comment on column pgtoken.workspace.name is 'What people call it';
comment on column pgtoken.workspace.disabled_at is 'Since when none of its tokens verifies; null = at work';
comment on column pgtoken.workspace.enabled is 'Derived from disabled_at; tokens refer to it';

create table pgtoken.app_user (
    user_id text collate "C" not null,
    name text,
    email text,
    disabled_at timestamptz,
    service_of text collate "C",
    -- derived: the half of a key that tells tokens whether their owner is at work
    enabled boolean not null generated always as (disabled_at is null) stored,

    constraint app_user_pkey primary key (user_id),
    constraint app_user_user_id_enabled_key unique (user_id, enabled),
    -- a service user is nobody without its workspace
    constraint app_user_service_of_fkey foreign key (service_of)
        references pgtoken.workspace (workspace_id) on delete cascade,
    -- an id can be shown in a log line and a URL
    constraint app_user_user_id_check check (pgtoken_internal.is_key(user_id))
);
comment on table pgtoken.app_user is
    'A user of the application, person or service: every token has one as its owner. Deleting one deletes its tokens; disabling one suspends them';
comment on column pgtoken.app_user.user_id is 'The application''s own id of the user; never changes';
comment on column pgtoken.app_user.name is 'What people call the user';
comment on column pgtoken.app_user.email is 'Where the user is written to; not checked';
comment on column pgtoken.app_user.disabled_at is 'Since when none of the user''s tokens verifies; null = at work';
comment on column pgtoken.app_user.service_of is
    'Set for a service user: members of this workspace who manage tokens may issue for it, up to their own scope';
comment on column pgtoken.app_user.enabled is 'Derived from disabled_at; tokens refer to it';

create index app_user_service_of_idx on pgtoken.app_user (service_of) where service_of is not null;
comment on index pgtoken.app_user_service_of_idx is 'The service users of a workspace';

create table pgtoken.target (
    target_id text collate "C" not null,
    workspace_id text collate "C" not null,
    name text,

    constraint target_pkey primary key (target_id),
    constraint target_workspace_id_target_id_key unique (workspace_id, target_id),
    constraint target_workspace_id_fkey foreign key (workspace_id)
        references pgtoken.workspace (workspace_id) on delete cascade,
    -- an id can be shown in a log line and a URL
    constraint target_target_id_check check (pgtoken_internal.is_key(target_id))
);
comment on table pgtoken.target is
    'A thing that a confined token can be confined to (a playlist, a project, a device). Moving it to another workspace deletes its grants';
comment on column pgtoken.target.target_id is 'The application''s own id of the target; never changes';
comment on column pgtoken.target.workspace_id is 'The workspace that it belongs to';
comment on column pgtoken.target.name is 'What people call it';

create table pgtoken.zone (
    target_id text collate "C" not null,
    zone_id text collate "C" not null,
    name text,

    constraint zone_pkey primary key (target_id, zone_id),
    constraint zone_target_id_fkey foreign key (target_id)
        references pgtoken.target (target_id) on delete cascade,
    -- an id can be shown in a log line and a URL
    constraint zone_zone_id_check check (pgtoken_internal.is_key(zone_id))
);
comment on table pgtoken.zone is
    'A part of a target that a confined token can be narrowed to (a region of a playlist, a folder of a project)';
comment on column pgtoken.zone.target_id is 'The target that it is a part of; never changes';
comment on column pgtoken.zone.zone_id is 'The application''s own id of the zone, unique within its target; never changes';
comment on column pgtoken.zone.name is 'What people call it';
