-- What a session that changes the directory at random begins with. Expects the psql variables seed, users, workspaces
-- and tokens. The temporary table secret holds the name of each token, its text, and what to ask it for.

\o /dev/null
select setseed(:seed);
set pgtoken.actor = 'generator';
create temporary table secret (name text primary key, token text not null, workspace_id text, target_id text, zone_id text);
create temporary table size as select :users as users, :workspaces as workspaces, :tokens as tokens;

create function pg_temp.issue_random(name text) returns void language plpgsql as $$
declare
    place record;
    word text := (array['read', 'write', 'full', 'editor', 'owner', 'agency', 'contractor', 'courier', 'billing', 'support', null])
        [1 + floor(random() * 11)];
    target pgtoken.target;
    zones jsonb;
    text text;
begin
    select m.* into place from pgtoken.member as m order by random() limit 1;
    select t.* into target from pgtoken.target as t where t.workspace_id = place.workspace_id order by random() limit 1;
    select jsonb_agg(z.zone_id) into zones from pgtoken.zone as z where z.target_id = target.target_id and random() < 0.7;
    select i.token into strict text
    from pgtoken.issue_token(
        issue_random.name, place.user_id, word,
        case when word in ('read', 'write', 'full') and random() < 0.2 then null else place.workspace_id end,
        permissions => case floor(random() * 4)
            when 0 then '{upload}' when 1 then '{issue_view}' when 2 then '{upload,publish}' else '{}' end::text[],
        grants => case when word in ('agency', 'contractor', 'courier')
            then jsonb_build_object(target.target_id, case when zones is null or random() < 0.3 then 'true' else zones end)
                || case when place.workspace_id = 'w1' then '{"w1t1": true}' else '{}' end::jsonb
            else '{}' end,
        auto_publish => word in ('agency', 'contractor', 'courier') and random() < 0.3,
        ttl => case when random() < 0.3 then '1 day'::interval * (1 + floor(random() * 900)) end,
        rate_limit => case when random() < 0.2 then 5 + floor(random() * 50)::integer end,
        allowed_addrs => case when random() < 0.1 then '{10.0.0.0/8,2001:db8::/32}' else '{}' end::cidr[],
        metadata => case when random() < 0.3 then jsonb_build_object('n', random(), 'ü"\', 'x') else '{}' end,
        request_id => case when random() < 0.2 then 'request ' || issue_random.name end
    ) as i;
    insert into secret values (
        issue_random.name, text, place.workspace_id, target.target_id, (select min(z) from jsonb_array_elements_text(zones) as z));
exception
    -- beyond what its owner may have: the next one is another
    when invalid_parameter_value or insufficient_privilege then null;
end
$$;

-- Whatever the state of the token allows
create function pg_temp.attempt(call text, id uuid) returns void language plpgsql as $$
begin
    execute 'select ' || call using id;
exception
    when invalid_parameter_value or insufficient_privilege or object_not_in_prerequisite_state then null;
end
$$;

create function pg_temp.rotate(name text, id uuid, overlap interval) returns void language plpgsql as $$
declare
    successor record;
    new_name text;
begin
    select r.token, r.id into successor from pgtoken.rotate_token(rotate.id, rotate.overlap) as r;
    -- One that lives on beside its successor may be rotated again.
    new_name := rotate.name || '+' || right(successor.id::text, 4);
    insert into secret
    select new_name, successor.token, s.workspace_id, s.target_id, s.zone_id from secret as s where s.name = rotate.name;
    -- called as it is called here
    update pgtoken.token as t set name = new_name where t.id = successor.id;
exception
    when insufficient_privilege or object_not_in_prerequisite_state then null;
end
$$;
