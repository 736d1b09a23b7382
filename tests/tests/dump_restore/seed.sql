-- A database with a row of every kind. Prints one line for each token: its name, a bar, its secret.

\o /dev/null
create temporary table secret (name text primary key, token text not null);

-- Vocabulary: rungs above and below the shipped ones, and words off the ladder that lean on a rung of our own.
insert into pgtoken.scope (name, rank, description)
values ('editor', 12, 'A rung of our own'),
       ('owner', 40, 'Above all shipped rungs'),
       ('guest', 9, 'Above editor in the end');
insert into pgtoken.scope (name, confined, member_scope)
values ('contractor', true, 'editor'),
       ('courier', true, null),
       ('billing', false, 'owner'),
       ('support', false, null);
insert into pgtoken.permission (name, member_scope, description)
values ('upload', null, 'Given by an administrator'),
       ('publish', 'editor', 'Needs a rung of our own'),
       ('issue_view', 'read', E'Tabs\tand\nnewlines, "quotes" and \\ backslashes');

-- Directory
insert into pgtoken.workspace (workspace_id, name, disabled_at)
values ('acme', 'Acme', null),
       ('closed', 'Closed for now', null),
       ('zürich', E'Back\\slash and \t tab', null);
insert into pgtoken.app_user (user_id, name, email, service_of)
values ('robot', 'A service user', null, 'acme'),
       ('ada', 'Ada', 'ada@example.com', null),
       ('ben', 'Ben', null, null),
       ('eve', 'Eve, disabled', null, null),
       ('low', 'Low', null, null),
       ('gone', 'Left the workspace', null, null);
insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
values ('acme', 'ada', 'owner', true),
       ('acme', 'ben', 'editor', false),
       ('acme', 'eve', 'full', false),
       ('acme', 'low', 'write', false),
       ('acme', 'gone', 'full', false),
       ('acme', 'robot', 'write', false),
       ('closed', 'ada', 'full', false),
       ('zürich', 'ada', 'guest', true);
insert into pgtoken.target (target_id, workspace_id, name)
values ('windows', 'acme', 'Shop windows'),
       ('lobby', 'acme', null),
       ('yard', 'acme', 'The yard'),
       ('rathaus', 'zürich', null);
insert into pgtoken.zone (target_id, zone_id, name)
values ('windows', 'main', 'Main'),
       ('windows', 'ticker', null),
       ('lobby', 'left', null),
       ('lobby', 'right', null),
       ('yard', 'only', null);

-- Tokens
set pgtoken.actor = 'seed';
insert into secret select 'live', token from pgtoken.issue_token('live', 'ada', workspace_id => 'acme', scope => 'full');
insert into secret select 'without workspace', token from pgtoken.issue_token('without workspace', 'ben', scope => 'owner');
insert into secret
select 'permissions', token
from pgtoken.issue_token('permissions', 'ben', scope => null, workspace_id => 'acme', permissions => '{upload,publish,issue_view}');
insert into secret
select 'everything set', token
from pgtoken.issue_token(
    E'everything, "quoted" \\ ü', 'ada', 'editor', 'acme', '{upload}', ttl => '400 days',
    rate_limit => 5, rate_window => '90 seconds', allowed_addrs => '{10.0.0.0/8,2001:db8::/32}',
    metadata => '{"plan": "gold", "n": [1, null, "ü\\"]}', prefix => 'pv_live', request_id => 'request-1', actor => 'seed');
insert into secret
select 'asked by a user', token
from pgtoken.issue_token('asked by a user', 'ada', 'guest', 'zürich', request_id => 'request-1', as_user => 'ada');
insert into secret select 'service', token from pgtoken.issue_token('service', 'robot', 'write', 'acme', as_user => 'ada');
insert into secret select 'billing', token from pgtoken.issue_token('billing', 'ada', 'billing', 'acme');
insert into secret select 'support', token from pgtoken.issue_token('support', 'low', 'support', 'acme');
insert into secret select 'revoked', token from pgtoken.issue_token('revoked', 'ada', 'read', 'acme');
insert into secret select 'revoked of the disabled', token from pgtoken.issue_token('revoked of the disabled', 'eve', 'read', 'acme');
insert into secret select 'expired', token from pgtoken.issue_token('expired', 'ada', 'read', 'acme', expires_at => 'tomorrow');
insert into secret select 'disabled', token from pgtoken.issue_token('disabled', 'ada', 'read', 'acme');
insert into secret select 'disabled by its user', token from pgtoken.issue_token('disabled by its user', 'ben', 'read', 'acme');
insert into secret select 'owner disabled', token from pgtoken.issue_token('owner disabled', 'eve', 'full', 'acme');
insert into secret select 'workspace disabled', token from pgtoken.issue_token('workspace disabled', 'ada', 'full', 'closed');
insert into secret select 'not a member', token from pgtoken.issue_token('not a member', 'gone', 'full', 'acme');
insert into secret select 'demoted', token from pgtoken.issue_token('demoted', 'low', 'write', 'acme');
insert into secret select 'rotated', token from pgtoken.issue_token('rotated', 'ada', 'write', 'acme');
insert into secret select 'overlapping', token from pgtoken.issue_token('overlapping', 'ada', 'write', 'acme');
insert into secret select 'purged', token from pgtoken.issue_token('purged', 'ada', 'write', 'acme');

