-- What happens to tokens and their owners over time, at random.
-- The secrets of successors and new tokens are added to those that are there.

set pgtoken.actor = 'time';
create temporary table fate as
select t.id, t.name, random() as dice, t.user_id, t.workspace_id, t.grants
from pgtoken.tokens as t where t.state = 'active' order by t.name;

select pg_temp.rotate(name, id, case when dice < 0.05 then '40 days' else '0' end::interval) from fate where dice < 0.1;
select pgtoken.revoke_token(id, 'laptop lost') from fate where dice between 0.1 and 0.2;
select pgtoken.revoke_tokens(user_id => (select min(user_id) from fate), reason => 'left the company');
select pg_temp.attempt(c.call, f.id)
from fate as f
join (
    values
        (0.2, 0.25, 'pgtoken.update_token($1, enabled => false)'),
        (0.25, 0.27, 'pgtoken.update_token($1, enabled => false, as_user => t.user_id) from pgtoken.token as t where t.id = $1'),
        (0.26, 0.28, 'pgtoken.update_token($1, enabled => true)'),
        (0.28, 0.34, 'pgtoken.update_token($1, expires_at => now() + interval ''1 hour'' * (1 + random() * 100))'),
        (0.34, 0.38, 'pgtoken.update_token($1, rate_limit => 3, rate_window => ''2 min'', metadata => ''{"changed": true}'')'),
        (0.37, 0.40, 'pgtoken.update_token($1, rate_limit => 0, expires_at => ''infinity'')'),
        (0.40, 0.44, 'pgtoken.update_token($1, allowed_addrs => ''{192.168.0.0/16}'')')
) as c (low, high, call) on f.dice between c.low and c.high;
select pg_temp.attempt('pgtoken.update_token($1, enabled => true)', t.id)
from pgtoken.tokens as t where t.state = 'disabled' and random() < 0.1;
select pg_temp.attempt(format('pgtoken.grant_zones($1, %L)', jsonb_build_object(t.target_id, true)), f.id)
from fate as f
cross join lateral (select min(t.target_id) as target_id from pgtoken.target as t where t.workspace_id = f.workspace_id) as t
where f.grants <> '{}' and f.dice between 0.5 and 0.95 and t.target_id is not null;

-- The directory moves on, and takes authority along.
delete from pgtoken.zone where random() < 0.15;
delete from pgtoken.target where random() < 0.08;
update pgtoken.member set scope = (array['read', 'write', 'full'])[1 + floor(random() * 3)] where random() < 0.2;
delete from pgtoken.member where random() < 0.08;
update pgtoken.app_user set disabled_at = now()
where random() < 0.05
   or (user_id = 'u3' and not exists (select from pgtoken.app_user where not enabled));
update pgtoken.workspace set disabled_at = now()
where (workspace_id <> 'w1' and random() < 0.05)
   or (workspace_id = 'w2' and not exists (select from pgtoken.workspace where not enabled));
delete from pgtoken.app_user where user_id in (select user_id from pgtoken.app_user order by random() limit 1);
delete from pgtoken.token where id in (select id from fate where dice between 0.46 and 0.48);

select pg_temp.issue_random('new ' || :'seed' || ' ' || i) from generate_series(1, (select tokens / 10 from size)) as i;
