//! request_id: the same request issues one token.
use pgtoken_tests::{Acme, error_of, outcome, row, rows, wait_until};
use std::time::Duration;

const CALL: &str = "select coalesce(token, 'again'), id from pgtoken.issue_token(
    'job', 'olga', 'write', 'acme', '{upload}', ttl => '90 days', rate_limit => 5, allowed_addrs => '{10.0.0.0/8}',
    metadata => '{\"a\": 1}', request_id => 'r-1')";

#[test]
fn the_same_call_returns_the_first_row_without_the_secret() {
    let mut acme = Acme::new();
    let first = acme.row(CALL);
    let counts = acme.counts();
    let again = acme.row(CALL);
    assert!(first.starts_with("pgt_"));
    assert_eq!(again.split_once('|').unwrap().0, "again");
    assert_eq!(
        again.split_once('|').unwrap().1,
        first.split_once('|').unwrap().1
    );
    assert_eq!(acme.counts(), counts, "no second token and no event");
}

#[test]
fn the_same_call_in_other_words_is_the_same() {
    let mut acme = Acme::new();
    acme.row(CALL);
    let same = CALL
        .replace("'job'", "'  job '")
        .replace("'{upload}'", "'{upload,upload}'")
        .replace("'{\"a\": 1}'", "'{  \"a\":1}'")
        .replace("'90 days'", "'90 d'");
    assert!(acme.row(&same).starts_with("again|"));
}

#[test]
fn other_arguments_under_the_same_id_are_refused() {
    let mut acme = Acme::new();
    acme.row(CALL);
    let before = acme.counts();
    for (old, new) in [
        ("'job'", "'other'"),
        ("'olga', 'write'", "'mia', 'write'"),
        ("'write'", "'read'"),
        ("'write'", "null"),
        ("'acme'", "null"),
        ("'{upload}'", "'{}'"),
        ("'{upload}'", "'{upload,publish}'"),
        ("'90 days'", "'91 days'"),
        ("ttl => '90 days'", "expires_at => now() + '90 days'"),
        ("ttl => '90 days', ", ""),
        ("rate_limit => 5", "rate_limit => 6"),
        ("rate_limit => 5", "rate_limit => 5, rate_window => '2 min'"),
        ("'{10.0.0.0/8}'", "'{10.0.0.0/9}'"),
        ("'{\"a\": 1}'", "'{\"a\": 2}'"),
        ("request_id", "prefix => 'pv', request_id"),
    ] {
        assert!(CALL.contains(old));
        let error = acme.error(&CALL.replacen(old, new, 1));
        assert_eq!(error.code, "22023", "{old} → {new}: {error}");
        assert!(error.message.starts_with("request_id: \"r-1\" "), "{error}");
    }
    assert_eq!(acme.counts(), before);
}

#[test]
fn grants_and_auto_publish_are_arguments_too() {
    let mut acme = Acme::new();
    let call = "select pgtoken.issue_token('t', 'olga', 'agency', 'acme', grants => '{\"lobby\": true}', request_id => 'r')";
    acme.row(call);
    assert_eq!(acme.outcome(call), "ok");
    assert_eq!(acme.outcome(&call.replace("true", "[\"left\"]")), "22023");
    assert_eq!(
        acme.outcome(&call.replace("request_id", "auto_publish => true, request_id")),
        "22023"
    );
}

#[test]
fn an_id_is_each_actors_and_each_users_own() {
    let mut acme = Acme::new();
    let call = |more: &str| {
        format!(
            "select token is null from pgtoken.issue_token('t', 'olga', workspace_id => 'acme', request_id => 'r'{more})"
        )
    };
    for more in [
        "",
        ", actor => 'Ada'",
        ", as_user => 'olga'",
        ", as_user => 'olga', actor => 'Ada'",
    ] {
        assert_eq!(acme.row(&call(more)), "f", "first{more}");
    }
    for more in [
        "",
        ", actor => 'Ada'",
        ", as_user => 'olga'",
        ", as_user => 'olga', actor => 'Ada'",
    ] {
        assert_eq!(acme.row(&call(more)), "t", "again{more}");
    }
}

#[test]
fn a_revoked_token_still_answers_its_request() {
    let mut acme = Acme::new();
    let id = acme.row(CALL).split_once('|').unwrap().1.to_owned();
    acme.rows(&format!("select pgtoken.revoke_token('{id}')"));
    assert_eq!(
        acme.row(&CALL.replace(", id", ", id, state")),
        format!("again|{id}|revoked")
    );
}

#[test]
fn a_request_that_failed_leaves_its_id_free() {
    let mut acme = Acme::new();
    assert_eq!(acme.outcome(&CALL.replace("'write'", "'full'")), "42501");
    assert!(acme.row(CALL).starts_with("pgt_"));
}

/// Starts `CALL` in a second connection while the first has issued and not committed; ends the first as told.
fn twins(end: &str, settings: &str) -> (String, Result<String, String>) {
    let mut acme = Acme::new();
    acme.rows(settings);
    acme.rows("begin");
    let first = acme.row(CALL);
    let mut other = acme.db.client();
    let pid = row(&mut other, "select pg_backend_pid()");
    let settings = settings.to_owned();
    let twin = std::thread::spawn(move || {
        rows(&mut other, &settings);
        let result = other.query_one(CALL, &[]);
        match result {
            Ok(row) => Ok(format!(
                "{}|{}",
                row.get::<_, String>(0),
                row.get::<_, uuid::Uuid>(1)
            )),
            Err(_) => Err(error_of(result).to_string()),
        }
    });
    wait_until(Duration::from_secs(20), "the twin waits", || {
        acme.row(&format!("select cardinality(pg_blocking_pids({pid})) > 0")) == "t"
    });
    acme.rows(end);
    (first, twin.join().expect("the twin ends"))
}

#[test]
fn a_concurrent_twin_waits_and_gets_the_same_row() {
    let (first, twin) = twins("commit", "select");
    let id = first.split_once('|').unwrap().1;
    assert_eq!(twin, Ok(format!("again|{id}")));
}

#[test]
fn a_concurrent_twin_of_a_rolled_back_request_issues() {
    let (first, twin) = twins("rollback", "select");
    let twin = twin.expect("issued");
    assert!(twin.starts_with("pgt_"));
    assert_ne!(twin, first);
}

#[test]
fn a_concurrent_twin_gets_the_same_row_also_where_there_is_room_for_one_token_only() {
    let (first, twin) = twins("commit", "set pgtoken.max_tokens_per_user = 1");
    let id = first.split_once('|').unwrap().1;
    assert_eq!(twin, Ok(format!("again|{id}")));
}

#[test]
fn ids_of_rotated_tokens_stay_with_the_first() {
    let mut acme = Acme::new();
    let id = acme.row(CALL).split_once('|').unwrap().1.to_owned();
    let request = acme.row(&format!(
        "select request_id from pgtoken.rotate_token('{id}')"
    ));
    assert_eq!(request, "∅");
    assert_eq!(acme.row(CALL), format!("again|{id}"));
}

#[test]
fn an_issuer_cannot_learn_of_another_users_request() {
    let mut acme = Acme::new();
    acme.row(CALL);
    let mut issuer = acme.db.client_as("pgtoken_issuer");
    let call = "select token is null from pgtoken.issue_token('t', workspace_id => 'acme', request_id => 'r-1', as_user => 'leo', actor => 'postgres')";
    assert_eq!(row(&mut issuer, call), "f");
    assert_eq!(outcome(&mut issuer, call), "ok");
}
