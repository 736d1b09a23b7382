-- Events: who did what to which token

create table pgtoken.event (
    id uuid not null default pgtoken_internal.uuid_v7(),
    at timestamptz not null default clock_timestamp(),
    kind text not null,
    token_id uuid,
    token_name text,
    user_id text collate "C",
    workspace_id text collate "C",
    actor text not null,
    login_role text not null default session_user,
    application_name text default current_setting('application_name'),
    client_addr inet default inet_client_addr(),
    detail jsonb not null default '{}',

    constraint event_pkey primary key (id),
    -- the words that readers of the log can rely on
    constraint event_kind_check check (kind in (
        'issued', 'imported', 'rotated', 'updated', 'revoked', 'grants_replaced', 'grants_lost', 'deleted'
    ))
);
comment on table pgtoken.event is
    'The audit log, only ever appended to: one row for each token touched. No foreign keys, so that it outlives what it tells of';
comment on column pgtoken.event.id is 'UUID version 7, in order of time';
comment on column pgtoken.event.at is 'When it happened';
comment on column pgtoken.event.kind is
    'issued, imported, rotated, updated, revoked, grants_replaced, grants_lost (a target or zone went away), deleted (with its owner or workspace, or purged)';
comment on column pgtoken.event.token_id is 'The token';
comment on column pgtoken.event.token_name is 'Its name then';
comment on column pgtoken.event.user_id is 'Its owner';
comment on column pgtoken.event.workspace_id is 'Its workspace';
comment on column pgtoken.event.actor is
    'Who did it: the argument actor, else the setting pgtoken.actor, else as_user, else the calling role';
comment on column pgtoken.event.login_role is 'The role that logged in';
comment on column pgtoken.event.application_name is 'application_name of the connection';
comment on column pgtoken.event.client_addr is 'Address of the database client; null over a Unix socket';
comment on column pgtoken.event.detail is 'What changed; never a secret or digest';

create index event_token_id_id_idx on pgtoken.event (token_id, id);
comment on index pgtoken.event_token_id_id_idx is 'The history of a token';
create index event_user_id_id_idx on pgtoken.event (user_id, id);
comment on index pgtoken.event_user_id_id_idx is 'The history of an owner''s tokens';
create index event_workspace_id_id_idx on pgtoken.event (workspace_id, id);
comment on index pgtoken.event_workspace_id_id_idx is 'The history of a workspace''s tokens';
create index event_at_idx on pgtoken.event (at);
comment on index pgtoken.event_at_idx is 'What a purge deletes';

create function pgtoken_internal.record_event(kind text, token_ids uuid[], actor text, detail jsonb)
returns bigint
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    with recorded as (
        insert into pgtoken.event (kind, token_id, token_name, user_id, workspace_id, actor, detail)
        select record_event.kind, t.id, t.name, t.user_id, t.workspace_id, record_event.actor, record_event.detail
        from pgtoken.token as t
        where t.id = any (record_event.token_ids)
        order by t.id
        returning 1
    )
    select count(*) from recorded
$$;
comment on function pgtoken_internal.record_event(text, uuid[], text, jsonb) is
    'Appends one event for each of the tokens, and returns how many';

create function pgtoken_internal.directory_actor()
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
comment on function pgtoken_internal.directory_actor() is
    'Who to name for what plain DML on the directory does to tokens: the setting pgtoken.actor, else the role set, else the role logged in';

create function pgtoken_internal.record_deleted()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into pgtoken.event (kind, token_id, token_name, user_id, workspace_id, actor)
    select 'deleted', t.id, t.name, t.user_id, t.workspace_id, pgtoken_internal.directory_actor()
    from deleted_token as t
    order by t.id;
    return null;
end
$$;
comment on function pgtoken_internal.record_deleted() is
    'Trigger: one event for each token that is deleted, also with its owner or workspace';

create trigger token_deleted
    after delete on pgtoken.token
    referencing old table as deleted_token
    for each statement execute function pgtoken_internal.record_deleted();

create function pgtoken_internal.record_truncated()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgtoken_internal.record_event(
        'deleted', array(select id from pgtoken.token), pgtoken_internal.directory_actor(), '{"by": "truncate"}'
    );
    return null;
end
$$;
comment on function pgtoken_internal.record_truncated() is
    'Trigger: TRUNCATE of the directory reaches the tokens by its CASCADE; one event for each';

