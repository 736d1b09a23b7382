//! A hostile search_path, hostile temporary objects and hostile texts change nothing.
use pgtoken_tests::{Acme, Issued, outcome, row, rows, shared};
use postgres::Client;

/// For every function and operator of pg_catalog that takes and gives plain types, one of the same name and
/// arguments in SCHEMA, which fails with XXHIJ.
const SHADOWS: &str = r#"
do $do$
declare
    shadowed record;
begin
    for shadowed in
        select p.proname, pg_get_function_identity_arguments(p.oid) as arguments, format_type(p.prorettype, null) as result
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and not p.proretset
          and p.prorettype::regtype::text not in ('internal', 'trigger', 'event_trigger', 'cstring', 'record')
          and p.provariadic = 0
          and not exists (
              select from unnest(p.proargtypes || p.prorettype) as a (type) join pg_type as t on t.oid = a.type
              where t.typtype = 'p' and t.typname not in ('anyelement', 'anyarray', 'anynonarray', 'any', 'void'))
          and not (p.prorettype in (select oid from pg_type where typname ~ '^any') and p.pronargs = 0)
          and p.proname !~ '^(RI_|binary_upgrade)'
    loop
        begin
            execute format(
                'create function SCHEMA.%I(%s) returns %s language plpgsql as %L',
                shadowed.proname, shadowed.arguments, shadowed.result,
                'begin raise exception ''hijacked by ' || quote_ident(shadowed.proname) || ''' using errcode = ''XXHIJ''; end');
        exception when others then null;
        end;
    end loop;
    for shadowed in
        select o.oprname, o.oprleft::regtype as l, o.oprright::regtype as r, o.oprresult::regtype as result, o.oid
        from pg_operator as o
        where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprkind = 'b' and o.oprresult <> 0
          and not exists (select from pg_type where oid in (o.oprleft, o.oprright, o.oprresult) and typtype = 'p')
    loop
        execute format(
            'create function SCHEMA.%I(%s, %s) returns %s language plpgsql as %L',
            'operator_' || shadowed.oid, shadowed.l, shadowed.r, shadowed.result,
            'begin raise exception ''hijacked by operator'' using errcode = ''XXHIJ''; end');
        execute format(
            'create operator SCHEMA.%s (leftarg = %s, rightarg = %s, function = SCHEMA.%I)',
            shadowed.oprname, shadowed.l, shadowed.r, 'operator_' || shadowed.oid);
    end loop;
end $do$;
"#;

/// Tables, types and an aggregate that shadow pgtoken's and the system's, in SCHEMA.
const MORE_SHADOWS: &str = r#"
do $do$
declare
    shadowed record;
begin
    for shadowed in
        select relname from pg_class where relnamespace in ('pgtoken'::regnamespace, 'pg_catalog'::regnamespace) and relkind in ('r', 'v')
          and relname in (select relname from pg_class where relnamespace = 'pgtoken'::regnamespace
                          union values ('pg_class'), ('pg_roles'), ('pg_namespace'), ('pg_proc'))
    loop
        execute format('create table SCHEMA.%I (nothing int)', shadowed.relname);
        execute format('grant all on SCHEMA.%I to public', shadowed.relname);
    end loop;
end $do$;
create domain SCHEMA.text as pg_catalog.int4;
create domain SCHEMA.uuid as pg_catalog.int4;
create domain SCHEMA.jsonb as pg_catalog.int4;
create domain SCHEMA.bool as pg_catalog.int4;
create type SCHEMA.verdict as (a pg_catalog.int4);
create aggregate SCHEMA.count(*) (sfunc = SCHEMA.int8inc, stype = pg_catalog.int8);
"#;

/// Every function that an issuer or verifier calls, and some of an administrator's; TOKEN, ID and CONFINED stand for
/// a token's text and ids.
const CALLS: &str = r#"
pgtoken_verifier verify_token('TOKEN', 'read', '{upload}', 'acme', 'lobby', 'left', '10.0.0.1')
pgtoken_verifier verify_token('TOKEN')
pgtoken_verifier verify_token('nothing')
pgtoken_verifier verify_digest('\x00', 'read')
pgtoken_verifier verify_tokens('{TOKEN,x}', '{read,full}', '{upload,}', '{acme,acme}', '{lobby,}', '{left,}', '{10.0.0.1,::1}')
pgtoken_verifier verify_digests('{"\\x00"}')
pgtoken_verifier require_token('TOKEN', 'read')
pgtoken_verifier require_token('TOKEN', 'full')
pgtoken_verifier inspect_token('TOKEN')
pgtoken_verifier inspect_digest(pg_catalog.sha256('TOKEN'))
pgtoken_verifier revoke_secret('TOKEN', 'why')
pgtoken_verifier revoke_digest(pg_catalog.sha256('TOKEN'), 'why')
pgtoken_issuer issue_token('t', 'olga', 'write', 'acme', '{publish}', ttl => '1 day', rate_limit => 5, allowed_addrs => '{10.0.0.0/8}', metadata => '{"a": 1}', request_id => 'r', as_user => 'olga')
pgtoken_issuer issue_token('t', 'olga', 'agency', 'acme', grants => '{"windows": ["main"], "lobby": true}', as_user => 'olga')
pgtoken_issuer issue_token('t', 'olga', 'full', 'acme', as_user => 'olga')
pgtoken_issuer rotate_token('ID', overlap => '1 h', as_user => 'olga')
pgtoken_issuer rotate_token('CONFINED', as_user => 'olga')
pgtoken_issuer revoke_token('ID', 'why', as_user => 'olga')
pgtoken_issuer revoke_tokens(user_id => 'olga', unused_since => 'tomorrow', as_user => 'olga')
pgtoken_issuer grant_zones('CONFINED', '{"windows": ["main", "ticker"]}', 'olga')
pgtoken_issuer update_token('ID', 'new', expires_at => 'tomorrow', enabled => false, rate_limit => 1, rate_window => '2 min', allowed_addrs => '{10.0.0.0/8}', as_user => 'olga')
pgtoken_issuer get_token('ID', 'olga')
pgtoken_issuer find_token('TOKEN', 'olga')
pgtoken_issuer find_token('pgt_', 'olga')
pgtoken_issuer list_tokens(search => 'o', state => 'active', target_id => 'windows', sort => 'name', as_user => 'olga')
pgtoken_issuer list_events(as_user => 'olga')
pgtoken_issuer list_usage('ID', as_user => 'olga')
pgtoken_issuer list_users('o', 'acme', as_user => 'olga')
pgtoken_issuer list_workspaces('olga')
pgtoken_issuer list_targets('acme', 'olga')
pgtoken_issuer token_stats('acme', 'olga')
pgtoken_directory put_members('acme', '[{"user_id": "olga", "scope": "read"}, {"user_id": "mia", "scope": "full", "manages_tokens": true}]')
pgtoken_directory put_targets('acme', '["lobby", {"target_id": "new", "name": "New"}]')
pgtoken_directory put_zones('windows', '["ticker"]')
pgtoken_admin import_token('\x0123456789012345678901234567890123456789012345678901234567890123', 'olga', 'old', grants => '{"windows": ["main"]}', scope => 'agency', workspace_id => 'acme', use_count => 3)
pgtoken_admin purge_tokens('tomorrow')"#;

const HOSTILE_PATHS: [&str; 3] = [
    "evil, pg_catalog, pgtoken",
    "pg_temp, evil, pg_catalog, public",
    "evil",
];

fn end_of(client: &mut Client, sql: &str) -> String {
    client.batch_execute("begin").expect("begin");
    let end = match client.simple_query(sql) {
        Ok(messages) => format!("{} messages", messages.len()),
        Err(error) => {
            let error = error.as_db_error().expect("an error of the server");
            format!("{}: {}", error.code().code(), error.message())
        }
    };
    client.batch_execute("rollback").expect("rollback");
    end
}

fn fixture() -> (Acme, Issued, Issued) {
    let mut acme = Acme::new();
    let token = acme.issue("'one', 'olga', 'write', 'acme', '{publish}'");
    let confined =
        acme.issue("'two', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}'");
    (acme, token, confined)
}

#[test]
fn a_hostile_search_path_changes_no_result_and_calls_nothing() {
    let (mut acme, token, confined) = fixture();
    acme.rows("create schema evil; grant usage, create on schema evil to public");
    acme.rows(&format!("{SHADOWS}{MORE_SHADOWS}").replace("SCHEMA", "evil"));
    let shadows =
        acme.row("select count(*) > 2000 from pg_proc where pronamespace = 'evil'::regnamespace");
    assert_eq!(shadows, "t");
    let mut wrong = Vec::new();
    for line in CALLS.lines().filter(|line| !line.is_empty()) {
        let (role, call) = line.split_once(' ').expect("a role and a call");
        let call = call
            .replace("TOKEN", &token.text)
            .replace("CONFINED", &confined.id)
            .replace("ID", &token.id);
        let sql = format!("select * from pgtoken.{call}");
        let expected = end_of(&mut acme.db.client_as(role), &sql);
        for path in HOSTILE_PATHS {
            let mut client = acme.db.client_as(role);
            shadow_temporarily(&mut client);
            client
                .batch_execute(&format!("set search_path = {path}"))
                .expect("set");
            let end = end_of(&mut client, &sql);
            if end != expected {
                wrong.push(format!(
                    "{call}\n  path {path}\n  expected {expected}\n  got      {end}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Temporary tables, functions and types of the names that pgtoken uses.
fn shadow_temporarily(client: &mut Client) {
    for name in [
        "token",
        "tokens",
        "app_user",
        "member",
        "scope",
        "token_target",
        "pg_class",
        "pg_roles",
    ] {
        client
            .batch_execute(&format!("create temp table {name} (nothing int)"))
            .expect("create");
    }
    client
        .batch_execute(
            "create function pg_temp.lower(text) returns text language sql as 'select (1/0)::text';
             create function pg_temp.sha256(bytea) returns bytea language sql as 'select null::bytea';
             create domain pg_temp.jsonb as int; create domain pg_temp.uuid as int",
        )
        .expect("create");
}

#[test]
fn the_shadows_would_catch_a_function_that_trusts_its_search_path() {
    let (mut acme, _, _) = fixture();
    acme.rows("create schema evil; grant usage on schema evil to public");
    acme.rows(&format!("{SHADOWS}{MORE_SHADOWS}").replace("SCHEMA", "evil"));
    for (name, body) in [
        (
            "by_function",
            "begin return lower(pg_catalog.text 'A'); end",
        ),
        (
            "by_operator",
            "begin return pg_catalog.text 'a' || pg_catalog.text 'b'; end",
        ),
        (
            "by_table",
            "begin perform user_id from app_user; return 'x'; end",
        ),
    ] {
        acme.rows(&format!(
            "create function public.{name}() returns pg_catalog.text language plpgsql security definer as $$ {body} $$"
        ));
        let mut client = acme.db.client_as_stranger();
        client
            .batch_execute("set search_path = evil, pg_catalog")
            .expect("set");
        let caught = outcome(&mut client, &format!("select public.{name}()"));
        assert!(
            ["XXHIJ", "42703"].contains(&caught.as_str()),
            "{name}: {caught}"
        );
    }
}

#[test]
fn the_shadows_would_catch_a_function_of_pgtoken_without_its_pinned_path() {
    let (mut acme, token, _) = fixture();
    acme.rows("create schema evil; grant usage on schema evil to public");
    acme.rows(&format!("{SHADOWS}{MORE_SHADOWS}").replace("SCHEMA", "evil"));
    let mut client = acme.db.client_as("pgtoken_issuer");
    rows(&mut client, "set search_path = evil, pg_catalog");
    for (function, call) in [
        (
            "list_users",
            "list_users('o', as_user => 'olga')".to_owned(),
        ),
        (
            "revoke_token",
            format!("revoke_token('{}', as_user => 'olga')", token.id),
        ),
    ] {
        let sql = format!("select * from pgtoken.{call}");
        let end = end_of(&mut client, &sql);
        assert!(end.ends_with("messages"), "{function}: {end}");
        acme.rows(&format!(
            "alter function pgtoken.{function} reset search_path"
        ));
        let end = end_of(&mut client, &sql);
        assert!(end.contains("hijacked by"), "{function}: {end}");
    }
}

#[test]
fn shadows_in_a_schema_named_before_pg_catalog_do_not_reach_a_superusers_calls_either() {
    let (mut acme, token, _) = fixture();
    acme.rows("create schema evil");
    acme.rows(&format!("{SHADOWS}{MORE_SHADOWS}").replace("SCHEMA", "evil"));
    acme.rows("set search_path = evil, pg_catalog");
    for sql in [
        format!("select * from pgtoken.revoke_token('{}', 'why')", token.id),
        "delete from pgtoken.app_user where user_id operator(pg_catalog.=) 'leo'".to_owned(),
        "update pgtoken.member set scope = 'read'".to_owned(),
        "select * from pgtoken.tokens".to_owned(),
        "select * from pgtoken.token_grant".to_owned(),
        "truncate pgtoken.workspace cascade".to_owned(),
    ] {
        assert_eq!(outcome(&mut acme.client, &sql), "ok", "{sql}");
    }
}

#[test]
fn a_hostile_schema_that_was_there_before_is_not_installed_into() {
    let db = shared().empty_database();
    let stranger = shared().login(&[]);
    db.execute(&format!(
        "create schema pgtoken authorization {stranger}; grant create on schema public to {stranger}"
    ));
    // A better match than the variadic one of the system, for calls with three texts or names.
    let trap = "create table public.caught (by_whom text);
         grant all on public.caught to public;
         create function pgtoken.format(text, text, text, text) returns text language plpgsql
         as $$ begin insert into public.caught values (current_user); return 'select 1'; end $$;
         grant execute on function pgtoken.format to public";
    rows(&mut db.client_as_stranger(), trap);
    let installed = outcome(&mut db.client(), "create extension pgtoken");
    let caught = rows(
        &mut db.client(),
        "select by_whom from public.caught limit 1",
    );
    assert_eq!(
        caught,
        Vec::<String>::new(),
        "the stranger's function ran as that role"
    );
    assert_ne!(installed, "ok");
}

#[test]
fn texts_in_events_are_texts() {
    let mut acme = Acme::new();
    let hostile = [
        "'; drop table pgtoken.event; --",
        "$$ || pg_sleep(10) || $$",
        "\\'; select 1; \\",
        "{\"kind\": \"revoked\"}",
        "%s %I %L",
        "<script>alert(1)</script>",
        "𝕏 \u{202e}\u{200b}é",
    ];
    for text in hostile {
        let literal = format!("'{}'", text.replace('\'', "''"));
        acme.rows(&format!("set application_name = {literal}"));
        let token = acme.issue(&format!("{literal}, 'olga', actor => {literal}"));
        acme.rows(&format!(
            "select pgtoken.revoke_token('{}', {literal}, actor => {literal})",
            token.id
        ));
        let found = acme.row(&format!(
            "select token_name = {literal} and actor = {literal} and detail = jsonb_build_object('reason', {literal}::text)
                    and kind = 'revoked' and token_id = '{}'
             from pgtoken.event order by id desc limit 1",
            token.id
        ));
        assert_eq!(found, "t", "{text}");
        let again = acme.row(&format!(
            "select count(*) from pgtoken.list_tokens(search => {literal})"
        ));
        assert_eq!(again, "1", "{text}");
    }
    assert_eq!(
        acme.row("select count(*) from pgtoken.event"),
        (2 * hostile.len()).to_string()
    );
}

#[test]
fn the_log_names_the_login_role_whatever_the_actor_says() {
    let acme = Acme::new();
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    rows(&mut issuer, "set pgtoken.actor = 'postgres'");
    rows(
        &mut issuer,
        "select pgtoken.issue_token('t', workspace_id => 'acme', as_user => 'olga', actor => 'root')",
    );
    let mut admin = acme.db.client();
    let event = row(&mut admin, "select actor, login_role from pgtoken.event");
    assert_eq!(
        event,
        format!("root|{}", shared().login(&["pgtoken_issuer"]))
    );
}
