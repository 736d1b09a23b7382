//! The settings that bound life and number of tokens: max_ttl, default_ttl, max_tokens_per_user.
use pgtoken_tests::{Acme, outcome, wait_until};
use std::time::Duration;

/// Days from issue to expiry, or `∅`, of a token issued with these arguments.
fn days(acme: &mut Acme, arguments: &str) -> String {
    acme.row(&format!(
        "select round(extract(epoch from expires_at - created_at) / 86400)
         from pgtoken.issue_token('t', 'olga'{arguments})"
    ))
}

#[test]
fn a_token_lives_for_ever_unless_a_setting_or_argument_says_otherwise() {
    let mut acme = Acme::new();
    assert_eq!(days(&mut acme, ""), "∅");
    assert_eq!(days(&mut acme, ", ttl => '3 days'"), "3");
}

#[test]
fn default_ttl_is_for_whoever_says_nothing() {
    let mut acme = Acme::new();
    acme.rows("set pgtoken.default_ttl = '30 days'");
    assert_eq!(days(&mut acme, ""), "30");
    assert_eq!(days(&mut acme, ", ttl => '40 days'"), "40");
    assert_eq!(days(&mut acme, ", expires_at => 'infinity'"), "∅");
}

#[test]
fn max_ttl_binds_what_is_asked_and_what_is_not() {
    let mut acme = Acme::new();
    acme.rows("set pgtoken.max_ttl = '30 days'");
    assert_eq!(days(&mut acme, ""), "30");
    assert_eq!(days(&mut acme, ", ttl => '30 days'"), "30");
    for (argument, value) in [
        ("ttl", "'31 days'"),
        ("expires_at", "now() + '31 days'"),
        ("expires_at", "'infinity'"),
    ] {
        let error = acme.error(&format!(
            "select pgtoken.issue_token('t', 'olga', {argument} => {value})"
        ));
        assert_eq!(error.code, "22023");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "{error}"
        );
    }
    acme.rows("set pgtoken.default_ttl = '90 days'");
    assert_eq!(days(&mut acme, ""), "30");
    acme.rows("set pgtoken.default_ttl = '5 days'");
    assert_eq!(days(&mut acme, ""), "5");
}

#[test]
fn max_ttl_binds_update_counted_from_now() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', ttl => '10 days'");
    acme.rows("set pgtoken.max_ttl = '30 days'");
    let update = |at: &str| {
        format!(
            "select pgtoken.update_token('{}', expires_at => {at})",
            token.id
        )
    };
    for at in ["now() + '31 days'", "'infinity'"] {
        let error = acme.error(&update(at));
        assert_eq!(error.code, "22023");
        assert!(error.message.starts_with("expires_at: "), "{error}");
    }
    assert_eq!(acme.outcome(&update("now() + '29 days'")), "ok");
}

#[test]
fn max_ttl_binds_rotation_and_shortens_what_would_be_inherited() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'");
    acme.rows("set pgtoken.max_ttl = '30 days'");
    for more in ["ttl => '31 days'", "expires_at => 'infinity'"] {
        let error = acme.error(&format!(
            "select pgtoken.rotate_token('{}', {more})",
            token.id
        ));
        assert_eq!(error.code, "22023", "{more}");
    }
    let days = acme.row(&format!(
        "select round(extract(epoch from expires_at - created_at) / 86400) from pgtoken.rotate_token('{}')",
        token.id
    ));
    assert_eq!(days, "30");
}

#[test]
fn limits_are_a_superusers_to_set() {
    let acme = Acme::new();
    let mut admin = acme.db.client_as("pgtoken_admin");
    for setting in ["max_ttl", "default_ttl", "max_tokens_per_user"] {
        assert_eq!(
            outcome(&mut admin, &format!("set pgtoken.{setting} = '1'")),
            "42501",
            "{setting}"
        );
    }
    assert_eq!(
        outcome(
            &mut admin,
            "set pgtoken.prefix = 'pv'; set pgtoken.actor = 'a'"
        ),
        "ok"
    );
}

#[test]
fn max_tokens_per_user_counts_the_live() {
    let mut acme = Acme::new();
    acme.rows("set pgtoken.max_tokens_per_user = 2");
    let issue = "select pgtoken.issue_token('t', 'olga')";
    let first = acme.issue("'t', 'olga', workspace_id => 'acme'");
    acme.issue("'t', 'olga'");
    acme.issue("'t', 'leo'");
    let error = acme.error(issue);
    assert_eq!(error.code, "22023");
    assert_eq!(
        error.message,
        "user_id: user \"olga\" has 2 live tokens and pgtoken.max_tokens_per_user allows 2"
    );
    acme.rows(&format!("select pgtoken.revoke_token('{}')", first.id));
    assert_eq!(acme.outcome(issue), "ok");
    assert_eq!(acme.outcome(issue), "22023");
}

#[test]
fn a_rotation_at_the_limit_needs_no_room_unless_both_stay() {
    let mut acme = Acme::new();
    acme.rows("set pgtoken.max_tokens_per_user = 1");
    let token = acme.issue("'t', 'olga'");
    let overlapping = format!(
        "select pgtoken.rotate_token('{}', overlap => '1 h')",
        token.id
    );
    assert_eq!(acme.outcome(&overlapping), "22023");
    assert_eq!(acme.verdict(&token, ""), "valid", "nothing was written");
    assert_eq!(
        acme.outcome(&format!("select pgtoken.rotate_token('{}')", token.id)),
        "ok"
    );
}

#[test]
fn two_issues_at_once_do_not_share_the_last_place() {
    let mut acme = Acme::new();
    acme.rows(
        "set pgtoken.max_tokens_per_user = 1; begin; select pgtoken.issue_token('t', 'olga')",
    );
    let mut other = acme.db.client();
    let pid = pgtoken_tests::row(&mut other, "select pg_backend_pid()");
    let late = std::thread::spawn(move || {
        pgtoken_tests::rows(&mut other, "set pgtoken.max_tokens_per_user = 1");
        outcome(&mut other, "select pgtoken.issue_token('t', 'olga')")
    });
    wait_until(Duration::from_secs(20), "the other issue waits", || {
        acme.row(&format!("select cardinality(pg_blocking_pids({pid})) > 0")) == "t"
    });
    acme.rows("commit");
    assert_eq!(late.join().expect("the thread ends"), "22023");
}
