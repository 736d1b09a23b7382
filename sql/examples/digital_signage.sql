-- Digital signage: users manage tokens bound to a workspace; an agency's token is confined to playlists and zones.
--
-- Run it with psql, as a member of pgtoken_admin, in a database where pgtoken is installed:
--     psql -X -f sql/examples/digital_signage.sql
-- Run it once. A second run stops at its first statement, because the workspace is there, and changes nothing.
-- To start over: delete from pgtoken.workspace where workspace_id = 'acme', and from pgtoken.app_user the users
-- mia, leo and zoe; their tokens go with them.

\set ON_ERROR_STOP on

-- 1. Who and what exists. The application calls put_… after each change: the set becomes what is given, by difference,
--    so that what stays keeps its tokens and grants. Playlists are targets.

insert into pgtoken.workspace (workspace_id, name)
values ('acme', 'Acme Stores');

insert into pgtoken.app_user (user_id, name, email)
values ('mia', 'Mia Chen', 'mia@acme.example'),
       ('leo', 'Leo Brandt', 'leo@acme.example'),
       ('zoe', 'Zoe Abara', 'zoe@acme.example');

select * from pgtoken.put_members('acme', '[
    {"user_id": "mia", "scope": "full", "manages_tokens": true},
    {"user_id": "leo", "scope": "write"},
    {"user_id": "zoe", "scope": "read"}
]');

select * from pgtoken.put_targets('acme', '[
    {"target_id": "windows", "name": "Shop windows"},
    {"target_id": "lobby", "name": "Lobby wall"},
    {"target_id": "counter", "name": "Counter"}
]');

select * from pgtoken.put_zones('windows', '[
    {"zone_id": "main", "name": "Main picture"},
    {"zone_id": "ticker", "name": "Ticker"}
]');

select * from pgtoken.put_zones('counter', '[
    {"zone_id": "menu", "name": "Menu"}
]');

-- 2. Tokens of the old system, st_…, stored as SHA-256 in hexadecimal. This is that of
--    st_example_of_an_old_player_token, whose holder goes on using it.

select name, scope, state
from pgtoken.import_token(
    digest       => decode('fb3139d28b91ba9adbb8d98a4259036126ad14aaaef17c2e81a65f5865ee4291', 'hex'),
    user_id      => 'leo',
    name         => 'Player in the lobby',
    start        => 'st_exam',
    scope        => 'read',
    workspace_id => 'acme'
);

select valid, code, user_id, workspace_id, scope
from pgtoken.verify_token('st_example_of_an_old_player_token', scope => 'read', workspace_id => 'acme');

-- 3. Leo issues for himself, in the workspace that is active in his session. as_user makes his authority the limit:
--    read < write < full, and he has write.

select token as leo_token, id as leo_id
from pgtoken.issue_token('Leo''s script', scope => 'write', workspace_id => 'acme', user_id => 'leo', as_user => 'leo')
\gset

select valid, code, scope
from pgtoken.verify_token(:'leo_token', scope => 'read', workspace_id => 'acme');

select valid, code
from pgtoken.verify_token(:'leo_token', scope => 'full', workspace_id => 'acme');

-- More than he has is refused. What a refused statement says, as a row, so that this script goes on:

create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $$
begin
    execute statement;
    return 'not refused';
exception
    when others then return sqlstate || ' ' || sqlerrm;
end
$$;

select pg_temp.refusal($$
    select pgtoken.issue_token('Too much', 'leo', 'full', 'acme', as_user => 'leo')
$$);

-- 4. An agency's token: off the ladder, confined to a list of playlists, here to one zone of one. It may publish at
--    once, if the request says so by the literal true: "yes", 1 and nothing at all are no.

\set request '{"name": "Bright Agency", "grants": {"windows": ["ticker"]}, "auto_publish": true}'

select token as agency_token, id as agency_id
from pgtoken.issue_token(
    name         => :'request'::jsonb ->> 'name',
    user_id      => 'mia',
    scope        => 'agency',
    workspace_id => 'acme',
    grants       => :'request'::jsonb -> 'grants',
    auto_publish => :'request'::jsonb -> 'auto_publish' is not distinct from 'true',
    ttl          => '30 days',
    as_user      => 'mia'
)
\gset

select given, given is not distinct from 'true' as auto_publish
from unnest('{true,false,"\"true\"","\"yes\"",1,null}'::jsonb[]) as given;