insert into secret
select 'zones', token
from pgtoken.issue_token('zones', 'ben', 'agency', 'acme', grants => '{"windows": ["main"], "lobby": ["right", "left"]}', auto_publish => true);
insert into secret
select 'whole', token
from pgtoken.issue_token('whole', 'ben', 'contractor', 'acme', grants => '{"windows": true, "yard": ["only"]}');
insert into secret
select 'last zone gone', token
from pgtoken.issue_token('last zone gone', 'ada', 'courier', 'acme', grants => '{"yard": ["only"]}');
insert into secret
select 'one zone gone', token
from pgtoken.issue_token('one zone gone', 'ada', 'agency', 'acme', grants => '{"yard": ["only"], "lobby": ["left"]}');
insert into secret
select 'owner too low for its kind', token
from pgtoken.issue_token('owner too low for its kind', 'low', 'agency', 'acme', grants => '{"lobby": true}');
insert into secret select 'abroad', token from pgtoken.issue_token('abroad', 'ada', 'courier', 'zürich', grants => '{"rathaus": true}');

insert into secret values ('imported', 'st_imported'), ('imported dead', 'st_dead'), ('imported above its owner', 'st_above');
select pgtoken.import_token(
    sha256('st_imported'), 'ben', 'imported', 'st_impo', 'read', 'acme', created_at => '2024-03-01 09:00+00',
    created_by => 'old system', last_used_at => '2024-04-01', use_count => 77, id => '00000000-0000-4000-8000-00000000000a');
select pgtoken.import_token(
    sha256('st_dead'), 'eve', 'imported dead', null, 'full', created_at => '2024-03-01', revoked_at => '2024-03-02', revoke_reason => 'old');
select pgtoken.import_token(sha256('st_above'), 'low', 'imported above its owner', null, 'owner', 'acme', created_at => '2024-03-01');

-- What happened to them. The successors' secrets are tokens too.
insert into secret
select 'rotated once', s.token from pgtoken.tokens as t, pgtoken.rotate_token(t.id) as s where t.name = 'rotated' and t.state = 'active';
insert into secret
select 'rotated twice', s.token from pgtoken.tokens as t, pgtoken.rotate_token(t.id) as s where t.name = 'rotated' and t.state = 'active';
insert into secret
select 'overlapping successor', s.token
from pgtoken.tokens as t, pgtoken.rotate_token(t.id, overlap => '300 days') as s where t.name = 'overlapping';
insert into secret select 'purged successor', s.token from pgtoken.tokens as t, pgtoken.rotate_token(t.id) as s where t.name = 'purged';
select pgtoken.revoke_token(id, 'no longer needed') from pgtoken.tokens where name in ('revoked', 'revoked of the disabled');
select pgtoken.update_token(id, enabled => false) from pgtoken.tokens where name = 'disabled';
select pgtoken.update_token(id, enabled => false, as_user => 'ben') from pgtoken.tokens where name = 'disabled by its user';
update pgtoken.token set expires_at = '2024-05-01' where name = 'expired';
update pgtoken.token set revoked_at = '2023-05-01' where name = 'purged' and revoked_at is not null;
select pgtoken.purge_tokens('2023-06-01');

delete from pgtoken.zone where target_id = 'yard';
delete from pgtoken.member where user_id = 'gone';
update pgtoken.member set scope = 'read' where user_id = 'low';
update pgtoken.app_user set disabled_at = '2024-07-01' where user_id = 'eve';
update pgtoken.workspace set disabled_at = '2024-07-01' where workspace_id = 'closed';

-- An unfavourable order on disk: what others refer to comes last, a chain of rotations backwards.
update pgtoken.scope set rank = 4, description = 'Moved' where name = 'editor';
update pgtoken.scope set description = 'Moved' where name = 'owner';
update pgtoken.workspace set name = name || '!' where workspace_id = 'acme';
update pgtoken.member set manages_tokens = not manages_tokens where user_id = 'robot';
update pgtoken.token set name = name where name = 'rotated' and revoked_at is not null;

insert into pgtoken.sign_in (id, kind, expires_at)
values ('01990000-0000-7000-8000-000000000001', 'link', '2024-01-01'),
       ('01990000-0000-7000-8000-000000000002', 'session', '2124-01-01');

-- Use, which the server writes by itself before long
select pgtoken.verify_token(token, client_addr => '10.1.2.3') from secret;
select pgtoken.verify_token('nothing of the kind');

-- A grant of the administrator's own, on a function that is granted to nobody
grant execute on function pgtoken.purge_events to pgtoken_auditor;

\o
select name, token from secret order by name;
