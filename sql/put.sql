-- Keeping the directory in step: the set becomes what is given, by difference,
-- so that what stays keeps its grants and tokens

create function pgtoken_internal.parse_set(argument text, given jsonb, key_field text, fields text[])
returns setof jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    element jsonb;
    stray text;
begin
    if given is null or jsonb_typeof(given) <> 'array' then
        raise exception '%: must be a JSON array of objects with %', argument, array_to_string(fields, ', ')
            using errcode = 'invalid_parameter_value';
    end if;

    for element in select e from jsonb_array_elements(given) as e
    loop
        if jsonb_typeof(element) = 'string' then
            element := jsonb_build_object(key_field, element);
        elsif jsonb_typeof(element) <> 'object' then
            raise exception '%: % is not an object with %', argument, element, array_to_string(fields, ', ')
                using errcode = 'invalid_parameter_value';
        end if;

        select k into stray from jsonb_object_keys(element) as k where k <> all (fields) limit 1;
        if found then
            raise exception '%: unknown field "%"; the fields are %', argument, stray, array_to_string(fields, ', ')
                using errcode = 'invalid_parameter_value';
        end if;

        if jsonb_typeof(element -> key_field) is distinct from 'string'
           or not pgtoken_internal.is_key(element ->> key_field)
        then
            raise exception '%: % must be a text of 1 to 200 characters without control characters, not %',
                argument, key_field, coalesce(element -> key_field, 'null')
                using errcode = 'invalid_parameter_value';
        end if;

        if jsonb_typeof(element -> 'name') not in ('string', 'null') then
            raise exception '%: name must be a text, not %', argument, element -> 'name'
                using errcode = 'invalid_parameter_value';
        end if;

        return next element;
    end loop;

    select keys.key into stray
    from (
        select case jsonb_typeof(e) when 'string' then e #>> '{}' else e ->> key_field end as key
        from jsonb_array_elements(given) as e
    ) as keys
    group by keys.key
    having count(*) > 1
    order by keys.key collate "C"
    limit 1;
    if found then
        raise exception '%: % "%" is given twice', argument, key_field, stray
            using errcode = 'invalid_parameter_value';
    end if;
end
$$;
comment on function pgtoken_internal.parse_set(text, jsonb, text, text[]) is
    'The elements of a set to put, each an object with key_field; a text is short for an object with only that. Errors: 22023';

