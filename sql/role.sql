-- Roles: what a grant of them allows. They belong to the cluster and outlive DROP EXTENSION.

do $do$
declare
    role_name text;
begin
    foreach role_name in array array[
        'pgtoken_verifier', 'pgtoken_issuer', 'pgtoken_directory', 'pgtoken_auditor', 'pgtoken_admin'
    ]
    loop
        begin
            execute pg_catalog.format('create role %I nologin', role_name);
        exception
            -- there from another database, or made by a concurrent twin
            when duplicate_object or unique_violation then null;
        end;

        if (select rolcanlogin from pg_catalog.pg_roles where rolname = role_name) then
            raise warning 'role % was there already and can log in: everything granted to it is granted to whoever knows its password', role_name;
        end if;
    end loop;
end
$do$;

-- An administrator is each of the others too.
grant pgtoken_verifier, pgtoken_issuer, pgtoken_directory, pgtoken_auditor to pgtoken_admin;

comment on role pgtoken_verifier is 'pgtoken: may verify, inspect, require, and revoke by secret';
comment on role pgtoken_issuer is 'pgtoken: may manage tokens on behalf of the user it names';
comment on role pgtoken_directory is 'pgtoken: may write users, workspaces, members, targets and zones';
comment on role pgtoken_auditor is 'pgtoken: may see every token, event and use; changes nothing';
comment on role pgtoken_admin is 'pgtoken: may do everything with tokens and the vocabulary';

-- Nothing of what CREATE or the installer's default privileges gave away stays.

do $do$
declare
    granted record;
begin
    for granted in
        select distinct o.kind, o.name, case a.grantee when 0 then 'public' else quote_ident(r.rolname) end as grantee
        from (
            select 'schema' as kind, quote_ident(nspname) as name, coalesce(nspacl, acldefault('n', nspowner)) as acl, nspowner as owner
            from pg_catalog.pg_namespace
            where nspname in ('pgtoken', 'pgtoken_internal')
            union all
            select 'table', c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)), c.relowner
            from pg_catalog.pg_class as c
            where c.relnamespace in ('pgtoken'::regnamespace, 'pgtoken_internal'::regnamespace)
              and c.relkind in ('r', 'v')
            union all
            select 'function', p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
            from pg_catalog.pg_proc as p
            where p.pronamespace in ('pgtoken'::regnamespace, 'pgtoken_internal'::regnamespace)
            union all
            select 'type', t.oid::regtype::text, coalesce(t.typacl, acldefault('T', t.typowner)), t.typowner
            from pg_catalog.pg_type as t
            join pg_catalog.pg_class as c on c.oid = t.typrelid
            where t.typnamespace = 'pgtoken'::regnamespace and c.relkind = 'c'
        ) as o
        cross join lateral aclexplode(o.acl) as a
        left join pg_catalog.pg_roles as r on r.oid = a.grantee
        where a.grantee <> o.owner
    loop
        execute format('revoke all on %s %s from %s cascade', granted.kind, granted.name, granted.grantee);
    end loop;
end
$do$;

grant usage on schema pgtoken
    to pgtoken_verifier, pgtoken_issuer, pgtoken_directory, pgtoken_auditor;

-- The row types of results can be named by whoever receives them.
grant usage on type pgtoken.verdict to pgtoken_verifier;

-- Verifiers see verdicts and what they hold the secret of.
grant execute on function
    pgtoken.verify_token, pgtoken.verify_digest, pgtoken.verify_tokens, pgtoken.verify_digests,
    pgtoken.require_token, pgtoken.inspect_token, pgtoken.inspect_digest,
    pgtoken.revoke_secret, pgtoken.revoke_digest
    to pgtoken_verifier;

-- Issuers act for a user they name; each function refuses a null as_user unless the role is an administrator too.
grant execute on function
    pgtoken.issue_token, pgtoken.rotate_token, pgtoken.revoke_token, pgtoken.revoke_tokens,
    pgtoken.grant_zones, pgtoken.update_token,
    pgtoken.get_token, pgtoken.find_token, pgtoken.list_tokens, pgtoken.list_events, pgtoken.list_usage,
    pgtoken.list_users, pgtoken.list_workspaces, pgtoken.list_targets, pgtoken.token_stats
    to pgtoken_issuer;

-- Whoever writes the directory decides what every token is worth. No TRUNCATE: it would take the tokens along.
grant select, insert, update, delete on
    pgtoken.app_user, pgtoken.workspace, pgtoken.member, pgtoken.target, pgtoken.zone
    to pgtoken_directory;
grant select on pgtoken.scope, pgtoken.permission to pgtoken_directory;
grant execute on function pgtoken.put_members, pgtoken.put_targets, pgtoken.put_zones to pgtoken_directory;
-- a CHECK runs with the rights of whoever inserts
grant execute on function pgtoken_internal.is_key to pgtoken_directory;

-- Auditors read views and the log; digests are in none of them.
grant select on
    pgtoken.tokens, pgtoken.token_grant, pgtoken.usage_stats,
    pgtoken.event, pgtoken.token_usage, pgtoken.verdict_usage,
    pgtoken.scope, pgtoken.permission,
    pgtoken.app_user, pgtoken.workspace, pgtoken.member, pgtoken.target, pgtoken.zone
    to pgtoken_auditor;
-- a view lends the rights of its owner for tables, and not for functions
grant execute on function pgtoken_internal.usage_stats to pgtoken_auditor;
grant execute on function
    pgtoken.get_token, pgtoken.find_token, pgtoken.list_tokens, pgtoken.list_events, pgtoken.list_usage,
    pgtoken.list_users, pgtoken.list_workspaces, pgtoken.list_targets, pgtoken.token_stats
    to pgtoken_auditor;

-- Administrators, beyond being all of the above. purge_events is for nobody: grant it yourself.
grant execute on function pgtoken.import_token, pgtoken.purge_tokens to pgtoken_admin;
grant insert, update, delete on pgtoken.scope, pgtoken.permission to pgtoken_admin;
grant select, insert, delete on pgtoken.sign_in to pgtoken_admin;
