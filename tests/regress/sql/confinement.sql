-- A confined token acts on the targets and zones granted to it, and on nothing else.
\set SHOW_CONTEXT never
insert into pgtoken.workspace (workspace_id) values ('con-acme'), ('con-bolt');
insert into pgtoken.app_user (user_id) values ('con-ada');
insert into pgtoken.member (workspace_id, user_id, scope) values ('con-acme', 'con-ada', 'full');
insert into pgtoken.target (target_id, workspace_id) values ('windows', 'con-acme'), ('lobby', 'con-acme'), ('yard', 'con-bolt');
insert into pgtoken.zone (target_id, zone_id) values ('windows', 'main'), ('windows', 'ticker'), ('windows', 'logo'), ('lobby', 'left');

select token, id
from pgtoken.issue_token('Agency', 'con-ada', 'agency', 'con-acme', grants => '{"windows": ["ticker", "ticker"]}', auto_publish => true) \gset

-- One granted zone is returned; auto_publish comes from the token.
select valid, code, scope, target, zone, auto_publish from pgtoken.verify_token(:'token', 'agency', target => 'windows');
select valid, code, zone from pgtoken.verify_token(:'token', target => 'windows', zone => 'ticker');

-- Everything else is not granted, and whoever asks nothing does not let it in by accident.
select code from pgtoken.verify_token(:'token', target => 'windows', zone => 'main');
select code from pgtoken.verify_token(:'token', target => 'windows', zone => '');
select code from pgtoken.verify_token(:'token', target => 'lobby');
select code from pgtoken.verify_token(:'token', target => '');
select code from pgtoken.verify_token(:'token', 'agency', zone => 'ticker');
select code from pgtoken.verify_token(:'token', 'read', target => 'windows');
select code from pgtoken.verify_token(:'token');

-- Grants are replaced at once, and checked before: an empty list never means everything.
select pgtoken.grant_zones(:'id', '{"windows": ["main", "ticker"], "lobby": true}');
select code from pgtoken.verify_token(:'token', target => 'windows');
select code, zone from pgtoken.verify_token(:'token', target => 'lobby', zone => 'left');
select code, zone from pgtoken.verify_token(:'token', target => 'lobby');
select pgtoken.grant_zones(:'id', '{}');
select pgtoken.grant_zones(:'id', '{"windows": []}');
select pgtoken.grant_zones(:'id', '{"windows": false}');
select pgtoken.grant_zones(:'id', '{"lobby": true, "yard": true}');
select pgtoken.grant_zones(:'id', '{"lobby": true, "windows": ["attic"]}');
select target_id, zone_id, whole from pgtoken.token_grant where token_id = :'id' order by target_id, zone_id;

-- A zone that goes takes its grant along, and the last one does not leave the whole target behind.
delete from pgtoken.target where target_id = 'lobby';
delete from pgtoken.zone where zone_id in ('main', 'ticker');
select state, grants from pgtoken.tokens where id = :'id';
select code from pgtoken.verify_token(:'token', 'agency', target => 'windows');
select code from pgtoken.verify_token(:'token', 'agency', target => 'windows', zone => 'logo');
select code from pgtoken.verify_token(:'token', 'agency');

-- A target that moves to another workspace leaves its grants behind.
select pgtoken.grant_zones(:'id', '{"windows": true}');
update pgtoken.target set workspace_id = 'con-bolt' where target_id = 'windows';
select grants from pgtoken.tokens where id = :'id';

-- Only a confined scope has grants and publishes at once.
select pgtoken.issue_token('x', 'con-ada', 'write', 'con-acme', auto_publish => true);
select pgtoken.issue_token('x', 'con-ada', 'write', 'con-acme', grants => '{"windows": true}');
select pgtoken.issue_token('x', 'con-ada', 'agency', 'con-acme');
