//! Importing tokens of another system by their digest.
use pgtoken_tests::{Acme, outcome, row, wait_until};
use std::time::Duration;

fn import(arguments: &str) -> String {
    format!("select pgtoken.import_token({arguments})")
}

#[test]
fn an_imported_token_keeps_everything_it_had() {
    let mut acme = Acme::new();
    acme.rows(
        "select pgtoken.import_token(sha256('st_old'), 'olga', ' Old ', 'st_o', 'agency', 'acme', '{upload,upload}',
            '{\"windows\": [\"main\"]}', true, '2020-01-01', 'Ada', '2999-01-01', null, null, '2024-05-06', 7,
            '{10.0.0.0/8}', 5, '1 h', '{\"a\": 1}', '11111111-2222-3333-4444-555555555555', 'sha256', 'Grace')",
    );
    let kept = acme.row(
        "select id, digest_rule, start, name, user_id, workspace_id, scope, permissions, grants, auto_publish,
                created_at::date, created_by, expires_at::date, last_used_at::date, use_count, allowed_addrs,
                rate_limit, rate_window_seconds, metadata, state, revoked_at
         from pgtoken.tokens",
    );
    let expected = "11111111-2222-3333-4444-555555555555|sha256|st_o|Old|olga|acme|agency|{upload}\
                    |{\"windows\": [\"main\"]}|t|2020-01-01|Ada|2999-01-01|2024-05-06|7|{10.0.0.0/8}|5|3600\
                    |{\"a\": 1}|active|∅";
    assert_eq!(kept, expected);
    let code = acme.row(
        "select code, zone from pgtoken.verify_token('st_old', 'agency', target => 'windows', client_addr => '10.1.2.3')",
    );
    assert_eq!(code, "valid|main");
    let event = acme.row("select kind, actor, detail from pgtoken.event");
    assert_eq!(
        event,
        "imported|Grace|{\"scope\": \"agency\", \"start\": \"st_o\"}"
    );
}

#[test]
fn defaults_are_those_of_a_new_token() {
    let mut acme = Acme::new();
    let row = acme.row(
        "select scope, permissions, grants, auto_publish, created_at > now() - interval '1 min', created_by,
                expires_at, start, last_used_at, use_count, allowed_addrs, rate_limit, metadata, state
         from pgtoken.import_token(sha256('x'), 'olga', 'old')",
    );
    assert_eq!(row, "read|{}|{}|f|t|postgres|∅|∅|∅|0|{}|∅|{}|active");
}

#[test]
fn importing_again_changes_nothing_and_returns_the_first_row() {
    let mut acme = Acme::new();
    acme.rows(&import("sha256('x'), 'olga', 'old', use_count => 3"));
    let before = acme.counts();
    let again = acme.row(
        "select name, user_id, scope, use_count
         from pgtoken.import_token(sha256('x'), 'mia', 'new', scope => 'full', use_count => 9)",
    );
    assert_eq!(again, "old|olga|read|3");
    assert_eq!(acme.counts(), before);
}

#[test]
fn an_issued_token_is_not_imported_over() {
    let mut acme = Acme::new();
    let token = acme.issue("'issued', 'olga'");
    let name = acme.row(&format!(
        "select name from pgtoken.import_token(sha256('{}'), 'mia', 'x')",
        token.text
    ));
    assert_eq!(name, "issued");
}

#[test]
fn a_concurrent_twin_waits_and_returns_the_first_row() {
    let mut acme = Acme::new();
    acme.rows(&format!(
        "begin; {}",
        import("sha256('x'), 'olga', 'first'")
    ));
    let mut other = acme.db.client();
    let pid = row(&mut other, "select pg_backend_pid()");
    let twin = std::thread::spawn(move || {
        row(
            &mut other,
            "select name from pgtoken.import_token(sha256('x'), 'olga', 'second')",
        )
    });
    wait_until(Duration::from_secs(20), "the twin waits", || {
        acme.row(&format!("select cardinality(pg_blocking_pids({pid})) > 0")) == "t"
    });
    acme.rows("commit");
    assert_eq!(twin.join().expect("the twin ends"), "first");
    assert_eq!(acme.row("select count(*) from pgtoken.event"), "1");
}

