//! Revoking: by id, by secret, in bulk.
use pgtoken_tests::{Acme, outcome, row, rows};

const ENDED: &str = "select revoked_at, revoked_by, revoke_reason from pgtoken.tokens";

#[test]
fn revoking_again_keeps_the_first_reason_time_and_actor() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', workspace_id => 'acme'");
    let state = acme.row(&format!(
        "select state, revoked_by, revoke_reason from pgtoken.revoke_token('{}', ' lost ', 'mia', 'Ada')",
        token.id
    ));
    assert_eq!(state, "revoked|Ada|lost");
    let first = acme.row(ENDED);
    for again in [
        format!("revoke_token('{}', 'other')", token.id),
        format!("revoke_token('{}')", token.id),
        format!("revoke_secret('{}', 'other')", token.text),
        format!(
            "revoke_tokens(ids => '{{{}}}', reason => 'other')",
            token.id
        ),
    ] {
        assert_eq!(
            acme.outcome(&format!("select * from pgtoken.{again}")),
            "ok",
            "{again}"
        );
        assert_eq!(acme.row(ENDED), first, "{again}");
    }
    let events = acme.rows("select kind, actor, detail from pgtoken.event order by id");
    assert_eq!(
        events,
        [
            "issued|postgres|{\"scope\": \"read\"}",
            "revoked|Ada|{\"reason\": \"lost\"}"
        ]
    );
}

#[test]
fn a_revoked_token_is_refused_in_the_next_statement_and_rolled_back_with_it() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    acme.rows(&format!(
        "begin; select pgtoken.revoke_token('{}')",
        token.id
    ));
    assert_eq!(acme.verdict(&token, ""), "revoked");
    acme.rows("rollback");
    assert_eq!(acme.verdict(&token, ""), "valid");
    acme.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    assert_eq!(acme.verdict(&token, ""), "revoked");
}

#[test]
fn expired_and_disabled_tokens_can_be_revoked() {
    let mut acme = Acme::new();
    acme.rows(
        "select pgtoken.import_token(sha256('x'), 'olga', 'old', expires_at => '2020-01-01')",
    );
    let id = acme.row("select id from pgtoken.tokens");
    assert_eq!(
        acme.row(&format!("select state from pgtoken.revoke_token('{id}')")),
        "revoked"
    );
    let off = acme.issue("'t', 'olga'").id;
    acme.rows(&format!(
        "select pgtoken.update_token('{off}', enabled => false)"
    ));
    assert_eq!(
        acme.row(&format!("select state from pgtoken.revoke_token('{off}')")),
        "revoked"
    );
}

#[test]
fn a_reason_has_at_most_200_characters() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    for call in [
        format!("revoke_token('{}', repeat('r', 201))", token.id),
        format!("revoke_secret('{}', repeat('r', 201))", token.text),
        format!(
            "revoke_tokens(ids => '{{{}}}', reason => repeat('r', 201))",
            token.id
        ),
    ] {
        let error = acme.error(&format!("select pgtoken.{call}"));
        assert_eq!(error.code, "22023");
        assert_eq!(
            error.message,
            "reason: has 201 characters; at most 200 are allowed"
        );
    }
    assert_eq!(acme.verdict(&token, ""), "valid");
    assert_eq!(
        acme.outcome(&format!(
            "select pgtoken.revoke_token('{}', repeat('é', 200))",
            token.id
        )),
        "ok"
    );
}

#[test]
fn an_unknown_id_is_not_found() {
    let mut acme = Acme::new();
    let id = "00000000-0000-0000-0000-000000000000";
    let error = acme.error(&format!("select pgtoken.revoke_token('{id}')"));
    assert_eq!(
        (error.code, error.message),
        ("P0002".into(), format!("id: not found: token {id}"))
    );
    assert_eq!(
        acme.error("select pgtoken.revoke_token()").message,
        "id: must be given"
    );
}

