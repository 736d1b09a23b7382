//! Objects in the caller's search_path or in pg_temp, in place of the system's and of pgtoken's.
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Acme, Issued, outcome, row, rows, shadows};
use postgres::Client;

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

/// Every function of every role, and plain writes that fire every trigger, end under a hostile path as they end
/// without one, and call none of some 2,000 shadows; the shadows themselves are shown to catch what is not pinned.
pub fn objects_in_the_search_path_or_pg_temp_change_nothing(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let (mut acme, token, confined) = fixture();
    shadows::cast(&mut acme.client, "evil");
    let many = row(
        &mut acme.client,
        "select count(*) > 2000 from pg_proc where pronamespace = 'evil'::regnamespace",
    );
    tally.check(many == "t", || "there are few shadows".to_owned());
    for _ in 0..effort.tries(1, 5) {
        for line in CALLS
            .lines()
            .chain(WRITES.lines())
            .filter(|line| !line.is_empty())
        {
            let (role, call) = line.split_once(' ').expect("a role and a call");
            let call = call
                .replace("TOKEN", &token.text)
                .replace("CONFINED", &confined.id)
                .replace("ID", &token.id);
            let sql = match WRITES.contains(line) {
                true => call,
                false => format!("select * from pgtoken.{call}"),
            };
            let expected = end_of(&mut acme.db.client_as(role), &sql);
            for path in HOSTILE_PATHS {
                let mut client = acme.db.client_as(role);
                shadows::cast_temporarily(&mut client);
                client
                    .batch_execute(&format!("set search_path = {path}"))
                    .expect("set");
                let end = end_of(&mut client, &sql);
                tally.check(end == expected, || {
                    format!("{sql}\n  path {path}\n  expected {expected}\n  got      {end}")
                });
            }
        }
    }
    unpinned(&mut acme, &token, &mut tally);
    tally
}

/// Without its pinned path, a function of pgtoken is caught.
fn unpinned(acme: &mut Acme, token: &Issued, tally: &mut Tally) {
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
        acme.rows(&format!(
            "alter function pgtoken.{function} reset search_path"
        ));
        let end = end_of(&mut client, &format!("select * from pgtoken.{call}"));
        tally.check(end.contains("hijacked by"), || {
            format!("{function} without its path: {end}")
        });
    }
    let own = "create function public.trusting() returns text language plpgsql security definer as 'begin return lower(pg_catalog.text ''A''); end'";
    acme.rows(own);
    let mut stranger = acme.db.client_as_stranger();
    let caught = outcome(
        &mut stranger,
        "set search_path = evil, pg_catalog; select public.trusting()",
    );
    tally.check(caught == "XXHIJ", || {
        format!("a function that trusts its path: {caught}")
    });
}

/// Writes that fire the triggers, spelt so that the caller's own path cannot hurt the caller.
const WRITES: &str = "
pgtoken_directory update pgtoken.member set scope = 'read' where user_id operator(pg_catalog.=) 'olga'::pg_catalog.text
pgtoken_directory delete from pgtoken.member where user_id operator(pg_catalog.=) 'olga'::pg_catalog.text
pgtoken_directory delete from pgtoken.app_user where user_id operator(pg_catalog.=) 'olga'::pg_catalog.text
pgtoken_directory delete from pgtoken.workspace where workspace_id operator(pg_catalog.=) 'acme'::pg_catalog.text
pgtoken_directory delete from pgtoken.target where target_id operator(pg_catalog.=) 'windows'::pg_catalog.text
pgtoken_directory delete from pgtoken.zone where zone_id operator(pg_catalog.=) 'main'::pg_catalog.text
pgtoken_directory update pgtoken.target set workspace_id = 'globex' where target_id operator(pg_catalog.=) 'windows'::pg_catalog.text
pgtoken_directory insert into pgtoken.member (workspace_id, user_id, scope) values ('globex', 'olga', 'read')
pgtoken_directory insert into pgtoken.target (target_id, workspace_id) values ('new', 'acme')
pgtoken_directory insert into pgtoken.zone (target_id, zone_id) values ('lobby', 'new')
pgtoken_admin insert into pgtoken.scope (name, rank, confined) values ('root', 9, false)
pgtoken_admin update pgtoken.scope set description = 'x' where name operator(pg_catalog.=) 'review'::pg_catalog.text
pgtoken_admin delete from pgtoken.permission where name operator(pg_catalog.=) 'audit'::pg_catalog.text";
