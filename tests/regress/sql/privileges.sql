-- Five roles, none of which can log in; nothing is granted to PUBLIC.
\set SHOW_CONTEXT never
insert into pgtoken.app_user (user_id) values ('pr-ada');
select token, id from pgtoken.issue_token('Plain', 'pr-ada') \gset

-- Anybody: nothing.
set client_min_messages = warning;
drop role if exists regress_pgtoken;
reset client_min_messages;
create role regress_pgtoken;
set role regress_pgtoken;
select code from pgtoken.verify_token('x');
reset role;

-- A verifier verifies and sees no table.
set role pgtoken_verifier;
select code from pgtoken.verify_token(:'token');
select name from pgtoken.inspect_token(:'token');
select name from pgtoken.tokens;
select digest from pgtoken.token;
select pgtoken.issue_token('x', 'pr-ada', as_user => 'pr-ada');
reset role;

-- An issuer names the user it acts for.
set role pgtoken_issuer;
select name from pgtoken.list_tokens(as_user => 'pr-ada');
select name from pgtoken.list_tokens();
select pgtoken.issue_token('x', 'pr-ada');
select code from pgtoken.verify_token(:'token');
reset role;

-- The directory is written by its own role, which holds no token.
set role pgtoken_directory;
insert into pgtoken.app_user (user_id) values ('pr-ben');
delete from pgtoken.app_user where user_id = 'pr-ben';
truncate pgtoken.app_user cascade;
insert into pgtoken.permission (name) values ('pr-all');
select name from pgtoken.tokens;
reset role;

-- An auditor looks.
set role pgtoken_auditor;
select name, state from pgtoken.tokens where user_id = 'pr-ada';
select kind from pgtoken.event where user_id = 'pr-ada';
select digest from pgtoken.token;
delete from pgtoken.event;
select pgtoken.revoke_token(:'id');
reset role;

-- An administrator does everything through the functions, and still reads no digest and changes no event.
set role pgtoken_admin;
insert into pgtoken.permission (name) values ('pr-all');
select state from pgtoken.revoke_token(:'id');
select digest from pgtoken.token;
update pgtoken.token set revoked_at = null;
delete from pgtoken.event;
select pgtoken.purge_events('2000-01-01');
reset role;

drop role regress_pgtoken;