#[test]
fn possession_of_the_secret_is_enough_to_revoke_it() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let mut verifier = acme.db.client_as("pgtoken_verifier");
    let call = format!(
        "select name, state, revoked_by, revoke_reason from pgtoken.revoke_secret('{}', 'leaked')",
        token.text
    );
    let by = pgtoken_tests::shared().login(&["pgtoken_verifier"]);
    assert_eq!(row(&mut verifier, &call), format!("t|revoked|{by}|leaked"));
    assert_eq!(acme.verdict(&token, ""), "revoked");
    assert_eq!(
        acme.last_event(&token.id),
        format!("revoked|{by}|{{\"reason\": \"leaked\"}}")
    );
}

#[test]
fn who_revokes_by_secret_can_say_who_acts() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    acme.rows(&format!(
        "select pgtoken.revoke_secret('{}', actor => 'scanner')",
        token.text
    ));
    assert_eq!(acme.last_event(&token.id), "revoked|scanner|{}");
}

#[test]
fn whoever_keeps_the_text_to_itself_revokes_by_its_digest() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let mut verifier = acme.db.client_as("pgtoken_verifier");
    let call = format!(
        "select name, state, revoke_reason from pgtoken.revoke_digest(sha256('{}'), 'leaked', 'scanner')",
        token.text
    );
    assert_eq!(row(&mut verifier, &call), "t|revoked|leaked");
    assert_eq!(acme.verdict(&token, ""), "revoked");
    let expected = "revoked|scanner|{\"reason\": \"leaked\"}";
    assert_eq!(acme.last_event(&token.id), expected);
    for none in ["null", "''", "'\\x00'", "sha256('x')"] {
        let call = format!("select pgtoken.revoke_digest({none})");
        assert!(acme.rows(&call).is_empty(), "{none}");
    }
}

#[test]
fn what_is_no_secret_revokes_nothing() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    let almost = &token.text[..token.text.len() - 1];
    for text in [
        "",
        almost,
        &digest,
        &token.id,
        &format!(" {}", token.text),
        &"x".repeat(100_000),
    ] {
        assert!(
            acme.rows(&format!("select pgtoken.revoke_secret('{text}')"))
                .is_empty(),
            "{text:.80}"
        );
    }
    assert!(acme.rows("select pgtoken.revoke_secret(null)").is_empty());
    assert_eq!(acme.verdict(&token, ""), "valid");
}

/// Tokens by name, of several owners, workspaces, scopes and ages.
fn many() -> Acme {
    let mut acme = Acme::new();
    for arguments in [
        "'olga-acme', 'olga', 'write', 'acme'",
        "'olga-free', 'olga', 'read'",
        "'leo-acme', 'leo', 'read', 'acme'",
        "'stan-globex', 'stan', 'full', 'globex'",
        "'olga-gone', 'olga', 'read', 'acme'",
    ] {
        acme.issue(arguments);
    }
    acme.rows(
        "select pgtoken.revoke_token(id, 'before') from pgtoken.tokens where name = 'olga-gone';
         select pgtoken.import_token(sha256('a'), 'mia', 'mia-old', created_at => '2020-01-01');
         select pgtoken.import_token(sha256('b'), 'mia', 'mia-used', created_at => '2020-01-01', last_used_at => '2024-01-01');
         select pgtoken.import_token(sha256('c'), 'olga', 'olga-expired', expires_at => '2020-01-01')",
    );
    acme
}

fn names(acme: &mut Acme, filters: &str) -> Vec<String> {
    acme.rows(&format!(
        "select t.name from pgtoken.revoke_tokens({filters}, dry_run => true) as id
         join pgtoken.tokens as t using (id) order by t.name"
    ))
}