create trigger token_truncated
    before truncate on pgtoken.token
    for each statement execute function pgtoken_internal.record_truncated();

create function pgtoken_internal.is_being_emptied(relation regclass)
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    -- TRUNCATE locks every table that it empties before the first trigger fires.
    select exists (
        select from pg_locks as l
        where l.locktype = 'relation'
          and l.database = (select d.oid from pg_database as d where d.datname = current_database())
          and l.relation = is_being_emptied.relation
          and l.pid = pg_backend_pid()
          and l.mode = 'AccessExclusiveLock'
          and l.granted
    )
$$;
comment on function pgtoken_internal.is_being_emptied(regclass) is
    'Inside a trigger of TRUNCATE: whether this table is truncated by the same statement';

create function pgtoken_internal.record_grants_truncated()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- What goes with the token or with the whole target is told of there.
    if pgtoken_internal.is_being_emptied('pgtoken.token')
       or (tg_table_name = 'token_zone' and pgtoken_internal.is_being_emptied('pgtoken.token_target'))
    then
        return null;
    end if;

    insert into pgtoken.event (kind, token_id, token_name, user_id, workspace_id, actor, detail)
    select 'grants_lost', t.id, t.name, t.user_id, t.workspace_id, pgtoken_internal.directory_actor(),
           jsonb_build_object('by', 'truncate', 'lost', lost.grants)
    from (
        select g.token_id, jsonb_agg(jsonb_build_object('target_id', g.target_id)) as grants
        from pgtoken.token_target as g
        where tg_table_name = 'token_target'
        group by g.token_id
        union all
        select g.token_id, jsonb_agg(jsonb_build_object('target_id', g.target_id, 'zone_id', g.zone_id))
        from pgtoken.token_zone as g
        where tg_table_name = 'token_zone'
        group by g.token_id
    ) as lost
    join pgtoken.token as t on t.id = lost.token_id
    where t.revoked_at is null
    order by t.id;
    return null;
end
$$;
comment on function pgtoken_internal.record_grants_truncated() is
    'Trigger: TRUNCATE of targets or zones reaches the grants by its CASCADE; one event for each token that loses some';

create trigger token_target_truncated
    before truncate on pgtoken.token_target
    for each statement execute function pgtoken_internal.record_grants_truncated();
create trigger token_zone_truncated
    before truncate on pgtoken.token_zone
    for each statement execute function pgtoken_internal.record_grants_truncated();

create function pgtoken_internal.regranting()
returns boolean
language c
volatile
strict
parallel restricted
as 'MODULE_PATHNAME', 'regranting_wrapper';
comment on function pgtoken_internal.regranting() is
    'Whether this backend is replacing grants right now, so that what goes is replaced, not lost';

create function pgtoken_internal.record_grants_lost()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Zones that go with their whole target, and targets that go with their workspace and its tokens, are told of there.
    if not pgtoken_internal.regranting() then
        insert into pgtoken.event (kind, token_id, token_name, user_id, workspace_id, actor, detail)
        select 'grants_lost', t.id, t.name, t.user_id, t.workspace_id, pgtoken_internal.directory_actor(),
               jsonb_build_object('lost', lost.grants)
        from (
            select g.token_id, jsonb_agg(to_jsonb(g) - 'token_id' - 'workspace_id' - 'whole') as grants
            from lost_grant as g
            where tg_table_name = 'token_target'
               or exists (
                    select from pgtoken.token_target as kept
                    join pgtoken.target as t on t.target_id = kept.target_id
                    where kept.token_id = g.token_id and kept.target_id = g.target_id
               )
            group by g.token_id
        ) as lost
        join pgtoken.token as t on t.id = lost.token_id
        join pgtoken.workspace as w on w.workspace_id = t.workspace_id
        where t.revoked_at is null
        order by t.id;
    end if;
    return null;
end
$$;
comment on function pgtoken_internal.record_grants_lost() is
    'Trigger: one event for each token that loses grants because a target or zone was deleted or moved';

create trigger token_target_lost
    after delete on pgtoken.token_target
    referencing old table as lost_grant
    for each statement execute function pgtoken_internal.record_grants_lost();
create trigger token_zone_lost
    after delete on pgtoken.token_zone
    referencing old table as lost_grant
    for each statement execute function pgtoken_internal.record_grants_lost();
