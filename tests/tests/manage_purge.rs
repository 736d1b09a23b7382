//! Purging: deleting what has long ended, in batches.
use pgtoken_tests::{Acme, outcome, row, shared};

/// Two tokens that ended in 2020, one that was revoked now, one that expires in a day, one for ever.
fn old_and_new() -> Acme {
    let mut acme = Acme::new();
    acme.rows(
        "select pgtoken.import_token(sha256('a'), 'olga', 'expired', expires_at => '2020-01-01', last_used_at => '2019-01-01');
         select pgtoken.import_token(sha256('b'), 'olga', 'revoked', revoked_at => '2020-06-01');
         select pgtoken.issue_token('soon', 'olga', ttl => '1 day');
         select pgtoken.issue_token('for ever', 'olga');
         select pgtoken.issue_token('now', 'olga');
         select pgtoken.revoke_token(id) from pgtoken.tokens where name = 'now'",
    );
    acme
}

fn names(acme: &mut Acme) -> String {
    acme.rows("select name from pgtoken.tokens order by name")
        .join(", ")
}

#[test]
fn tokens_that_ended_before_go_and_all_others_stay() {
    let mut acme = old_and_new();
    assert_eq!(acme.row("select pgtoken.purge_tokens('2020-03-01')"), "1");
    assert_eq!(names(&mut acme), "for ever, now, revoked, soon");
    assert_eq!(acme.row("select pgtoken.purge_tokens('2021-01-01')"), "1");
    assert_eq!(acme.row("select pgtoken.purge_tokens('2021-01-01')"), "0");
    assert_eq!(names(&mut acme), "for ever, now, soon");
    assert_eq!(
        acme.row("select pgtoken.purge_tokens(clock_timestamp())"),
        "1"
    );
    assert_eq!(names(&mut acme), "for ever, soon");
}

#[test]
fn a_live_token_is_never_purged() {
    for before in ["'infinity'", "now() + '10 years'"] {
        let mut acme = old_and_new();
        acme.outcome(&format!("select pgtoken.purge_tokens({before})"));
        let left = names(&mut acme);
        assert!(
            left.contains("for ever") && left.contains("soon"),
            "{before}: {left}"
        );
    }
}

#[test]
fn a_token_that_was_revoked_long_before_it_would_expire_counts_from_then() {
    let mut acme = Acme::new();
    acme.rows("select pgtoken.import_token(sha256('a'), 'olga', 'a', expires_at => '2999-01-01', revoked_at => '2020-01-01')");
    assert_eq!(acme.row("select pgtoken.purge_tokens('2021-01-01')"), "1");
}

#[test]
fn at_most_max_rows_go_and_the_caller_repeats() {
    let mut acme = Acme::new();
    acme.rows(
        "select from generate_series(1, 25) as n,
         lateral pgtoken.import_token(sha256(n::text::bytea), 'olga', 'old', expires_at => '2020-01-01')",
    );
    let purge = "select pgtoken.purge_tokens('2021-01-01', 10)";
    assert_eq!(
        [
            acme.row(purge),
            acme.row(purge),
            acme.row(purge),
            acme.row(purge)
        ],
        ["10", "10", "5", "0"]
    );
}

#[test]
fn events_of_purged_tokens_stay_and_tell_who_purged_them() {
    let mut acme = old_and_new();
    let mut admin = acme.db.client_as("pgtoken_admin");
    assert_eq!(
        row(&mut admin, "select pgtoken.purge_tokens('2021-01-01')"),
        "2"
    );
    let events = acme.rows("select kind, token_name, user_id, actor from pgtoken.event where kind = 'deleted' order by token_name");
    let login = shared().login(&["pgtoken_admin"]);
    assert_eq!(
        events,
        [
            format!("deleted|expired|olga|{login}"),
            format!("deleted|revoked|olga|{login}")
        ]
    );
    assert_eq!(
        acme.row("select count(*) from pgtoken.event where kind = 'imported'"),
        "2"
    );
}

#[test]
fn purging_takes_grants_and_use_along() {
    let mut acme = Acme::new();
    acme.rows(
        "select pgtoken.import_token(sha256('a'), 'olga', 't', scope => 'agency', workspace_id => 'acme',
            grants => '{\"windows\": [\"main\"]}', expires_at => '2020-01-01', use_count => 3);
         select pgtoken.purge_tokens('2021-01-01')",
    );
    for table in ["token", "token_target", "token_zone", "token_use"] {
        assert_eq!(
            acme.row(&format!("select count(*) from pgtoken.{table}")),
            "0",
            "{table}"
        );
    }
    assert_eq!(
        acme.rows("select kind from pgtoken.event order by id"),
        ["imported", "deleted"]
    );
}

#[test]
fn bad_values_are_refused() {
    let mut acme = Acme::new();
    for (argument, call) in [
        ("ended_before", "purge_tokens()"),
        ("max_rows", "purge_tokens(now(), 0)"),
        ("max_rows", "purge_tokens(now(), -1)"),
        ("before", "purge_events()"),
        ("max_rows", "purge_events(now(), 0)"),
    ] {
        let error = acme.error(&format!("select pgtoken.{call}"));
        assert_eq!(error.code, "22023", "{call}");
        assert!(
            error.message.starts_with(&format!("{argument}: ")),
            "{error}"
        );
    }
}

#[test]
fn purge_events_is_whosoever_the_owner_grants_it_to() {
    let mut acme = old_and_new();
    let mut admin = acme.db.client_as("pgtoken_admin");
    assert_eq!(
        outcome(&mut admin, "select pgtoken.purge_events(now())"),
        "42501"
    );
    let count = acme.row("select count(*) from pgtoken.event");
    acme.rows("grant execute on function pgtoken.purge_events to pgtoken_admin");
    assert_eq!(
        row(&mut admin, "select pgtoken.purge_events('2020-01-01')"),
        "0"
    );
    assert_eq!(
        row(
            &mut admin,
            "select pgtoken.purge_events(clock_timestamp(), 2)"
        ),
        "2"
    );
    let left: i64 = count.parse::<i64>().expect("a number") - 2;
    assert_eq!(
        row(&mut admin, "select pgtoken.purge_events(clock_timestamp())"),
        left.to_string()
    );
}
