//! What each role may do: logged in as a member of it and of nothing else, and as somebody whom nothing was granted.
use pgtoken_tests::{Acme, Issued};
use postgres::Client;

/// The columns of the table below.
const ROLES: [&str; 5] = [
    "pgtoken_verifier",
    "pgtoken_issuer",
    "pgtoken_directory",
    "pgtoken_auditor",
    "pgtoken_admin",
];

/// Who may: v(erifier), i(ssuer), d(irectory), a(uditor), m (administrator); never a stranger.
/// TOKEN, ID and TABLE stand for a token's text, its id, and each table of pgtoken.
const TABLE: &str = r#"
select from pgtoken.token                                                     |
select digest from pgtoken.token                                              |
select from pgtoken.token_target                                              |
select from pgtoken.token_zone                                                |
select from pgtoken.token_use                                                 |
insert into pgtoken.token (digest, name, user_id, created_by, owner_enabled) values (sha256('x'), 't', 'olga', 'x', true) |
update pgtoken.token set scope = 'full'                                       |
update pgtoken.token set owner_scope = 'full'                                 |
delete from pgtoken.token                                                     |
insert into pgtoken.token_target values ('ID', 'lobby', true, 'acme')         |
delete from pgtoken.token_use                                                 |
select from pgtoken.tokens                                                    | a m
select from pgtoken.token_grant                                               | a m
select from pgtoken.usage_stats                                               | a m
select from pgtoken.token_usage                                               | a m
select from pgtoken.verdict_usage                                             | a m
delete from pgtoken.token_usage                                               |
delete from pgtoken.verdict_usage                                             |
select from pgtoken.event                                                     | a m
insert into pgtoken.event (kind, actor) values ('issued', 'x')                |
update pgtoken.event set actor = 'x'                                          |
delete from pgtoken.event                                                     |
select from pgtoken.app_user                                                  | d a m
select from pgtoken.workspace                                                 | d a m
select from pgtoken.member                                                    | d a m
select from pgtoken.target                                                    | d a m
select from pgtoken.zone                                                      | d a m
insert into pgtoken.app_user (user_id) values ('new')                         | d m
insert into pgtoken.workspace (workspace_id) values ('new')                   | d m
insert into pgtoken.member values ('globex', 'olga', 'read')                  | d m
insert into pgtoken.target values ('new', 'acme')                             | d m
insert into pgtoken.zone values ('lobby', 'new')                              | d m
update pgtoken.app_user set disabled_at = now() where user_id = 'olga'        | d m
update pgtoken.workspace set disabled_at = now()                              | d m
update pgtoken.member set scope = 'read'                                      | d m
update pgtoken.target set workspace_id = 'globex' where target_id = 'lobby'   | d m
update pgtoken.zone set name = 'x'                                            | d m
delete from pgtoken.zone                                                      | d m
delete from pgtoken.target                                                    | d m
delete from pgtoken.member                                                    | d m
delete from pgtoken.app_user                                                  | d m
delete from pgtoken.workspace                                                 | d m
select from pgtoken.scope                                                     | d a m
select from pgtoken.permission                                                | d a m
insert into pgtoken.scope (name, rank) values ('root', 99)                    | m
update pgtoken.scope set description = 'x' where name = 'review'              | m
delete from pgtoken.scope where name = 'review'                               | m
insert into pgtoken.permission (name) values ('new')                          | m
update pgtoken.permission set member_scope = null                             | m
delete from pgtoken.permission                                                | m
select from pgtoken.sign_in                                                   | m
insert into pgtoken.sign_in (id, kind, expires_at) values (gen_random_uuid(), 'link', now()) | m
delete from pgtoken.sign_in                                                   | m
update pgtoken.sign_in set expires_at = now()                                 |
select pgtoken.verify_token('TOKEN')                                          | v m
select pgtoken.verify_digest(sha256('TOKEN'))                                 | v m
select pgtoken.verify_tokens('{TOKEN}')                                       | v m
select pgtoken.verify_digests(array[sha256('TOKEN')])                         | v m
select pgtoken.require_token('TOKEN')                                         | v m
select pgtoken.inspect_token('TOKEN')                                         | v m
select pgtoken.inspect_digest(sha256('TOKEN'))                                | v m
select pgtoken.revoke_secret('TOKEN')                                         | v m
select pgtoken.revoke_digest(sha256('TOKEN'))                                 | v m
select pgtoken.issue_token('t', workspace_id => 'acme', as_user => 'olga')    | i m
select pgtoken.rotate_token('ID', as_user => 'olga')                          | i m
select pgtoken.revoke_token('ID', as_user => 'olga')                          | i m
select pgtoken.revoke_tokens(user_id => 'olga', as_user => 'olga')            | i m
select pgtoken.update_token('ID', name => 'x', as_user => 'olga')             | i m
select pgtoken.grant_zones('ID', '{"lobby": true}', as_user => 'olga')        | i m
select pgtoken.import_token(sha256('x'), 'olga', 't')                         | m
select pgtoken.purge_tokens(now())                                            | m
select pgtoken.purge_events(now())                                            |
select pgtoken.get_token('ID', 'olga')                                        | i a m
select pgtoken.find_token('TOKEN', 'olga')                                    | i a m
select pgtoken.list_tokens(as_user => 'olga')                                 | i a m
select pgtoken.list_events(as_user => 'olga')                                 | i a m
select pgtoken.list_usage('ID', as_user => 'olga')                            | i a m
select pgtoken.list_users(as_user => 'olga')                                  | i a m
select pgtoken.list_workspaces('olga')                                        | i a m
select pgtoken.list_targets('acme', 'olga')                                   | i a m
select pgtoken.token_stats(as_user => 'olga')                                 | i a m
select pgtoken.list_tokens()                                                  | a m
select pgtoken.put_members('globex', '[]')                                    | d m
select pgtoken.put_targets('globex', '[]')                                    | d m
select pgtoken.put_zones('lobby', '[]')                                       | d m
select pgtoken_internal.uuid_v7()                                             |
select pgtoken_internal.record_event('issued', '{ID}', 'x', '{}')             |
select pgtoken_internal.usage_stats()                                         |
select pgtoken_internal.arm_triggers()                                        |
create table pgtoken.mine ()                                                  |
create function pgtoken.mine() returns int language sql as 'select 1'         |
create table pgtoken_internal.mine ()                                         |
alter table pgtoken.event disable trigger all                                 |
drop table pgtoken.event                                                      |
drop extension pgtoken                                                        |
set session_replication_role = replica                                        |
set pgtoken.max_ttl = '1 day'                                                 |"#;

