-- After a backup was restored: does again to the restored tokens what was done to them since the backup.
--
--   cat events-*.copy | psql -X -d acme_restored -f sql/runbooks/reapply_events.sql
--
-- The input is what the log of the lost database said, exported as README shows ("After a restore").
-- First bring the directory up to date: users, workspaces, members, targets and zones are the application's to say.
--
-- An event is done again if the restored log lacks it, and then added to that log. So a second run does nothing,
-- what people do on the restored database later stays done, and exports may overlap.
-- Run it as a superuser, before anybody verifies.

\set ON_ERROR_STOP on
\pset null ''
begin;

set local search_path = pg_catalog, pg_temp;
set local pgtoken.actor = 'restored backup';
-- what was allowed then
set local pgtoken.max_ttl = '';

create temporary table exported (event jsonb not null) on commit drop;
\copy exported from pstdin

-- Nobody else writes to the log meanwhile: a second run at the same time would do everything twice.
lock table pgtoken.event in share row exclusive mode;

create temporary table missing on commit drop as
with told as (
    select distinct on (e.id) e.*
    from exported as x
    cross join lateral jsonb_populate_record(null::pgtoken.event, x.event) as e
    order by e.id
)
select t.*
from told as t
where not exists (select from pgtoken.event as known where known.id = t.id)
  -- What is older than all that both logs have was purged here, and was in force when the backup was made.
  -- An hour for what was not committed yet.
  and t.at >= coalesce((select min(known.at) from pgtoken.event as known join told using (id)), '-infinity') - interval '1 hour'
order by t.id;

-- What a token had set last
create temporary table changed on commit drop as
select distinct on (m.token_id, c.key) m.token_id, c.key, c.value
from missing as m
cross join lateral jsonb_each_text(m.detail) as c
where m.kind = 'updated'
   or (m.kind = 'rotated' and c.key = 'expires_at')
order by m.token_id, c.key, m.id desc;

-- Ended: revoked, replaced without overlap, deleted, or expired by now

create temporary table ended on commit drop as
select distinct on (e.token_id) e.token_id, left('since the backup: ' || e.reason, 200) as reason
from (
    select m.token_id, m.id, coalesce(m.detail ->> 'reason', m.kind) as reason
    from missing as m
    where m.kind in ('revoked', 'deleted')
    union all
    select m.token_id, m.id, 'superseded'
    from missing as m
    where m.kind = 'rotated' and m.detail ->> 'overlap' = 'none'
    union all
    select c.token_id, null, 'expired'
    from changed as c
    where c.key = 'expires_at'
      and c.value <> 'never'
      -- what ends within the minute is not worth a race with the clock
      and c.value::timestamptz < clock_timestamp() + interval '1 minute'
) as e
order by e.token_id, e.id;

create temporary table revoked on commit drop as
select r.id
from (select e.reason, array_agg(e.token_id) as ids from ended as e group by e.reason) as e
cross join lateral pgtoken.revoke_tokens(ids => e.ids, reason => e.reason) as r (id);

-- Changed: expiry, rate, networks, name, switched off or on

create temporary table updated on commit drop as
select u.id
from (
    select c.token_id as id,
           max(c.value) filter (where c.key = 'name') as name,
           max(c.value) filter (where c.key = 'expires_at') as expires_at,
           max(c.value) filter (where c.key = 'enabled') as enabled,
           max(c.value) filter (where c.key = 'rate_limit') as rate_limit,
           max(c.value) filter (where c.key = 'rate_window_seconds') as seconds,
           max(c.value) filter (where c.key = 'allowed_addrs') as allowed_addrs
    from changed as c
    join pgtoken.tokens as t on t.id = c.token_id and t.state not in ('revoked', 'expired')
    group by c.token_id
) as c
cross join lateral pgtoken.update_token(
    c.id,
    name => c.name,
    expires_at => case c.expires_at when 'never' then 'infinity' else c.expires_at::timestamptz end,
    enabled => c.enabled::boolean,
    rate_limit => c.rate_limit::integer,
    rate_window => case when c.rate_limit <> '0' then make_interval(secs => c.seconds::integer) end,
    allowed_addrs => c.allowed_addrs::cidr[]
) as u;

-- Granted: the grants that were in force last, of what the directory still has.
-- A token that is left with none is switched off: there is no other way to take away everything.

create function pg_temp.grants_after(present jsonb, token_id uuid)
returns jsonb
language plpgsql
as $$
declare
    grants jsonb := present;
    event record;
    lost jsonb;
begin
    for event in
        select m.kind, m.detail
        from pg_temp.missing as m
        where m.token_id = grants_after.token_id and m.kind in ('grants_replaced', 'grants_lost')
        order by m.id
    loop
        if event.kind = 'grants_replaced' then
            grants := event.detail -> 'after';
            continue;
        end if;
        for lost in select l from jsonb_array_elements(event.detail -> 'lost') as l
        loop
            if not lost ? 'zone_id' or (grants -> (lost ->> 'target_id')) = jsonb_build_array(lost -> 'zone_id') then
                grants := grants - (lost ->> 'target_id');
            elsif jsonb_typeof(grants -> (lost ->> 'target_id')) = 'array' then
                grants := jsonb_set(
                    grants, array[lost ->> 'target_id'], (grants -> (lost ->> 'target_id')) - (lost ->> 'zone_id'));
            end if;
        end loop;
    end loop;
    return grants;
end
$$;

create temporary table granted on commit drop as
select t.id, t.grants as present, coalesce(g.grants, '{}') as grants
from pgtoken.tokens as t
cross join lateral (
    select jsonb_object_agg(after.key, zones.granted) as grants
    from jsonb_each(pg_temp.grants_after(t.grants, t.id)) as after
    join pgtoken.target as target on target.target_id = after.key and target.workspace_id = t.workspace_id
    cross join lateral (
        select case
            when after.value = 'true' then after.value
            else (
                select jsonb_agg(z.zone_id order by z.zone_id)
                from pgtoken.zone as z
                where z.target_id = after.key and after.value ? z.zone_id
            )
        end as granted
    ) as zones
    where zones.granted is not null
) as g
where t.state not in ('revoked', 'expired')
  and t.id in (select m.token_id from missing as m where m.kind in ('grants_replaced', 'grants_lost'));

create temporary table regranted on commit drop as
select g.id, pgtoken.grant_zones(g.id, g.grants) as grants
from granted as g
where g.grants <> g.present and g.grants <> '{}';

create temporary table emptied on commit drop as
select u.id
from granted as g
cross join lateral pgtoken.update_token(g.id, enabled => false) as u
where g.grants <> g.present and g.grants = '{}';

insert into pgtoken.event select m.* from missing as m;

\echo What was done again to tokens:
select (select count(*) from missing) as events,
       (select count(*) from revoked) as revoked,
       (select count(*) from updated) as updated,
       (select count(*) from regranted) as regranted,
       (select count(*) from emptied) as switched_off;

\echo Tokens that the backup does not have; nobody can bring them back, so issue them anew:
select m.token_name, m.user_id, m.workspace_id, m.at as issued_at, m.actor, m.token_id
from missing as m
where m.kind in ('issued', 'imported')
  and not exists (select from pgtoken.token as t where t.id = m.token_id)
  and m.token_id not in (select e.token_id from ended as e)
order by m.at;

\echo Tokens whose metadata were changed since the backup; the log does not say to what:
select t.id, t.name, t.user_id, t.workspace_id
from pgtoken.tokens as t
where t.id in (select c.token_id from changed as c where c.key = 'metadata')
  and t.state not in ('revoked', 'expired')
order by t.id;

commit;
