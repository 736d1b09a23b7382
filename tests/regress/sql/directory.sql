-- The directory: users, workspaces, members, targets and zones are plain rows, written by the application.
\set SHOW_CONTEXT never
insert into pgtoken.workspace (workspace_id, name) values ('dir-acme', 'Acme'), ('dir-bolt', 'Bolt');
insert into pgtoken.app_user (user_id, name) values ('dir-ada', 'Ada'), ('dir-ben', 'Ben'), ('dir-cleo', 'Cleo');

-- A set becomes what is given, by difference: what stays keeps its tokens and grants.
select * from pgtoken.put_members('dir-acme', '[
    {"user_id": "dir-ada", "scope": "full", "manages_tokens": true},
    {"user_id": "dir-ben", "scope": "write"}
]');
select * from pgtoken.put_members('dir-acme', '[
    {"user_id": "dir-ada", "scope": "full", "manages_tokens": true},
    {"user_id": "dir-ben", "scope": "read"},
    {"user_id": "dir-cleo", "scope": "read"}
]');
select * from pgtoken.put_targets('dir-acme', '["dir-lobby", {"target_id": "dir-window", "name": "Shop window"}]');
select * from pgtoken.put_zones('dir-window', '["main", "ticker"]');
select * from pgtoken.put_zones('dir-window', '[{"zone_id": "main", "name": "Main"}]');

select user_id, name, live_tokens from pgtoken.list_users(workspace_id => 'dir-acme');
select target_id, name, zones from pgtoken.list_targets('dir-acme');
select workspace_id, name, scope, manages_tokens from pgtoken.list_workspaces(as_user => 'dir-ada');

-- Anything wrong, and nothing changes.
select * from pgtoken.put_members('dir-acme', '[{"user_id": "dir-ada", "scope": "agency"}]');
select * from pgtoken.put_members('dir-acme', '[{"user_id": "nobody", "scope": "read"}]');
select * from pgtoken.put_members('dir-acme', '[{"user_id": "dir-ada", "scope": "read", "admin": true}]');
select * from pgtoken.put_targets('dir-bolt', '["dir-lobby"]');
select * from pgtoken.put_zones('nowhere', '[]');
select * from pgtoken.put_zones('dir-window', '["main", "main"]');
select * from pgtoken.put_zones('dir-window', null);

-- Keys never change, and are texts that can be shown.
update pgtoken.app_user set user_id = 'dir-eve' where user_id = 'dir-ada';
update pgtoken.zone set target_id = 'dir-lobby' where zone_id = 'main';
insert into pgtoken.app_user (user_id) values ('');
insert into pgtoken.app_user (user_id) values (E'two\nlines');

-- Who leaves the workspace or the directory leaves everything in it.
delete from pgtoken.workspace where workspace_id = 'dir-acme';
select count(*) from pgtoken.member where workspace_id = 'dir-acme';
select count(*) from pgtoken.zone where target_id = 'dir-window';