fn fixture() -> (Acme, Issued) {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}'");
    // What is used could not be deleted, and a rank that is above another would be refused for another reason.
    acme.rows("insert into pgtoken.sign_in (id, kind, expires_at) values (gen_random_uuid(), 'link', now())");
    (acme, token)
}

/// Whether a statement is allowed: `42501` is the only way for it not to be.
fn may(client: &mut Client, sql: &str) -> bool {
    client.batch_execute("begin").expect("begin");
    let result = client.simple_query(sql);
    client.batch_execute("rollback").expect("rollback");
    match result {
        Ok(_) => true,
        Err(error) => {
            let code = error
                .code()
                .expect("an error of the server")
                .code()
                .to_owned();
            // A token that does not do what was asked of it was asked, and so were the rules of the directory.
            let asked = ["28000", "22023"].contains(&code.as_str())
                || error
                    .as_db_error()
                    .is_some_and(|error| error.message().starts_with("token: "));
            assert!(asked || code == "42501", "{sql}: {error:?}");
            asked
        }
    }
}

#[test]
fn each_role_may_what_it_is_for_and_nothing_else() {
    let (acme, token) = fixture();
    let mut clients = ROLES.map(|role| (role, acme.db.client_as(role)));
    let mut stranger = acme.db.client_as_stranger();
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let (statement, allowed) = line.rsplit_once('|').expect("a statement and who may");
        let sql = statement
            .trim()
            .replace("TOKEN", &token.text)
            .replace("ID", &token.id);
        let mut found = String::new();
        for ((_, client), letter) in clients.iter_mut().zip(["v", "i", "d", "a", "m"]) {
            if may(client, &sql) {
                found = format!("{found} {letter}");
            }
        }
        if found.trim() != allowed.trim() {
            wrong.push(format!(
                "{}: expected '{}', found '{}'",
                statement.trim(),
                allowed.trim(),
                found.trim()
            ));
        }
        assert!(!may(&mut stranger, &sql), "a stranger may {sql}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_but_the_owner_truncates_anything() {
    let (mut acme, _) = fixture();
    let tables = acme.rows("select oid::regclass from pg_class where relnamespace = 'pgtoken'::regnamespace and relkind = 'r'");
    for role in ROLES {
        let mut client = acme.db.client_as(role);
        for table in &tables {
            assert!(
                !may(&mut client, &format!("truncate {table} cascade")),
                "{role} truncates {table}"
            );
            assert!(
                !may(
                    &mut client,
                    &format!("lock table {table} in access exclusive mode")
                ) || role_writes(role, table),
                "{role} locks {table}"
            );
        }
    }
}

/// Tables that a role may delete from, and so may lock as it likes.
fn role_writes(role: &str, table: &str) -> bool {
    let directory = ["app_user", "workspace", "member", "target", "zone"];
    let vocabulary = ["scope", "permission", "sign_in"];
    let table = table.trim_start_matches("pgtoken.");
    match role {
        "pgtoken_directory" => directory.contains(&table),
        "pgtoken_admin" => directory.contains(&table) || vocabulary.contains(&table),
        _ => false,
    }
}

#[test]
fn the_digest_is_readable_by_no_role() {
    let (mut acme, token) = fixture();
    acme.rows("analyze pgtoken.token");
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    acme.rows("grant usage, create on schema public to public");
    for role in ROLES {
        let mut client = acme.db.client_as(role);
        for sql in [
            "select digest from pgtoken.token".to_owned(),
            "select t from pgtoken.token as t".to_owned(),
            "select to_jsonb(t) from pgtoken.token as t".to_owned(),
            "copy pgtoken.token to stdout".to_owned(),
            "copy (select digest from pgtoken.token) to stdout".to_owned(),
            "table pgtoken.token".to_owned(),
            "select * from pg_stats where tablename = 'token'".to_owned(),
            "select * from pg_statistic".to_owned(),
            "create view public.peek as select digest from pgtoken.token; select * from public.peek".to_owned(),
            "select t from pgtoken.tokens as t".to_owned(),
            "select t from pgtoken.list_tokens() as t".to_owned(),
            "select e from pgtoken.list_events() as e".to_owned(),
            "select e from pgtoken.event as e".to_owned(),
            format!("select t from pgtoken.find_token('{digest}') as t"),
            format!("select t from pgtoken.inspect_token('{}') as t", token.text),
            format!("select t from pgtoken.revoke_secret('{}') as t", token.text),
        ] {
            client.batch_execute("begin").expect("begin");
            if let Ok(messages) = client.simple_query(&sql) {
                let said = format!("{messages:?}");
                assert!(!said.contains(&digest), "{role}: {sql}");
            }
            client.batch_execute("rollback").expect("rollback");
        }
    }
    let seen = format!(
        "{:?}",
        acme.client
            .simple_query("select t from pgtoken.token as t")
            .expect("rows")
    );
    assert!(
        seen.contains(&digest),
        "a superuser's rows show that the text searched for is the right one"
    );
}

#[test]
fn a_leaky_function_in_where_shows_an_auditor_no_digest_and_no_more_rows() {
    let (mut acme, token) = fixture();
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    acme.rows(
        "create table public.leaked (what text); grant insert on public.leaked to public;
         create function public.leak(what text) returns boolean language plpgsql cost 0.0000001
         as $$ begin insert into public.leaked values (what); return true; end $$",
    );
    let mut auditor = acme.db.client_as("pgtoken_auditor");
    for view in ["tokens", "token_grant", "event", "usage_stats"] {
        pgtoken_tests::rows(
            &mut auditor,
            &format!("select count(*) from pgtoken.{view} as v where public.leak(v::text)"),
        );
    }
    assert_ne!(acme.row("select count(*) from public.leaked"), "0");
    let found = acme.row(&format!(
        "select count(*) from public.leaked where what like '%{digest}%'"
    ));
    assert_eq!(found, "0");
}

#[test]
fn an_administrator_is_every_other_role_too_and_nobody_else_is_another() {
    let mut acme = Acme::new();
    let memberships = acme.rows(
        "select roleid::regrole from pg_auth_members where member = 'pgtoken_admin'::regrole order by roleid::regrole::text",
    );
    assert_eq!(
        memberships,
        [
            "pgtoken_auditor",
            "pgtoken_directory",
            "pgtoken_issuer",
            "pgtoken_verifier"
        ]
    );
    for role in ROLES {
        let others = acme.row(&format!(
            "select count(*) from pg_auth_members where member = '{role}'::regrole and roleid::regrole::text !~ '^pgtoken_'"
        ));
        assert_eq!(others, "0", "{role} is a member of nothing else");
        let attributes = acme.row(&format!(
            "select rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication
             from pg_roles where rolname = '{role}'"
        ));
        assert_eq!(attributes, "f", "{role}");
    }
}

#[test]
fn events_are_only_ever_appended_to_whatever_a_role_does() {
    let (mut acme, token) = fixture();
    let before = acme.rows("select e from pgtoken.event as e order by id");
    for role in ROLES {
        let mut client = acme.db.client_as(role);
        for sql in [
            format!(
                "select pgtoken.revoke_token('{}', as_user => 'olga')",
                token.id
            ),
            "delete from pgtoken.app_user where user_id = 'olga'".to_owned(),
            "select pgtoken.purge_tokens('infinity')".to_owned(),
            "select pgtoken.purge_events('infinity')".to_owned(),
            "delete from pgtoken.event".to_owned(),
            "truncate pgtoken.event".to_owned(),
        ] {
            let _ = client.simple_query(&sql);
        }
    }
    let after = acme.rows("select e from pgtoken.event as e order by id");
    assert_eq!(after[..before.len()], before);
    assert!(after.len() > before.len());
}