#[test]
fn dead_tokens_are_records() {
    let mut acme = Acme::new();
    let mut state = |arguments: &str| {
        acme.row(&format!(
            "select state, revoked_at::date, revoke_reason from pgtoken.import_token({arguments})"
        ))
    };
    assert_eq!(
        state("sha256('a'), 'olga', 'a', revoked_at => '2021-02-03', revoke_reason => ' left '"),
        "revoked|2021-02-03|left"
    );
    assert_eq!(
        state("sha256('b'), 'olga', 'b', expires_at => '2021-02-03'"),
        "expired|∅|∅"
    );
    assert_eq!(
        state(
            "sha256('d'), 'olga', 'd', scope => 'agency', workspace_id => 'acme', expires_at => '2021-02-03'"
        ),
        "expired|∅|∅"
    );
    for (text, code) in [("a", "revoked"), ("b", "expired"), ("d", "expired")] {
        assert_eq!(
            acme.row(&format!("select code from pgtoken.verify_token('{text}')")),
            code
        );
    }
}

#[test]
fn tokens_beyond_their_owners_authority_are_suspended_until_it_suffices() {
    let mut acme = Acme::new();
    for (text, arguments) in [
        ("disabled", "'dora', 't', workspace_id => 'acme'"),
        ("stranger", "'stan', 't', workspace_id => 'acme'"),
        ("shut", "'olga', 't', workspace_id => 'shut'"),
        (
            "low",
            "'leo', 't', scope => 'agency', workspace_id => 'acme', grants => '{\"lobby\": true}'",
        ),
    ] {
        let state = acme.row(&format!(
            "select state from pgtoken.import_token(sha256('{text}'), {arguments})"
        ));
        assert_eq!(state, "suspended", "{text}");
    }
    acme.rows(
        "update pgtoken.app_user set disabled_at = null;
         update pgtoken.workspace set disabled_at = null;
         insert into pgtoken.member values ('acme', 'stan', 'read', false);
         update pgtoken.member set scope = 'write' where user_id = 'leo'",
    );
    assert_eq!(
        acme.rows("select distinct state from pgtoken.tokens"),
        ["active"]
    );
}

#[test]
fn a_ladder_scope_above_the_owners_counts_as_the_owners() {
    let mut acme = Acme::new();
    acme.rows(&import(
        "sha256('x'), 'leo', 't', scope => 'full', workspace_id => 'acme'",
    ));
    assert_eq!(
        acme.row("select valid, scope from pgtoken.verify_token('x')"),
        "t|read"
    );
}

#[test]
fn settings_that_bind_new_tokens_do_not_bind_old_ones() {
    let mut acme = Acme::new();
    acme.rows("set pgtoken.max_ttl = '1 day'; set pgtoken.max_tokens_per_user = 1");
    for text in ["a", "b"] {
        assert_eq!(
            acme.outcome(&import(&format!("sha256('{text}'), 'olga', 't'"))),
            "ok"
        );
    }
    assert_eq!(
        acme.rows("select distinct expires_at from pgtoken.tokens"),
        ["∅"]
    );
}

#[test]
fn any_uuid_can_be_the_id_once() {
    let mut acme = Acme::new();
    let id = "00000000-0000-0000-0000-000000000000";
    assert_eq!(
        acme.outcome(&import(&format!("sha256('a'), 'olga', 't', id => '{id}'"))),
        "ok"
    );
    let error = acme.error(&import(&format!("sha256('b'), 'olga', 't', id => '{id}'")));
    assert_eq!(error.code, "22023");
    assert!(error.message.starts_with("id: "), "{error}");
}

