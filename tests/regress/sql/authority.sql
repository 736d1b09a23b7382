-- Authority follows the owner: no token does more than its owner may do now.
\set SHOW_CONTEXT never
insert into pgtoken.workspace (workspace_id) values ('au-acme');
insert into pgtoken.app_user (user_id) values ('au-ada'), ('au-ben'), ('au-cleo');
insert into pgtoken.app_user (user_id, service_of) values ('au-robot', 'au-acme');
insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
values ('au-acme', 'au-ada', 'full', true), ('au-acme', 'au-ben', 'write', false),
       ('au-acme', 'au-cleo', 'read', false), ('au-acme', 'au-robot', 'write', false);

-- Nobody issues beyond the owner's scope, administrators included.
select pgtoken.issue_token('Too much', 'au-ben', 'full', 'au-acme');
select token, id from pgtoken.issue_token('Ben''s', 'au-ben', 'write', 'au-acme', as_user => 'au-ben') \gset

-- Demoted, removed, back; disabled, enabled: each from the next statement on.
update pgtoken.member set scope = 'read' where user_id = 'au-ben';
select valid, code, scope from pgtoken.verify_token(:'token');
select valid, code from pgtoken.verify_token(:'token', 'write');
delete from pgtoken.member where user_id = 'au-ben';
select code from pgtoken.verify_token(:'token');
insert into pgtoken.member (workspace_id, user_id, scope) values ('au-acme', 'au-ben', 'full');
select valid, code, scope from pgtoken.verify_token(:'token');
update pgtoken.app_user set disabled_at = now() where user_id = 'au-ben';
select code from pgtoken.verify_token(:'token');
select state from pgtoken.tokens where id = :'id';
update pgtoken.app_user set disabled_at = null where user_id = 'au-ben';
update pgtoken.workspace set disabled_at = now() where workspace_id = 'au-acme';
select code from pgtoken.verify_token(:'token');
update pgtoken.workspace set disabled_at = null where workspace_id = 'au-acme';
select valid from pgtoken.verify_token(:'token');

-- What is rolled back did not happen.
begin;
delete from pgtoken.member where user_id = 'au-ben';
select code from pgtoken.verify_token(:'token');
rollback;
select code from pgtoken.verify_token(:'token');

-- as_user: that user's authority and no more. A manager sees and revokes, and issues for service users.
select name, user_id from pgtoken.list_tokens(workspace_id => 'au-acme', as_user => 'au-ada');
select count(*) from pgtoken.list_tokens(workspace_id => 'au-acme', as_user => 'au-cleo');
select name, user_id, scope from pgtoken.issue_token('Robot''s', 'au-robot', 'write', 'au-acme', as_user => 'au-ada');
select pgtoken.issue_token('Cleo''s', 'au-cleo', 'read', 'au-acme', as_user => 'au-ada');
select pgtoken.issue_token('Robot''s', 'au-robot', 'write', 'au-acme', as_user => 'au-cleo');
select pgtoken.issue_token('Mine', 'au-cleo', 'read', as_user => 'au-cleo');
select pgtoken.list_tokens(as_user => 'nobody');

-- Through update_token a user only narrows.
select expires_at = '2999-01-01 00:00+00' as earlier from pgtoken.update_token(:'id', expires_at => '2999-01-01 00:00+00', as_user => 'au-ben');
select pgtoken.update_token(:'id', expires_at => '2999-02-01 00:00+00', as_user => 'au-ben');
select state, disabled_by from pgtoken.update_token(:'id', enabled => false, actor => 'dba');
select pgtoken.update_token(:'id', enabled => true, as_user => 'au-ben');
select state from pgtoken.update_token(:'id', enabled => true);

-- Who is deleted leaves no token.
delete from pgtoken.app_user where user_id = 'au-ben';
select code from pgtoken.verify_token(:'token');
