-- A random directory with tokens of every kind.

insert into pgtoken.scope (name, rank) values ('editor', 12), ('owner', 40);
insert into pgtoken.scope (name, confined, member_scope)
values ('contractor', true, 'editor'), ('courier', true, null), ('billing', false, 'owner'), ('support', false, null);
insert into pgtoken.permission (name, member_scope)
values ('upload', null), ('publish', 'editor'), ('issue_view', 'read');

insert into pgtoken.workspace (workspace_id, name)
select 'w' || i, repeat(E'Wörk\\"\t', i % 3) from generate_series(1, (select workspaces from size)) as i;
insert into pgtoken.app_user (user_id, name, email, service_of)
select 'u' || i, 'User ' || i, 'u' || i || '@example.com',
       case when random() < 0.05 then 'w' || 1 + floor(random() * (select workspaces from size)) end
from generate_series(1, (select users from size)) as i;
insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
select 'w' || w, 'u' || u, (array['read', 'write', 'full', 'editor', 'owner'])[1 + floor(random() * 5)], random() < 0.2
from generate_series(1, (select workspaces from size)) as w, generate_series(1, (select users from size)) as u
where random() < 0.6;
insert into pgtoken.target (target_id, workspace_id, name)
select 'w' || w || 't' || t, 'w' || w, 'Target ' || t from generate_series(1, (select workspaces from size)) as w, generate_series(1, 4) as t;
insert into pgtoken.zone (target_id, zone_id)
select t.target_id, 'z' || z from pgtoken.target as t, generate_series(1, 3) as z where random() < 0.7;

select pg_temp.issue_random('token ' || i) from generate_series(1, (select tokens from size)) as i;

-- Taken over from another system
insert into secret (name, token, workspace_id)
select 'imported ' || i, 'st_' || md5(random()::text) || md5(random()::text), 'w1'
from generate_series(1, (select 1 + tokens / 20 from size)) as i;
select pgtoken.import_token(
    sha256(s.token::bytea), u.user_id, s.name, left(s.token, 8), 'read', case when random() < 0.5 then s.workspace_id end,
    created_at => '2024-03-01', last_used_at => '2024-04-01', use_count => 7,
    revoked_at => case when random() < 0.2 then '2024-05-01'::timestamptz end)
from secret as s, lateral (
    select u.user_id from pgtoken.app_user as u where s.name is not null order by random() limit 1
) as u
where s.name like 'imported %';

-- Expired, which takes time
update pgtoken.token set expires_at = now() - interval '1 day' where name like 'token %' and random() < 0.04;