#[test]
fn what_is_refused_names_its_argument_and_writes_nothing() {
    let mut acme = Acme::new();
    let before = acme.counts();
    for (argument, arguments) in [
        ("digest", "null, 'olga', 't'"),
        ("digest", "'', 'olga', 't'"),
        ("digest", "'abc', 'olga', 't'"),
        (
            "digest",
            "convert_to(encode(sha256('x'), 'hex'), 'utf8'), 'olga', 't'",
        ),
        (
            "digest_rule",
            "sha256('x'), 'olga', 't', digest_rule => 'md5'",
        ),
        (
            "digest_rule",
            "sha256('x'), 'olga', 't', digest_rule => null",
        ),
        ("user_id", "sha256('x'), null, 't'"),
        ("user_id", "sha256('x'), 'ghost', 't'"),
        ("name", "sha256('x'), 'olga'"),
        ("name", "sha256('x'), 'olga', ' '"),
        ("start", "sha256('x'), 'olga', 't', repeat('s', 32)"),
        ("start", "sha256('x'), 'olga', 't', e'a\\nb'"),
        ("start", "sha256('short_one'), 'olga', 't', 'short_one'"),
        ("scope", "sha256('x'), 'olga', 't', scope => 'root'"),
        (
            "workspace_id",
            "sha256('x'), 'olga', 't', workspace_id => 'nowhere'",
        ),
        (
            "workspace_id",
            "sha256('x'), 'olga', 't', scope => 'agency'",
        ),
        (
            "permissions",
            "sha256('x'), 'olga', 't', permissions => '{nothing}'",
        ),
        (
            "permissions",
            "sha256('x'), 'olga', 't', permissions => '{null}'",
        ),
        (
            "grants",
            "sha256('x'), 'olga', 't', scope => 'agency', workspace_id => 'acme'",
        ),
        (
            "grants",
            "sha256('x'), 'olga', 't', scope => 'agency', workspace_id => 'acme', grants => '{\"roof\": true}'",
        ),
        (
            "grants",
            "sha256('x'), 'olga', 't', scope => 'agency', workspace_id => 'acme', grants => '{\"lobby\": []}'",
        ),
        (
            "grants",
            "sha256('x'), 'olga', 't', grants => '{\"lobby\": true}'",
        ),
        (
            "auto_publish",
            "sha256('x'), 'olga', 't', auto_publish => true",
        ),
        (
            "created_at",
            "sha256('x'), 'olga', 't', created_at => 'infinity'",
        ),
        ("created_by", "sha256('x'), 'olga', 't', created_by => ''"),
        (
            "expires_at",
            "sha256('x'), 'olga', 't', expires_at => '-infinity'",
        ),
        (
            "created_by",
            "sha256('x'), 'olga', 't', created_by => repeat('c', 201)",
        ),
        (
            "revoked_at",
            "sha256('x'), 'olga', 't', revoked_at => 'infinity'",
        ),
        (
            "revoke_reason",
            "sha256('x'), 'olga', 't', revoke_reason => 'left'",
        ),
        (
            "revoke_reason",
            "sha256('x'), 'olga', 't', revoked_at => now(), revoke_reason => repeat('r', 201)",
        ),
        ("use_count", "sha256('x'), 'olga', 't', use_count => -1"),
        (
            "allowed_addrs",
            "sha256('x'), 'olga', 't', allowed_addrs => '{null}'",
        ),
        ("rate_limit", "sha256('x'), 'olga', 't', rate_limit => 0"),
        (
            "rate_window",
            "sha256('x'), 'olga', 't', rate_limit => 1, rate_window => '32 days'",
        ),
        ("metadata", "sha256('x'), 'olga', 't', metadata => '[]'"),
        ("actor", "sha256('x'), 'olga', 't', actor => ''"),
    ] {
        let error = acme.error(&import(arguments));
        assert_eq!(error.code, "22023", "({arguments}) {error}");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "({arguments}) {error}"
        );
    }
    assert_eq!(acme.counts(), before);
}

#[test]
fn an_import_is_the_administrators_whoever_it_names() {
    let acme = Acme::new();
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    assert_eq!(
        outcome(
            &mut issuer,
            &import("sha256('x'), 'olga', 't', actor => 'olga'")
        ),
        "42501"
    );
}
