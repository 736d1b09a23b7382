-- Every management act writes an event for each token touched, in the same transaction.
\set SHOW_CONTEXT never
insert into pgtoken.workspace (workspace_id) values ('ev-acme');
insert into pgtoken.app_user (user_id) values ('ev-ada');
insert into pgtoken.member (workspace_id, user_id, scope) values ('ev-acme', 'ev-ada', 'full');
insert into pgtoken.target (target_id, workspace_id) values ('ev-lobby', 'ev-acme'), ('ev-yard', 'ev-acme');

-- The actor is the argument, else the setting, else as_user, else the calling role.
select id from pgtoken.issue_token('Agency', 'ev-ada', 'agency', 'ev-acme', grants => '{"ev-lobby": true}', as_user => 'ev-ada') \gset
set pgtoken.actor = 'night shift';
select count(*) from pgtoken.grant_zones(:'id', '{"ev-lobby": true, "ev-yard": true}');
select name from pgtoken.update_token(:'id', name => 'Bright Agency', actor => 'dba');
delete from pgtoken.target where target_id = 'ev-yard';
select count(*) from pgtoken.rotate_token(:'id');
reset pgtoken.actor;

select kind, token_name, actor, detail - 'successor' - 'rotated_from' as detail
from pgtoken.event where workspace_id = 'ev-acme' order by id;

-- What is rolled back leaves no event.
begin;
select state from pgtoken.revoke_token(:'id');
rollback;
select count(*) from pgtoken.event where workspace_id = 'ev-acme' and kind = 'revoked';

-- Newest first, page by page.
select kind from pgtoken.list_events(workspace_id => 'ev-acme', max_rows => 2);

-- Events outlive what they tell of.
set pgtoken.actor = 'dba';
delete from pgtoken.workspace where workspace_id = 'ev-acme';
select kind, token_name, actor from pgtoken.event where workspace_id = 'ev-acme' and kind = 'deleted' order by id;
