-- Authority follows the owner: what the keys of pgtoken.token don't do by themselves

-- Locks are taken in one order, so that nothing that happens at once ends in a deadlock:
-- workspace, user, member, target, zone, token rows by id, grants by token.
-- A key's cascade visits rows as they lie in the table; so whoever takes authority away locks them first.
-- Tables are locked in the mode of the change to come: to ask for more later would be a deadlock with REINDEX.

create function pgtoken_internal.lock_tokens_of_members(workspace_id text, user_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table pgtoken.token in row exclusive mode;
    perform from pgtoken.token as t
    where t.workspace_id = lock_tokens_of_members.workspace_id
      and t.user_id = any (user_ids)
      and t.revoked_at is null
    order by t.id
    for no key update;
end
$$;
comment on function pgtoken_internal.lock_tokens_of_members(text, text[]) is
    'Locks the live tokens of members of a workspace, by id';

create function pgtoken_internal.lock_grants_of_targets(workspace_id text, target_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table pgtoken.zone, pgtoken.token_target, pgtoken.token_zone in row exclusive mode;
    perform from pgtoken.zone as z
    where z.target_id = any (target_ids)
    order by z.target_id, z.zone_id
    for update;

    -- Tokens that are deleted meanwhile take their grants along, and are locked in the same order.
    perform from pgtoken.token as t
    where t.id in (
        select g.token_id
        from pgtoken.token_target as g
        where g.workspace_id = lock_grants_of_targets.workspace_id
          and g.target_id = any (target_ids)
    )
    order by t.id
    for key share;

    perform from pgtoken.token_target as g
    where g.workspace_id = lock_grants_of_targets.workspace_id
      and g.target_id = any (target_ids)
    order by g.token_id, g.target_id
    for update;
end
$$;
comment on function pgtoken_internal.lock_grants_of_targets(text, text[]) is
    'Locks what goes with targets that are deleted or moved: zones, then tokens against deletion, then grants';

create function pgtoken_internal.lock_grants_of_zones(target_id text, zone_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table pgtoken.token_target, pgtoken.token_zone in row exclusive mode;
    perform from pgtoken.token as t
    where t.id in (
        select g.token_id
        from pgtoken.token_zone as g
        where g.target_id = lock_grants_of_zones.target_id
          and g.zone_id = any (zone_ids)
    )
    order by t.id
    for key share;

    perform from pgtoken.token_target as g
    where g.target_id = lock_grants_of_zones.target_id
      and g.token_id in (
        select z.token_id
        from pgtoken.token_zone as z
        where z.target_id = lock_grants_of_zones.target_id
          and z.zone_id = any (zone_ids)
    )
    order by g.token_id
    for no key update;
end
$$;
comment on function pgtoken_internal.lock_grants_of_zones(text, text[]) is
    'Locks what goes with zones that are deleted: tokens against deletion, then grants of their target';

create function pgtoken_internal.lock_below()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    service_users text[];
begin
    lock table pgtoken.token in row exclusive mode;
    case tg_table_name || ' ' || tg_op
        when 'workspace DELETE' then
            service_users := array(
                select u.user_id
                from pgtoken.app_user as u
                where u.service_of = old.workspace_id
                order by u.user_id
                for update
            );
            perform from pgtoken.member as m
            where m.workspace_id = old.workspace_id or m.user_id = any (service_users)
            order by m.workspace_id, m.user_id
            for update;
            perform from pgtoken.target as t
            where t.workspace_id = old.workspace_id
            order by t.target_id
            for update;
            perform from pgtoken.zone as z
            where z.target_id in (select t.target_id from pgtoken.target as t where t.workspace_id = old.workspace_id)
            order by z.target_id, z.zone_id
            for update;
            perform from pgtoken.token as t
            where t.workspace_id = old.workspace_id or t.user_id = any (service_users)
            order by t.id
            for update;
        when 'workspace UPDATE' then
            perform from pgtoken.token as t
            where t.workspace_id = old.workspace_id and t.revoked_at is null
            order by t.id
            for no key update;
        when 'app_user DELETE' then
            perform from pgtoken.member as m
            where m.user_id = old.user_id
            order by m.workspace_id
            for update;
            perform from pgtoken.token as t
            where t.user_id = old.user_id
            order by t.id
            for update;
        when 'app_user UPDATE' then
            perform from pgtoken.token as t
            where t.user_id = old.user_id and t.revoked_at is null
            order by t.id
            for no key update;
        when 'member DELETE', 'member UPDATE' then
            perform pgtoken_internal.lock_tokens_of_members(old.workspace_id, array[old.user_id]);
        when 'target DELETE' then
            perform pgtoken_internal.lock_grants_of_targets(old.workspace_id, array[old.target_id]);
        when 'zone DELETE' then
            perform pgtoken_internal.lock_grants_of_zones(old.target_id, array[old.zone_id]);
    end case;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function pgtoken_internal.lock_below() is
    'Trigger: a directory row that is locked locks, in the one order, all rows that its keys are going to change';

create function pgtoken_internal.lock_above()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    case tg_table_name
        when 'app_user' then
            perform from pgtoken.workspace as w where w.workspace_id = new.service_of for key share;
        when 'member' then
            perform from pgtoken.workspace as w where w.workspace_id = new.workspace_id for share;
            perform from pgtoken.app_user as u where u.user_id = new.user_id for key share;
        when 'target' then
            perform from pgtoken.workspace as w where w.workspace_id = new.workspace_id for share;
        when 'zone' then
            perform from pgtoken.target as t where t.target_id = new.target_id for share;
    end case;
    return new;
end
$$;
comment on function pgtoken_internal.lock_above() is
    'Trigger: a new directory row locks those that it belongs to before its own key does; FOR SHARE where sets are put, which it waits for';

create trigger app_user_lock_above
    before insert on pgtoken.app_user
    for each row when (new.service_of is not null)
    execute function pgtoken_internal.lock_above();
create trigger member_lock_above
    before insert on pgtoken.member
    for each row execute function pgtoken_internal.lock_above();
create trigger target_lock_above
    before insert on pgtoken.target
    for each row execute function pgtoken_internal.lock_above();
create trigger zone_lock_above
    before insert on pgtoken.zone
    for each row execute function pgtoken_internal.lock_above();

create trigger workspace_lock
    before delete on pgtoken.workspace
    for each row execute function pgtoken_internal.lock_below();
create trigger workspace_lock_live
    before update on pgtoken.workspace
    for each row when ((new.disabled_at is null) <> (old.disabled_at is null))
    execute function pgtoken_internal.lock_below();
create trigger app_user_lock
    before delete on pgtoken.app_user
    for each row execute function pgtoken_internal.lock_below();
create trigger app_user_lock_live
    before update on pgtoken.app_user
    for each row when ((new.disabled_at is null) <> (old.disabled_at is null))
    execute function pgtoken_internal.lock_below();
create trigger member_lock
    before delete on pgtoken.member
    for each row execute function pgtoken_internal.lock_below();
create trigger member_lock_live
    before update on pgtoken.member
    for each row when (new.scope <> old.scope)
    execute function pgtoken_internal.lock_below();
create trigger target_lock
    before delete on pgtoken.target
    for each row execute function pgtoken_internal.lock_below();
create trigger zone_lock
    before delete on pgtoken.zone
    for each row execute function pgtoken_internal.lock_below();

create function pgtoken_internal.restore_owner_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgtoken_internal.lock_tokens_of_members(new.workspace_id, array[new.user_id]);

    update pgtoken.token
    set owner_scope = new.scope
    where workspace_id = new.workspace_id
      and user_id = new.user_id
      and owner_scope is null
      and revoked_at is null;
    return null;
end
$$;
comment on function pgtoken_internal.restore_owner_scope() is
    'Trigger: a user who rejoins a workspace finds the tokens revived; one that a concurrent import hides stays suspended, never the reverse';

create trigger member_rejoin
    after insert on pgtoken.member
    for each row execute function pgtoken_internal.restore_owner_scope();

create function pgtoken_internal.end_grants_of_target()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pgtoken_internal.lock_grants_of_targets(old.workspace_id, array[old.target_id]);

    delete from pgtoken.token_target
    where target_id = old.target_id
      and workspace_id = old.workspace_id;
    return new;
end
$$;
comment on function pgtoken_internal.end_grants_of_target() is
    'Trigger: a target that moves to another workspace leaves its grants behind; one granted meanwhile makes the move fail (23503 or 40001)';

create trigger target_leave
    before update on pgtoken.target
    for each row when (new.workspace_id is distinct from old.workspace_id)
    execute function pgtoken_internal.end_grants_of_target();

-- Under logical replication (session_replication_role = replica) ordinary triggers and keys don't fire.
-- Those that take authority away, or tell of it, always do.

create function pgtoken_internal.arm_triggers()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    armed integer := 0;
    found_trigger record;
begin
    for found_trigger in
        select t.tgrelid::regclass as relation, t.tgname as name
        from pg_trigger as t
        join pg_class as c on c.oid = t.tgrelid
        join pg_proc as p on p.oid = t.tgfoid
        where c.relnamespace = 'pgtoken'::regnamespace
          and t.tgenabled <> 'A'
          -- what only refuses a mistake was refused where the change was made
          and (not t.tgisinternal or p.proname in (
                'RI_FKey_cascade_del', 'RI_FKey_cascade_upd', 'RI_FKey_setnull_del', 'RI_FKey_noaction_upd'))
          and t.tgname !~ '_(check|key)'
        order by t.tgrelid, t.tgname
    loop
        execute format('alter table %s enable always trigger %I', found_trigger.relation, found_trigger.name);
        armed := armed + 1;
    end loop;
    return armed;
end
$$;
comment on function pgtoken_internal.arm_triggers() is
    'Makes the keys and triggers that take authority away fire under session_replication_role = replica too; returns how many it changed. To be called after pg_restore --disable-triggers and after pg_upgrade, which forget it; superuser only';

select pgtoken_internal.arm_triggers();