create function pgtoken_internal.lock_workspace(workspace_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from pgtoken.workspace as w
    where w.workspace_id = lock_workspace.workspace_id
    for no key update;

    if not found then
        raise exception 'workspace_id: there is no workspace "%"', workspace_id
            using errcode = 'invalid_parameter_value',
                  hint = 'insert into pgtoken.workspace (workspace_id, name) values (…)';
    end if;
end
$$;
comment on function pgtoken_internal.lock_workspace(text) is
    'Locks a workspace, so that two sets put at once take turns. Errors: 22023 unknown';

create function pgtoken_internal.check_members(members jsonb)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    wrong text;
begin
    select e ->> 'user_id' into wrong
    from jsonb_array_elements(members) as e
    where not exists (select from pgtoken.app_user as u where u.user_id = e ->> 'user_id')
    limit 1;
    if found then
        raise exception 'members: there is no user "%"', wrong
            using errcode = 'invalid_parameter_value',
                  hint = 'insert into pgtoken.app_user (user_id, name) values (…)';
    end if;

    select coalesce(e ->> 'scope', 'null') into wrong
    from jsonb_array_elements(members) as e
    where not exists (
        select from pgtoken.scope as s
        where s.rank is not null and to_jsonb(s.name) = e -> 'scope'
    )
    limit 1;
    if found then
        raise exception 'members: scope "%" is not a scope on the ladder', wrong
            using errcode = 'invalid_parameter_value',
                  hint = 'select name from pgtoken.scope where rank is not null order by rank';
    end if;

    select e ->> 'manages_tokens' into wrong
    from jsonb_array_elements(members) as e
    where jsonb_typeof(e -> 'manages_tokens') <> 'boolean'
    limit 1;
    if found then
        raise exception 'members: manages_tokens must be true or false, not "%"', wrong
            using errcode = 'invalid_parameter_value';
    end if;
end
$$;
comment on function pgtoken_internal.check_members(jsonb) is
    'Whether members to put name users that exist, rungs of the ladder, and true or false. Errors: 22023';

create function pgtoken.put_members(workspace_id text default null, members jsonb default null)
returns table (added integer, changed integer, removed integer)
language plpgsql
volatile
security definer
rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    given jsonb;
    joining text[];
    leaving_or_changing text[];
begin
    perform pgtoken_internal.lock_workspace(put_members.workspace_id);

    select coalesce(jsonb_agg(e), '[]') into given
    from pgtoken_internal.parse_set('members', put_members.members, 'user_id', '{user_id,scope,manages_tokens}') as e;
    perform pgtoken_internal.check_members(given);

    -- the one order of locks: users, members, tokens
    joining := array(
        select u.user_id
        from pgtoken.app_user as u
        join jsonb_array_elements(given) as e on u.user_id = e ->> 'user_id'
        where not exists (
            select from pgtoken.member as m
            where m.workspace_id = put_members.workspace_id and m.user_id = u.user_id
        )
        order by u.user_id
        for key share of u
    );
    leaving_or_changing := array(
        select m.user_id
        from pgtoken.member as m
        left join jsonb_array_elements(given) as e on e ->> 'user_id' = m.user_id
        where m.workspace_id = put_members.workspace_id
          and m.scope is distinct from e ->> 'scope'
        order by m.user_id
        for update of m
    );
    perform pgtoken_internal.lock_tokens_of_members(put_members.workspace_id, joining || leaving_or_changing);

    delete from pgtoken.member as m
    where m.workspace_id = put_members.workspace_id
      and m.user_id not in (select e ->> 'user_id' from jsonb_array_elements(given) as e);
    get diagnostics removed = row_count;

    update pgtoken.member as m
    set scope = e ->> 'scope',
        manages_tokens = coalesce((e -> 'manages_tokens')::boolean, false)
    from jsonb_array_elements(given) as e
    where m.workspace_id = put_members.workspace_id
      and m.user_id = e ->> 'user_id'
      and (m.scope, m.manages_tokens) <> (e ->> 'scope', coalesce((e -> 'manages_tokens')::boolean, false));
    get diagnostics changed = row_count;

    insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
    select put_members.workspace_id, e ->> 'user_id', e ->> 'scope', coalesce((e -> 'manages_tokens')::boolean, false)
    from jsonb_array_elements(given) as e
    where e ->> 'user_id' = any (joining)
    order by e ->> 'user_id'
    on conflict do nothing;
    get diagnostics added = row_count;

    return next;
end
$$;
comment on function pgtoken.put_members(text, jsonb) is
    'Makes the members of a workspace those given, by difference, and returns how many were added, changed and removed. members: [{"user_id": …, "scope": …, "manages_tokens": …}, …]; manages_tokens is false where absent. Errors: 22023 bad value, unknown workspace, user or scope; nothing is changed then';

create function pgtoken.put_targets(workspace_id text default null, targets jsonb default null)
returns table (added integer, changed integer, removed integer)
language plpgsql
volatile
security definer
rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    given jsonb;
    elsewhere record;
    leaving text[];
begin
    perform pgtoken_internal.lock_workspace(put_targets.workspace_id);

    select coalesce(jsonb_agg(e), '[]') into given
    from pgtoken_internal.parse_set('targets', put_targets.targets, 'target_id', '{target_id,name}') as e;

    select t.target_id, t.workspace_id into elsewhere
    from jsonb_array_elements(given) as e
    join pgtoken.target as t on t.target_id = e ->> 'target_id' and t.workspace_id <> put_targets.workspace_id
    limit 1;
    if found then
        raise exception 'targets: target "%" belongs to workspace "%"', elsewhere.target_id, elsewhere.workspace_id
            using errcode = 'invalid_parameter_value',
                  hint = 'moving a target ends its grants: update pgtoken.target set workspace_id = … where target_id = …';
    end if;

    leaving := array(
        select t.target_id
        from pgtoken.target as t
        where t.workspace_id = put_targets.workspace_id
          and t.target_id not in (select e ->> 'target_id' from jsonb_array_elements(given) as e)
        order by t.target_id
        for update
    );
    perform pgtoken_internal.lock_grants_of_targets(put_targets.workspace_id, leaving);

    delete from pgtoken.target as t
    where t.workspace_id = put_targets.workspace_id
      and t.target_id = any (leaving);
    get diagnostics removed = row_count;

    update pgtoken.target as t
    set name = e ->> 'name'
    from jsonb_array_elements(given) as e
    where t.target_id = e ->> 'target_id'
      and e ? 'name'
      and t.name is distinct from e ->> 'name';
    get diagnostics changed = row_count;

    insert into pgtoken.target (target_id, workspace_id, name)
    select e ->> 'target_id', put_targets.workspace_id, e ->> 'name'
    from jsonb_array_elements(given) as e
    where not exists (
        select from pgtoken.target as t
        where t.target_id = e ->> 'target_id' and t.workspace_id = put_targets.workspace_id
    )
    order by e ->> 'target_id';
    get diagnostics added = row_count;

    return next;
end
$$;
comment on function pgtoken.put_targets(text, jsonb) is
    'Makes the targets of a workspace those given, by difference, and returns how many were added, changed and removed. targets: [{"target_id": …, "name": …}, …] or ids; a name that is absent stays. Grants of what is removed go, all others stay. Errors: 22023 bad value, unknown workspace, target of another workspace; nothing is changed then';

create function pgtoken.put_zones(target_id text default null, zones jsonb default null)
returns table (added integer, changed integer, removed integer)
language plpgsql
volatile
security definer
rows 1
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    given jsonb;
    leaving text[];
begin
    perform from pgtoken.target as t
    where t.target_id = put_zones.target_id
    for no key update;
    if not found then
        raise exception 'target_id: there is no target "%"', put_zones.target_id
            using errcode = 'invalid_parameter_value',
                  hint = 'insert into pgtoken.target (target_id, workspace_id, name) values (…)';
    end if;

    select coalesce(jsonb_agg(e), '[]') into given
    from pgtoken_internal.parse_set('zones', put_zones.zones, 'zone_id', '{zone_id,name}') as e;

    leaving := array(
        select z.zone_id
        from pgtoken.zone as z
        where z.target_id = put_zones.target_id
          and z.zone_id not in (select e ->> 'zone_id' from jsonb_array_elements(given) as e)
        order by z.zone_id
        for update
    );
    perform pgtoken_internal.lock_grants_of_zones(put_zones.target_id, leaving);

    delete from pgtoken.zone as z
    where z.target_id = put_zones.target_id
      and z.zone_id = any (leaving);
    get diagnostics removed = row_count;

    update pgtoken.zone as z
    set name = e ->> 'name'
    from jsonb_array_elements(given) as e
    where z.target_id = put_zones.target_id
      and z.zone_id = e ->> 'zone_id'
      and e ? 'name'
      and z.name is distinct from e ->> 'name';
    get diagnostics changed = row_count;

    insert into pgtoken.zone (target_id, zone_id, name)
    select put_zones.target_id, e ->> 'zone_id', e ->> 'name'
    from jsonb_array_elements(given) as e
    order by e ->> 'zone_id'
    on conflict do nothing;
    get diagnostics added = row_count;

    return next;
end
$$;
comment on function pgtoken.put_zones(text, jsonb) is
    'Makes the zones of a target those given, by difference, and returns how many were added, changed and removed. zones: [{"zone_id": …, "name": …}, …] or ids; a name that is absent stays. Grants of what is removed go, all others stay. Errors: 22023 bad value, unknown target; nothing is changed then';