#[test]
fn filters_are_joined_by_and_and_touch_live_tokens_only() {
    let mut acme = many();
    for (filters, expected) in [
        ("user_id => 'olga'", "olga-acme olga-free"),
        ("workspace_id => 'acme'", "leo-acme olga-acme"),
        ("scope => 'read'", "leo-acme mia-old mia-used olga-free"),
        ("issued_before => '2021-01-01'", "mia-old mia-used"),
        ("unused_since => '2021-01-01'", "mia-old"),
        ("unused_since => '2025-01-01'", "mia-old mia-used"),
        ("user_id => 'olga', workspace_id => 'acme'", "olga-acme"),
        ("user_id => 'leo', scope => 'write'", ""),
        ("user_id => ''", ""),
        ("ids => '{}'", ""),
        ("ids => '{null}'", ""),
        (
            "ids => array(select id from pgtoken.tokens), scope => 'full'",
            "stan-globex",
        ),
        (
            "scope => 'read', as_user => 'mia'",
            "leo-acme mia-old mia-used",
        ),
        ("workspace_id => 'acme', as_user => 'leo'", "leo-acme"),
    ] {
        assert_eq!(names(&mut acme, filters).join(" "), expected, "{filters}");
    }
}

#[test]
fn a_dry_run_returns_what_a_run_revokes_and_writes_nothing() {
    let mut acme = many();
    let before = (acme.counts(), acme.rows(ENDED));
    let dry = acme.rows("select pgtoken.revoke_tokens(user_id => 'olga', dry_run => true)");
    assert_eq!((acme.counts(), acme.rows(ENDED)), before);
    let run = acme
        .rows("select pgtoken.revoke_tokens(user_id => 'olga', reason => 'left', actor => 'Ada')");
    assert_eq!(run, dry);
    let events = acme.rows("select token_id from pgtoken.event where actor = 'Ada' and detail = '{\"reason\": \"left\"}'");
    assert_eq!(events, run, "one event for each");
    assert!(
        acme.rows("select pgtoken.revoke_tokens(user_id => 'olga')")
            .is_empty()
    );
    let kept = acme.row("select revoke_reason from pgtoken.tokens where name = 'olga-gone'");
    assert_eq!(kept, "before");
}

#[test]
fn at_least_one_filter_must_be_given() {
    let mut acme = many();
    for arguments in [
        "",
        "reason => 'all'",
        "dry_run => true",
        "as_user => 'olga'",
    ] {
        let error = acme.error(&format!("select pgtoken.revoke_tokens({arguments})"));
        assert_eq!(error.code, "22023");
        assert!(
            error
                .message
                .starts_with("ids: at least one filter must be given"),
            "{error}"
        );
    }
}

#[test]
fn two_bulk_revocations_at_once_revoke_each_token_once() {
    let mut acme = Acme::new();
    acme.rows(
        "select from generate_series(1, 40) as n, lateral pgtoken.issue_token('t' || n, 'olga')",
    );
    let revokers: Vec<_> = (0..4)
        .map(|_| {
            let mut client = acme.db.client();
            std::thread::spawn(move || {
                rows(
                    &mut client,
                    "select pgtoken.revoke_tokens(user_id => 'olga')",
                )
                .len()
            })
        })
        .collect();
    let total: usize = revokers
        .into_iter()
        .map(|thread| thread.join().expect("no deadlock"))
        .sum();
    assert_eq!(total, 40);
    assert_eq!(
        acme.row("select count(*) from pgtoken.event where kind = 'revoked'"),
        "40"
    );
}

#[test]
fn a_revoked_owner_can_still_be_changed() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', 'write', 'acme'");
    acme.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    let mut directory = acme.db.client_as("pgtoken_directory");
    for change in [
        "update pgtoken.app_user set disabled_at = now() where user_id = 'olga'",
        "update pgtoken.member set scope = 'read' where user_id = 'olga'",
        "delete from pgtoken.member where user_id = 'olga'",
        "insert into pgtoken.member values ('acme', 'olga', 'full', false)",
    ] {
        assert_eq!(outcome(&mut directory, change), "ok", "{change}");
    }
    assert_eq!(acme.verdict(&token, ""), "revoked");
}
