//! Filling a database with tokens.

use pgtoken_tests::{Cluster, Database};

/// How many tokens the commands draw from, spread evenly over all.
pub const DRAWN: u64 = 20_000;

/// Where the numbers of tokens begin: with twelve digits each makes the end of a UUID.
pub const FIRST: u64 = 100_000_000_000;

/// A database with so many live tokens of 10,000 owners in 1,000 workspaces, and the customary design beside it.
///
/// Token `n` has the text `bench` followed by `n`, as an imported token can, so that pgbench can compute it.
/// The foreign keys are not checked while loading; every row is as `issue_token` would write it.
pub fn load(cluster: &Cluster, tokens: u64) -> (u64, Database<'_>) {
    eprintln!("loading {tokens} tokens");
    let database = cluster.database();
    database.execute(DIRECTORY);
    database.execute(&TOKENS.replace(":tokens", &tokens.to_string()));
    database.execute(&CUSTOMARY.replace(":tokens", &tokens.to_string()));
    database.execute("vacuum analyze");
    database.execute("checkpoint");
    (tokens, database)
}

const DIRECTORY: &str = "
    insert into pgtoken.workspace (workspace_id)
    select 'w' || i from generate_series(0, 999) as i;
    insert into pgtoken.app_user (user_id)
    select 'u' || i from generate_series(0, 9999) as i;
    insert into pgtoken.member (workspace_id, user_id, scope)
    select 'w' || i % 1000, 'u' || i, 'write' from generate_series(0, 9999) as i;
    insert into pgtoken.target (target_id, workspace_id)
    select 't' || i, 'w' || i from generate_series(0, 999) as i;
    insert into pgtoken.zone (target_id, zone_id)
    select 't' || i, 'z' from generate_series(0, 999) as i;";

const TOKENS: &str = "
    set session_replication_role = replica;
    insert into pgtoken.token (
        id, digest, start, name, user_id, workspace_id, scope, created_by,
        owner_enabled, workspace_enabled, owner_scope
    )
    select ('00000000-0000-7000-8000-' || (100000000000 + i))::uuid,
           sha256(convert_to('bench' || (100000000000 + i), 'UTF8')),
           'bench', 'benchmark', 'u' || i % 10000, 'w' || i % 1000, 'read', 'benchmark', true, true, 'write'
    from generate_series(0::bigint, :tokens - 1) as i;
    reset session_replication_role;";

/// One table, a digest by pgcrypto in plpgsql, last use written with every request.
const CUSTOMARY: &str = "
    create extension pgcrypto schema public;
    create schema customary;
    create table customary.api_token (
        id uuid primary key,
        digest bytea not null unique,
        user_id text not null,
        workspace_id text,
        scope text,
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz
    );
    insert into customary.api_token (id, digest, user_id, workspace_id, scope)
    select t.id, t.digest, t.user_id, t.workspace_id, t.scope
    from pgtoken.token as t;
    create function customary.verify(token text)
    returns setof customary.api_token
    language plpgsql
    as $$
    begin
        return query
        update customary.api_token as t
        set last_used_at = now()
        where t.digest = public.digest(verify.token, 'sha256')
          and t.revoked_at is null
          and (t.expires_at is null or t.expires_at > now())
        returning t.*;
    end
    $$;";
