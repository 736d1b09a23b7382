-- A directory with names, a vocabulary, tokens of every state, and a month of use.

insert into pgtoken.workspace (workspace_id, name) values ('north', 'North Studio'), ('harbour', 'Harbour Cinema');
insert into pgtoken.app_user (user_id, name, email, service_of)
values ('ada', 'Ada Lindqvist', 'ada@north.example', null), ('paul', 'Paul Okafor', 'paul@north.example', null),
       ('noor', 'Noor Haddad', 'noor@harbour.example', null), ('ci', 'Build server', null, 'north');
insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
values ('north', 'ada', 'full', true), ('north', 'paul', 'write', false), ('north', 'ci', 'write', false),
       ('harbour', 'noor', 'full', true), ('harbour', 'ada', 'read', false);
insert into pgtoken.target (target_id, workspace_id, name)
values ('lobby-screens', 'north', 'Lobby'), ('window-wall', 'north', 'Window wall'), ('canteen', 'north', 'Canteen'),
       ('foyer', 'harbour', 'Foyer');
insert into pgtoken.zone (target_id, zone_id, name)
values ('lobby-screens', 'main', 'Main'), ('lobby-screens', 'ticker', 'Ticker'), ('window-wall', 'left', 'Left'),
       ('window-wall', 'right', 'Right'), ('foyer', 'main', 'Main');
insert into pgtoken.permission (name, member_scope, description)
values ('issue_view', 'read', 'See issues'), ('reports', 'write', 'Read reports');

delete from pgtoken.scope where name in ('break_glass', 'review', 'vault');

set pgtoken.actor = 'zoe';
select from pgtoken.issue_token('Nightly import', 'ci', 'write', 'north', permissions => '{upload, reports}', ttl => '90 days', prefix => 'pv_live', allowed_addrs => '{203.0.113.0/24}');
select from pgtoken.issue_token('Paul''s laptop', 'paul', 'write', 'north', ttl => '9 days', prefix => 'st');
select from pgtoken.issue_token('Phone', 'paul', 'read', 'north', prefix => 'st');
select from pgtoken.issue_token('Reporting dashboard', 'ada', 'read', 'north', permissions => '{reports, issue_view, publish}', ttl => '365 days');
select from pgtoken.issue_token('Deploy hook', 'ci', 'write', 'north', ttl => '30 days', rate_limit => 60);
select from pgtoken.issue_token('Foyer player', 'noor', 'read', 'harbour', ttl => '3 days');
select from pgtoken.issue_token('Upload kiosk', 'noor', null, null, permissions => '{upload}', prefix => 'pv_live');
select from pgtoken.issue_token('Old mobile app', 'ada', 'full', 'north');
select from pgtoken.issue_token('Trial of the new player', 'ada', 'read', 'harbour', ttl => '7 days');
select from pgtoken.issue_token('Agency Blau, spring campaign', 'ada', 'agency', 'north', grants => '{"window-wall": true}', auto_publish => true, ttl => '60 days', prefix => 'st');
select from pgtoken.issue_token('Lobby player, Berlin', 'ada', 'agency', 'north', grants => '{"lobby-screens": ["main", "ticker"], "canteen": true}',
    ttl => '90 days', prefix => 'st', rate_limit => 600, rate_window => '1 hour', allowed_addrs => '{203.0.113.0/24,2001:db8::/32}', metadata => '{"ticket": "OPS-212", "device": "player-07"}');
select from pgtoken.revoke_token((select id from pgtoken.token where name = 'Old mobile app'), 'found in a public repository');
select from pgtoken.update_token((select id from pgtoken.token where name = 'Trial of the new player'), enabled => false);

update pgtoken.token set created_at = created_at - interval '40 days' * random() - interval '2 hours' where name <> 'Lobby player, Berlin';
insert into pgtoken.token_use (token_id, last_used_at, last_used_addr, use_count)
select id, now() - interval '90 seconds' - interval '30 hours' * random() ^ 4, '203.0.113.7', (random() * 90000)::int
from pgtoken.token where name not in ('Foyer player', 'Trial of the new player');
insert into pgtoken.token_usage (token_id, bucket, allowed, denied)
select t.id, date_trunc('hour', now()) - h * interval '1 hour',
       (40 + 35 * sin(h / 24.0 * 2 * pi()) + random() * 25)::int, (random() ^ 6 * 14)::int
from pgtoken.token as t cross join generate_series(0, 720) as h
where t.name = 'Lobby player, Berlin';
insert into pgtoken.verdict_usage (bucket, code, count)
select date_trunc('hour', now()) - h * interval '1 hour', c.code, greatest(0, (c.size * (1 + 0.6 * sin(h / 24.0 * 2 * pi()) + random() * 0.4))::int)
from generate_series(0, 720) as h
cross join (values ('valid', 4200), ('expired', 160), ('not_found', 90), ('insufficient_scope', 60), ('revoked', 32), ('rate_limited', 20), ('malformed', 12)) as c (code, size);
