//! What verification leaves alone in its transaction, and which snapshot it answers from.
use pgtoken_tests::{READS, acme_token, code, error_of, issue, shared, wait_until};
use postgres::Client;
use serde_json::Value;
use std::time::Duration;

#[test]
fn reads_work_in_a_read_only_transaction_and_assign_no_transaction_id() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    for mode in [
        "read only",
        "read write",
        "isolation level serializable read only deferrable",
    ] {
        client
            .batch_execute(&format!("begin {mode}"))
            .expect("begin");
        for sql in READS {
            client.execute(sql, &[&token.text]).expect(sql);
            let id = "select pg_current_xact_id_if_assigned() is null";
            assert!(
                client.query_one(id, &[]).expect("row").get::<_, bool>(0),
                "{mode}: {sql}"
            );
        }
        client.batch_execute("commit").expect("commit");
    }
    client.batch_execute("begin").expect("begin");
    let require = "select from pgtoken.require_token($1, scope => 'full')";
    client.batch_execute("savepoint one").expect("savepoint");
    assert_eq!(
        error_of(client.query(require, &[&token.text])).code,
        "42501"
    );
    client.batch_execute("rollback to one").expect("rollback");
    let id = "select pg_current_xact_id_if_assigned() is null";
    assert!(client.query_one(id, &[]).expect("row").get::<_, bool>(0));
}

/// Records of WAL that this statement of this backend wrote, as its plan counts them.
#[track_caller]
fn wal_records(client: &mut Client, sql: &str) -> i64 {
    let explain = format!("explain (analyze, wal, format json) {sql}");
    let row = client.query_one(&explain, &[]).expect(sql);
    row.get::<_, Value>(0)[0]["Plan"]["WAL Records"]
        .as_i64()
        .expect("counted")
}

#[test]
fn verification_writes_no_wal() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    let sql = format!(
        "select verdict.* from generate_series(1, 1000) as n,
             lateral pgtoken.verify_token('{}' || repeat('x', n % 2), target => 'windows', zone => 'main') as verdict",
        token.text
    );
    // Reading freshly written pages may tidy them up; what verification itself writes would come every time.
    wal_records(&mut client, &sql);
    assert_eq!(wal_records(&mut client, &sql), 0);
    assert!(
        wal_records(
            &mut client,
            "insert into pgtoken.workspace (workspace_id) values ('more')"
        ) > 0
    );
}

#[test]
fn cursor_answers_with_the_snapshot_it_was_opened_with() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    let sql = "select code from generate_series(1, 3) as n,
               lateral pgtoken.verify_token($1 || repeat('', n)) as v"
        .replace("$1", &format!("'{}'", token.text));
    client
        .batch_execute(&format!(
            "begin; declare one cursor for {sql}; declare held cursor with hold for {sql}"
        ))
        .expect("declare");
    let mut fetch = |from: &str| -> Vec<String> {
        let rows = client
            .query(&format!("fetch 2 from {from}"), &[])
            .expect("fetch");
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(fetch("one"), ["valid", "valid"]);
    db.execute("select pgtoken.revoke_tokens(user_id => 'owner')");
    assert_eq!(fetch("one"), ["valid"]);
    client.batch_execute("commit").expect("commit");
    let rows = client.query("fetch all from held", &[]).expect("fetch");
    assert_eq!(rows.len(), 3);
    assert_eq!(code(&mut client, &token.text, ""), "revoked");
}

#[test]
fn expiry_is_compared_with_the_clock_and_not_with_the_transaction() {
    let db = shared().database();
    let (mut client, _) = acme_token(&db);
    for isolation in ["read committed", "repeatable read"] {
        let token = issue(
            &mut client,
            "'brief', 'owner', expires_at => clock_timestamp() + '1 s'",
        )
        .text;
        client
            .batch_execute(&format!("begin isolation level {isolation}"))
            .expect("begin");
        assert_eq!(code(&mut client, &token, ""), "valid");
        wait_until(Duration::from_secs(10), "the token expires", || {
            code(&mut client, &token, "") == "expired"
        });
        let late = "select now() < (select expires_at from pgtoken.inspect_token($1))";
        assert!(
            client
                .query_one(late, &[&token])
                .expect("row")
                .get::<_, bool>(0)
        );
        client.batch_execute("commit").expect("commit");
    }
}

#[test]
fn repeatable_read_keeps_its_snapshot_and_read_committed_does_not() {
    let db = shared().database();
    for (isolation, expected) in [
        ("read committed", "revoked"),
        ("repeatable read", "valid"),
        ("serializable", "valid"),
    ] {
        db.execute(
            "delete from pgtoken.permission; truncate pgtoken.workspace, pgtoken.app_user cascade",
        );
        let (mut client, token) = acme_token(&db);
        client
            .batch_execute(&format!("begin isolation level {isolation}"))
            .expect("begin");
        assert_eq!(code(&mut client, &token.text, ""), "valid");
        db.execute("select pgtoken.revoke_tokens(user_id => 'owner')");
        db.execute("vacuum full pgtoken.token");
        assert_eq!(code(&mut client, &token.text, ""), expected, "{isolation}");
        client.batch_execute("commit").expect("commit");
        assert_eq!(code(&mut client, &token.text, ""), "revoked");
    }
}

#[test]
fn revoke_that_is_rolled_back_takes_nothing_away() {
    let db = shared().database();
    let (mut client, token) = acme_token(&db);
    client.batch_execute("begin; savepoint one").expect("begin");
    client
        .execute("select from pgtoken.revoke_token($1)", &[&token.id])
        .expect("revoke");
    assert_eq!(code(&mut client, &token.text, ""), "revoked");
    assert_eq!(code(&mut db.client(), &token.text, ""), "valid");
    client.batch_execute("rollback to one").expect("rollback");
    assert_eq!(code(&mut client, &token.text, ""), "valid");
}