-- The list is not empty, its playlists and zones exist in the workspace, and only a confined token may publish at once.

select pg_temp.refusal($$
    select pgtoken.issue_token('Nowhere', 'mia', 'agency', 'acme', grants => '{}', as_user => 'mia')
$$);

select pg_temp.refusal($$
    select pgtoken.issue_token('No zone', 'mia', 'agency', 'acme', grants => '{"windows": []}', as_user => 'mia')
$$);

select pg_temp.refusal($$
    select pgtoken.issue_token('Elsewhere', 'mia', 'agency', 'acme', grants => '{"garage": true}', as_user => 'mia')
$$);

select pg_temp.refusal($$
    select pgtoken.issue_token('At once', 'leo', 'write', 'acme', auto_publish => true, as_user => 'leo')
$$);

-- 5. The request names the playlist. One zone is granted, so the verdict says which; auto_publish comes from the token
--    and never from a request.

select valid, code, target, zone, auto_publish
from pgtoken.verify_token(:'agency_token', scope => 'agency', workspace_id => 'acme', target => 'windows');

-- Another playlist, another zone, an endpoint that asks for an ordinary scope, and one that asks for nothing: no.

select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'lobby');
select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows', zone => 'main');
select code from pgtoken.verify_token(:'agency_token', scope => 'read');
select code from pgtoken.verify_token(:'agency_token');

-- 6. Re-grant: everything is checked before anything is written, and replaced at once.

select pgtoken.grant_zones(:'agency_id', '{"windows": ["main", "ticker"], "lobby": true}', as_user => 'mia');

select code from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows');
select valid, zone from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'windows', zone => 'main');
select valid, zone from pgtoken.verify_token(:'agency_token', scope => 'agency', target => 'lobby');

-- One wrong zone, and all stays as it was.

select pg_temp.refusal(format(
    $$select pgtoken.grant_zones(%L, '{"counter": true, "windows": ["main", "side"]}', as_user => 'mia')$$,
    :'agency_id'
));

select grants from pgtoken.tokens where id = :'agency_id';

-- 7. A zone that goes takes its grants along, and so does a playlist. A token that loses its last zone of a playlist
--    never gets the whole of it instead.

select token as menu_token, id as menu_id
from pgtoken.issue_token('Menu writers', 'mia', 'agency', 'acme', grants => '{"counter": ["menu"]}', as_user => 'mia')
\gset

select * from pgtoken.put_zones('windows', '["ticker"]');
select * from pgtoken.put_targets('acme', '["windows", "counter"]');
select * from pgtoken.put_zones('counter', '["prices"]');

select name, grants, state
from pgtoken.tokens
where id in (:'agency_id', :'menu_id')
order by name;

select code from pgtoken.verify_token(:'menu_token', scope => 'agency', target => 'counter');
select code from pgtoken.verify_token(:'menu_token', scope => 'agency', target => 'counter', zone => 'prices');

-- 8. Authority follows the owner: Leo is demoted, and so is his token, from the next statement on.

update pgtoken.member set scope = 'read' where workspace_id = 'acme' and user_id = 'leo';

select valid, code, scope from pgtoken.verify_token(:'leo_token');
select valid, code from pgtoken.verify_token(:'leo_token', scope => 'write');

-- 9. Mia manages the workspace's tokens: she sees Leo's and revokes it, and can do nothing else with it.

select name, user_name, scope, state
from pgtoken.list_tokens(workspace_id => 'acme', sort => 'name asc', as_user => 'mia');

select name, state, revoked_by
from pgtoken.revoke_token(:'leo_id', reason => 'left the shop', as_user => 'mia');

select code from pgtoken.verify_token(:'leo_token');

-- Zoe manages nothing: to her, a token of another is not there.

select pg_temp.refusal(format($$select pgtoken.revoke_token(%L, as_user => 'zoe')$$, :'agency_id'));

-- 10. An API token never manages tokens, whatever its scope. In SQL this holds because no function takes one as a
--     credential: who may manage is decided by the role of the connection, and as_user names a person who has signed in
--     to the application. So take as_user from the session, and never from the user_id of a verdict.
--     All that a token's text can do beyond being verified and looked at is end that very token:

select name, state, revoke_reason
from pgtoken.revoke_secret(:'menu_token', reason => 'found in a public repository');

drop function pg_temp.refusal;
