-- Authority follows the owner: what the keys of pgtoken.token don't do by themselves

create function pgtoken_internal.restore_owner_scope()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
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
