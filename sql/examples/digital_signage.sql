-- Digital signage: users manage tokens bound to a workspace; an agency's token is confined to playlists and zones.
--
-- Run it with psql, as a member of pgtoken_admin, in a database where pgtoken is installed:
--     psql -v ON_ERROR_STOP=1 -f sql/examples/digital_signage.sql

\set ON_ERROR_STOP on

-- 1. Who and what exists. The application calls put_… after each change; what stays keeps its tokens and grants.

insert into pgtoken.workspace (workspace_id, name)
values ('acme', 'Acme Stores');

insert into pgtoken.app_user (user_id, name, email)
values ('mia', 'Mia Chen', 'mia@acme.example'),
       ('leo', 'Leo Brandt', 'leo@acme.example');

select * from pgtoken.put_members('acme', '[
    {"user_id": "mia", "scope": "full", "manages_tokens": true},
    {"user_id": "leo", "scope": "write"}
]');

select * from pgtoken.put_targets('acme', '[
    {"target_id": "windows", "name": "Shop windows"},
    {"target_id": "lobby", "name": "Lobby wall"}
]');

select * from pgtoken.put_zones('windows', '[
    {"zone_id": "main", "name": "Main picture"},
    {"zone_id": "ticker", "name": "Ticker"}
]');

-- 2. Tokens of the old system, st_…, stored as SHA-256 in hexadecimal.

select name, scope, state
from pgtoken.import_token(
    digest       => sha256('st_example_of_an_old_player_token'),
    user_id      => 'leo',
    name         => 'Player in the lobby',
    start        => 'st_exam',
    scope        => 'read',
    workspace_id => 'acme'
);

-- 3. Leo issues for himself. as_user makes his authority the limit: read < write < full, and he has write.

select token as leo_token, id as leo_id
from pgtoken.issue_token('Leo''s script', scope => 'write', workspace_id => 'acme', as_user => 'leo')
\gset

select valid, code, scope
from pgtoken.verify_token(:'leo_token', scope => 'read', workspace_id => 'acme');

-- 4. An agency's token: off the ladder, confined to one zone of one playlist, and allowed to publish at once.

select token as agency_token, id as agency_id, grants
from pgtoken.issue_token(
    'Bright Agency', 'mia',
    scope        => 'agency',
    workspace_id => 'acme',
    grants       => '{"windows": ["ticker"]}',
    auto_publish => true,
    ttl          => '30 days',
    as_user      => 'mia'
)
\gset

-- The request names the playlist. One zone is granted, so the verdict says which; auto_publish comes from the token.

select valid, code, target, zone, auto_publish
from pgtoken.verify_token(:'agency_token', scope => 'agency', workspace_id => 'acme', target => 'windows');

-- Another playlist, another zone, an endpoint that asks for an ordinary scope, and one that asks for nothing: no.

select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'lobby');
select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows', zone => 'main');
select code from pgtoken.verify_token(:'agency_token', scope => 'read');
select code from pgtoken.verify_token(:'agency_token');

-- 5. Re-grant: everything is checked first, and replaced at once.

select pgtoken.grant_zones(:'agency_id', '{"windows": ["main", "ticker"], "lobby": true}', as_user => 'mia');

select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows');
select valid, zone from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows', zone => 'main');

-- 6. A zone that goes takes its grants along.

select * from pgtoken.put_zones('windows', '["ticker"]');

select grants from pgtoken.tokens where id = :'agency_id';

-- 7. Authority follows the owner: Leo is demoted, and so is his token, from the next statement on.

update pgtoken.member set scope = 'read' where workspace_id = 'acme' and user_id = 'leo';

select valid, code, scope from pgtoken.verify_token(:'leo_token');
select valid, code from pgtoken.verify_token(:'leo_token', scope => 'write');

-- 8. Mia manages the workspace's tokens: she sees Leo's and revokes it, and can do nothing else with it.

select name, user_name, scope, state from pgtoken.list_tokens(workspace_id => 'acme', as_user => 'mia');

select name, state, revoked_by
from pgtoken.revoke_token(:'leo_id', reason => 'left the shop', as_user => 'mia');

select code from pgtoken.verify_token(:'leo_token');
