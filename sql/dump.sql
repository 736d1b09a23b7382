-- What pg_dump saves: everything but the shipped words, which CREATE EXTENSION brings.
-- Each table is named by its own statement: pg_extension_config_dump keeps only the last of several in one.

select pg_catalog.pg_extension_config_dump('pgtoken.workspace', '');
select pg_catalog.pg_extension_config_dump('pgtoken.app_user', '');
select pg_catalog.pg_extension_config_dump('pgtoken.target', '');
select pg_catalog.pg_extension_config_dump('pgtoken.zone', '');
-- Rungs first: under pg_dump --inserts each row is a statement, and a member_scope must be there before what leans on it.
select pg_catalog.pg_extension_config_dump(
    'pgtoken.scope',
    $$where name not in ('read', 'write', 'full', 'agency') order by rank nulls last$$
);
select pg_catalog.pg_extension_config_dump('pgtoken.permission', '');
select pg_catalog.pg_extension_config_dump('pgtoken.member', '');
select pg_catalog.pg_extension_config_dump('pgtoken.token', '');
select pg_catalog.pg_extension_config_dump('pgtoken.token_target', '');
select pg_catalog.pg_extension_config_dump('pgtoken.token_zone', '');
select pg_catalog.pg_extension_config_dump('pgtoken.token_use', '');
select pg_catalog.pg_extension_config_dump('pgtoken.token_usage', '');
select pg_catalog.pg_extension_config_dump('pgtoken.verdict_usage', '');
select pg_catalog.pg_extension_config_dump('pgtoken.event', '');
select pg_catalog.pg_extension_config_dump('pgtoken.sign_in', '');
