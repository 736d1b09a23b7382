//! Maintenance of pgtoken's tables while tokens are verified.
use pgtoken_tests::{ACME, Database, error_of, issue, shared};
use postgres::Client;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const TABLES: [&str; 7] = [
    "token",
    "token_target",
    "token_zone",
    "target",
    "zone",
    "scope",
    "permission",
];

/// Statements that rewrite the tables and indexes that a verification reads.
fn maintenance() -> Vec<String> {
    let mut statements = Vec::new();
    for table in TABLES {
        statements.push(format!("reindex table concurrently pgtoken.{table}"));
        statements.push(format!("reindex table pgtoken.{table}"));
        statements.push(format!("vacuum full pgtoken.{table}"));
        statements.push(format!("vacuum analyze pgtoken.{table}"));
    }
    for (table, index) in [
        ("token", "token_digest_key"),
        ("token_zone", "token_zone_pkey"),
        ("zone", "zone_pkey"),
    ] {
        statements.push(format!("cluster pgtoken.{table} using {index}"));
    }
    statements
}

/// Confined tokens, every second of them revoked, in the order of issue.
fn tokens(client: &mut Client, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| {
            let token = issue(
                client,
                r#"'one', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main"], "lobby": true}'"#,
            );
            if i % 2 == 1 {
                let revoke = "select from pgtoken.revoke_token($1)";
                client.execute(revoke, &[&token.id]).expect("revoke");
            }
            token.text
        })
        .collect()
}

/// Verifies all tokens by one call and by single ones until told to stop; returns how many rounds it made.
fn verify_until(done: &AtomicBool, db: &Database<'_>, tokens: &[String]) -> usize {
    let mut client = db.client();
    let bulk = "select array_agg(code order by n) from pgtoken.verify_tokens($1::text[],
                    targets => array_fill('windows'::text, array[cardinality($1::text[])]))";
    let single = "select array_agg(v.code order by n) from unnest($1::text[]) with ordinality as t (token, n),
                      lateral pgtoken.verify_token(token, target => 'lobby', zone => 'wall') as v";
    let expected: Vec<&str> = (0..tokens.len())
        .map(|i| ["valid", "revoked"][i % 2])
        .collect();
    let mut rounds = 0;
    while !done.load(Ordering::Relaxed) || rounds == 0 {
        for sql in [bulk, single] {
            let row = client
                .query_one(sql, &[&tokens])
                .unwrap_or_else(|error| panic!("round {rounds}: {:?}", error.as_db_error()));
            assert_eq!(row.get::<_, Vec<String>>(0), expected, "round {rounds}");
        }
        rounds += 1;
    }
    rounds
}

#[test]
fn maintenance_under_concurrent_verification_gives_no_error_and_no_wrong_verdict() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let tokens = tokens(&mut client, 40);
    let (done, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let made = verify_until(&done, &db, &tokens);
                rounds.fetch_add(made, Ordering::Relaxed);
            });
        }
        // Rows that move leave chains of versions behind, which maintenance has to tidy up.
        scope.spawn(|| {
            let mut client = db.client();
            while !done.load(Ordering::Relaxed) {
                for scope in ["write", "full"] {
                    let update = "update pgtoken.member set scope = $1 where user_id = 'owner'";
                    client.execute(update, &[&scope]).expect("update");
                }
            }
        });
        let maintainer = scope.spawn(|| {
            for _ in 0..2 {
                for statement in maintenance() {
                    client.batch_execute(&statement).expect(&statement);
                }
            }
        });
        // The others are told to stop also where it fails.
        let result = maintainer.join();
        done.store(true, Ordering::Relaxed);
        result.expect("maintenance succeeds");
    });
    assert!(rounds.into_inner() >= 30);
}

#[test]
fn answers_of_a_bulk_call_outlive_a_rewrite_of_the_table() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    // Too large for its row and incompressible, so that it is stored apart.
    let token = issue(
        &mut client,
        "'one', 'owner', metadata => (select jsonb_object_agg(n, sha256(n::text::bytea)) from generate_series(1, 45) as n)",
    )
    .text;
    let whole: String = db.value("select metadata::text from pgtoken.tokens", &[]);
    for (rewrite, call) in [
        ("vacuum full pgtoken.token", "verify_tokens(array[$1, $1])"),
        (
            "cluster pgtoken.token using token_pkey",
            "verify_digests(array_fill(sha256(convert_to($1, 'UTF8')), array[2]))",
        ),
        (
            "vacuum full pgtoken.token",
            "verify_token($1), generate_series(1, 2)",
        ),
        ("delete from pgtoken.token", "verify_tokens(array[$1, $1])"),
    ] {
        let sql = format!("declare answers cursor for select metadata::text from pgtoken.{call}")
            .replace("$1", &format!("'{token}'"));
        client
            .batch_execute(&format!("begin; {sql}"))
            .expect("declare");
        for _ in 0..2 {
            let row = client
                .query_one("fetch answers", &[])
                .unwrap_or_else(|error| panic!("{call}: {:?}", error.as_db_error()));
            assert_eq!(row.get::<_, &str>(0), whole);
            db.execute(rewrite);
            db.execute("vacuum pgtoken.token");
        }
        client.batch_execute("rollback").expect("rollback");
    }
}

#[test]
fn verification_waits_for_a_rewrite_and_then_sees_what_its_snapshot_sees() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'");
    let mut rewriter = db.client();
    rewriter
        .batch_execute("begin; cluster pgtoken.token using token_digest_key")
        .expect("cluster");
    client
        .batch_execute("set lock_timeout = '10ms'")
        .expect("set");
    let sql = "select code from pgtoken.verify_token($1)";
    assert_eq!(
        error_of(client.query_one(sql, &[&token.text])).code,
        "55P03"
    );
    client.batch_execute("reset lock_timeout").expect("reset");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let row = client.query_one(sql, &[&token.text]).expect("row");
            row.get::<_, String>(0)
        });
        let blocked = "select count(*) from pg_locks where not granted and relation = 'pgtoken.token'::regclass";
        pgtoken_tests::wait_until(Duration::from_secs(10), "the verification waits", || {
            db.value::<i64>(blocked, &[]) == 1
        });
        rewriter.batch_execute("commit").expect("commit");
        assert_eq!(waiting.join().expect("no panic"), "valid");
    });
}
