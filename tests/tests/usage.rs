//! Use tracking and rates: what verification records, and how it reaches the tables.
use pgtoken_tests::{Cluster, Database, wait_until};
use postgres::Client;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(30);

/// A cluster that flushes often.
fn quick() -> &'static Cluster {
    static QUICK: OnceLock<Cluster> = OnceLock::new();
    QUICK.get_or_init(|| {
        Cluster::settings()
            .with("pgtoken.flush_interval", "20ms")
            .start()
    })
}

/// A cluster that does not flush unless told to.
fn slow() -> Cluster {
    Cluster::settings()
        .with("pgtoken.flush_interval", "1h")
        .start()
}

/// A database with one user, `u`.
fn database(cluster: &Cluster) -> Database<'_> {
    let db = cluster.database();
    db.execute("insert into pgtoken.app_user (user_id) values ('u')");
    db
}

/// A new token of `u` and its id; `more` are further arguments of `issue_token`.
fn issue(db: &Database<'_>, more: &str) -> (String, Uuid) {
    let issue = format!("select token, id from pgtoken.issue_token('t', 'u'{more})");
    let row = db.client().query_one(&issue, &[]).expect(&issue);
    (row.get(0), row.get(1))
}

/// Verifies and returns the code.
fn verify(client: &mut Client, token: &str) -> String {
    client
        .query_one("select code from pgtoken.verify_token($1)", &[&token])
        .expect("a verdict")
        .get(0)
}

/// Longer than any token: malformed.
fn too_long() -> String {
    "x".repeat(513)
}

fn use_count(db: &Database<'_>, id: Uuid) -> i64 {
    db.value("select use_count from pgtoken.tokens where id = $1", &[&id])
}

fn pending(db: &Database<'_>) -> i32 {
    db.value("select pending from pgtoken.usage_stats", &[])
}

fn verdicts(db: &Database<'_>, code: &str) -> i64 {
    db.value(
        "select coalesce(sum(count), 0)::bigint from pgtoken.verdict_usage where code = $1",
        &[&code],
    )
}

fn wait_for_use(db: &Database<'_>, id: Uuid, count: i64) {
    wait_until(DEADLINE, &format!("{count} uses of {id}"), || {
        use_count(db, id) == count
    });
}

fn alter(db: &Database<'_>, setting: &str) {
    db.execute(&format!("alter system set {setting}"));
    db.execute("select pg_reload_conf()");
}

#[test]
fn use_reaches_the_tables() {
    let db = database(quick());
    let (token, id) = issue(&db, "");
    let mut client = db.client();
    for _ in 0..3 {
        let verify = "select valid from pgtoken.verify_token($1, client_addr => '10.1.2.3')";
        assert!(
            client
                .query_one(verify, &[&token])
                .expect("a verdict")
                .get::<_, bool>(0)
        );
    }
    wait_for_use(&db, id, 3);
    let row = db.psql(
        "select last_used_addr, last_used_at > now() - interval '1 minute', last_denied_at is null from pgtoken.tokens",
    );
    assert_eq!(row.trim(), "10.1.2.3|t|t");
    let usage = db.psql("select sum(allowed), sum(denied), bool_and(bucket = date_trunc('hour', bucket)) from pgtoken.token_usage");
    assert_eq!(usage.trim(), "3|0|t");
    assert_eq!(verdicts(&db, "valid"), 3);
}

#[test]
fn denial_is_counted_for_the_token_and_for_the_database() {
    let db = database(quick());
    let (token, id) = issue(&db, "");
    db.execute(&format!("select pgtoken.revoke_token('{id}')"));
    let mut client = db.client();
    assert_eq!(verify(&mut client, &token), "revoked");
    assert_eq!(verify(&mut client, "pgt_nonsense"), "not_found");
    assert_eq!(verify(&mut client, "pgt_nonsense"), "not_found");
    assert_eq!(verify(&mut client, &too_long()), "malformed");
    wait_until(DEADLINE, "three codes", || {
        verdicts(&db, "revoked") == 1
            && verdicts(&db, "not_found") == 2
            && verdicts(&db, "malformed") == 1
    });
    let row =
        db.psql("select last_denied_code, use_count, last_used_at is null from pgtoken.tokens");
    assert_eq!(row.trim(), "revoked|0|t");
}

#[test]
fn use_counts_although_the_transaction_aborts_or_is_read_only() {
    let db = database(quick());
    let (token, id) = issue(&db, "");
    let mut client = db.client();
    client.batch_execute("begin").expect("begin");
    assert_eq!(verify(&mut client, &token), "valid");
    client
        .batch_execute("rollback; begin read only")
        .expect("read only");
    assert_eq!(verify(&mut client, &token), "valid");
    let xid: Option<String> = client
        .query_one("select pg_current_xact_id_if_assigned()::text", &[])
        .expect("an answer")
        .get(0);
    assert_eq!(xid, None);
    client.batch_execute("commit").expect("commit");
    wait_for_use(&db, id, 2);
}

#[test]
fn use_of_a_token_issued_in_a_transaction_still_open_is_not_lost() {
    let db = database(quick());
    let mut client = db.client();
    let mut transaction = client.transaction().expect("begin");
    let row = transaction
        .query_one("select token, id from pgtoken.issue_token('t', 'u')", &[])
        .expect("a token");
    let (token, id): (String, Uuid) = (row.get(0), row.get(1));
    transaction
        .execute("select from pgtoken.verify_token($1)", &[&token])
        .expect("a verdict");
    let flushes = "select flushes from pgtoken.usage_stats";
    let before: i64 = db.value(flushes, &[]);
    wait_until(DEADLINE, "a flush", || {
        db.value::<i64>(flushes, &[]) > before
    });
    transaction.commit().expect("commit");
    wait_for_use(&db, id, 1);
}

#[test]
fn asking_without_consuming_leaves_no_trace() {
    let db = database(quick());
    let (token, id) = issue(&db, ", rate_limit => 1, rate_window => '1 day'");
    let ask = "select code from pgtoken.verify_token($1, consume => false)";
    let mut client = db.client();
    for _ in 0..3 {
        let code: String = client.query_one(ask, &[&token]).expect("a verdict").get(0);
        assert_eq!(code, "valid");
    }
    assert_eq!(verify(&mut client, &token), "valid");
    let code: String = client.query_one(ask, &[&token]).expect("a verdict").get(0);
    assert_eq!(code, "rate_limited");
    wait_for_use(&db, id, 1);
    assert_eq!(verdicts(&db, "rate_limited"), 0);
}

#[test]
fn rate_is_exact_across_backends() {
    let db = database(quick());
    let (token, id) = issue(&db, ", rate_limit => 1000, rate_window => '1 day'");
    let verify = "select count(*) filter (where v.valid) from generate_series(1, 500) as i, pgtoken.verify_token($1, consume => i > 0) as v";
    let admitted: i64 = std::thread::scope(|scope| {
        let backends: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| db.value::<i64>(verify, &[&token])))
            .collect();
        backends
            .into_iter()
            .map(|backend| backend.join().expect("a count"))
            .sum()
    });
    assert_eq!(admitted, 1000);
    wait_for_use(&db, id, 1000);
    wait_until(DEADLINE, "the denials", || {
        verdicts(&db, "rate_limited") == 3000
    });
}

#[test]
fn limited_token_is_admitted_after_the_time_it_was_told() {
    let db = database(quick());
    let (token, _) = issue(&db, ", rate_limit => 1, rate_window => '2 seconds'");
    let mut client = db.client();
    assert_eq!(verify(&mut client, &token), "valid");
    let limited = Instant::now();
    let row = client
        .query_one(
            "select code, retry_after from pgtoken.verify_token($1)",
            &[&token],
        )
        .expect("a verdict");
    assert_eq!((row.get(0), row.get(1)), ("rate_limited", 2));
    wait_until(DEADLINE, "the token is admitted", || {
        verify(&mut client, &token) == "valid"
    });
    let waited = limited.elapsed();
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[test]
fn loosened_rate_counts_at_once() {
    let db = database(quick());
    let (token, id) = issue(&db, ", rate_limit => 1, rate_window => '31 days'");
    let mut client = db.client();
    assert_eq!(verify(&mut client, &token), "valid");
    assert_eq!(verify(&mut client, &token), "rate_limited");
    let loosen =
        "select from pgtoken.update_token($1, rate_limit => 100, rate_window => '1 second')";
    client.execute(loosen, &[&id]).expect("an update");
    wait_until(Duration::from_secs(2), "the token is admitted", || {
        verify(&mut client, &token) == "valid"
    });
}

#[test]
fn counts_are_exact_although_flush_workers_are_ended() {
    let db = database(quick());
    let tokens: Vec<(String, Uuid)> = (0..20).map(|_| issue(&db, "")).collect();
    let done = AtomicBool::new(false);
    let rounds: i64 = std::thread::scope(|scope| {
        let users: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = db.client();
                    let mut rounds = 0;
                    while !done.load(Ordering::Relaxed) {
                        for (token, _) in &tokens {
                            assert_eq!(verify(&mut client, token), "valid");
                        }
                        rounds += 1;
                    }
                    rounds
                })
            })
            .collect();
        let mut client = db.client();
        let mut ended = 0;
        let end = "select count(*) from pg_stat_activity
            where backend_type = 'pgtoken usage flush'
            and case when random() < 0.5 then pg_terminate_backend(pid) else pg_cancel_backend(pid) end";
        wait_until(DEADLINE, "five flush workers are ended", || {
            ended += client
                .query_one(end, &[])
                .expect("a count")
                .get::<_, i64>(0);
            ended >= 5
        });
        done.store(true, Ordering::Relaxed);
        users
            .into_iter()
            .map(|user| user.join().expect("rounds"))
            .sum()
    });
    for (_, id) in &tokens {
        wait_for_use(&db, *id, rounds);
    }
    assert_eq!(verdicts(&db, "valid"), 20 * rounds);
}

#[test]
fn purge_and_flush_do_not_fail_each_other() {
    let db = database(quick());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let issuer = scope.spawn(|| {
            let mut client = db.client();
            for _ in 0..200 {
                client
                    .batch_execute(
                        "select count(v.valid) from generate_series(1, 5) as i,
                            pgtoken.issue_token('t' || i, 'u', ttl => '10 ms') as t,
                            pgtoken.verify_token(t.token) as v",
                    )
                    .expect("issue and verify");
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut client = db.client();
        while !done.load(Ordering::Relaxed) {
            client
                .batch_execute("select pgtoken.purge_tokens(clock_timestamp())")
                .expect("purge");
        }
        issuer.join().expect("the issuer");
    });
}

#[test]
fn clean_restart_keeps_use_and_rates() {
    let cluster = slow();
    let db = database(&cluster);
    let (free, free_id) = issue(&db, "");
    let (limited, limited_id) = issue(&db, ", rate_limit => 2, rate_window => '1 day'");
    let mut client = db.client();
    for _ in 0..5 {
        verify(&mut client, &free);
        verify(&mut client, &limited);
    }
    verify(&mut client, &too_long());
    assert_eq!(use_count(&db, free_id), 0);
    cluster.restart();
    alter(&db, "pgtoken.flush_interval = '20ms'");
    wait_for_use(&db, free_id, 5);
    wait_for_use(&db, limited_id, 2);
    wait_until(DEADLINE, "the verdicts", || {
        verdicts(&db, "rate_limited") == 3 && verdicts(&db, "malformed") == 1
    });
    assert_eq!(verify(&mut db.client(), &limited), "rate_limited");
}

#[test]
fn saved_file_that_is_damaged_is_ignored() {
    let cluster = slow();
    let db = database(&cluster);
    let (token, id) = issue(&db, "");
    verify(&mut db.client(), &token);
    cluster.stop();
    let path = cluster.folder().join("data/pg_stat/pgtoken_usage.stat");
    let mut bytes = std::fs::read(&path).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("damaging it");
    cluster.start_again();
    assert!(cluster.log().contains("its checksum does not match"));
    assert!(!path.exists());
    assert_eq!(verify(&mut db.client(), &token), "valid");
    alter(&db, "pgtoken.flush_interval = '20ms'");
    wait_for_use(&db, id, 1);
}

#[test]
fn killed_backend_leaves_use_tracking_in_order() {
    let cluster = Cluster::settings()
        .with("pgtoken.flush_interval", "20ms")
        .start();
    let db = database(&cluster);
    let (token, id) = issue(&db, "");
    verify(&mut db.client(), &token);
    wait_for_use(&db, id, 1);
    let mut client = db.client();
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .expect("a pid")
        .get(0);
    let endless = format!(
        "select count(v.valid) from generate_series(1, 3000000) as i, pgtoken.verify_token('{token}', consume => i > 0) as v"
    );
    let busy = std::thread::spawn(move || client.batch_execute(&endless).is_err());
    wait_until(DEADLINE, "the backend is at work", || {
        use_count(&db, id) > 1
    });
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.expect("kill runs").success());
    assert!(
        busy.join().expect("no panic"),
        "the query outlived its backend"
    );
    wait_until(DEADLINE, "the server is back", || {
        cluster
            .try_connect(db.name(), "postgres")
            .is_ok_and(|mut client| client.simple_query("select").is_ok())
    });
    let before = use_count(&db, id);
    verify(&mut db.client(), &token);
    wait_for_use(&db, id, before + 1);
}

#[test]
fn full_table_admits_unlimited_tokens_uncounted_and_refuses_limited_ones() {
    let cluster = Cluster::settings()
        .with("pgtoken.flush_interval", "1h")
        .with("pgtoken.usage_slots", "16")
        .start();
    let db = database(&cluster);
    let (limited, _) = issue(&db, ", rate_limit => 100");
    let tokens: Vec<(String, Uuid)> = (0..20).map(|_| issue(&db, "")).collect();
    let mut client = db.client();
    for (token, _) in &tokens {
        assert_eq!(verify(&mut client, token), "valid");
    }
    let refused = client
        .query_one(
            "select code, retry_after from pgtoken.verify_token($1)",
            &[&limited],
        )
        .expect("a verdict");
    assert_eq!((refused.get(0), refused.get(1)), ("rate_limited", 1));
    let stats = db.psql("select slots, used, pending, refused from pgtoken.usage_stats");
    assert_eq!(stats.trim(), "16|16|16|1");
    assert!(db.value::<i64>("select uncounted from pgtoken.usage_stats", &[]) >= 4);

    alter(&db, "pgtoken.flush_interval = '20ms'");
    wait_until(DEADLINE, "everything is flushed", || pending(&db) == 0);
    let counted = "select sum(use_count)::bigint from pgtoken.token_use";
    assert_eq!(db.value::<i64>(counted, &[]), 16);
    assert_eq!(verify(&mut client, &limited), "valid");
    assert!(db.value::<i64>("select reclaimed from pgtoken.usage_stats", &[]) >= 1);
}

#[test]
fn slot_takes_at_most_128_bytes() {
    let db = database(quick());
    let bytes = "select (allocated_size / current_setting('pgtoken.usage_slots')::int)::bigint
        from pg_shmem_allocations where name = 'pgtoken usage'";
    assert!((1..=128).contains(&db.value::<i64>(bytes, &[])));
}

#[test]
fn database_in_use_is_copied_and_dropped() {
    let cluster = quick();
    let db = database(cluster);
    let (token, _) = issue(&db, "");
    for _ in 0..5 {
        let copy = format!("{}_copy", db.name());
        let mut client = db.client();
        for _ in 0..100 {
            verify(&mut client, &token);
        }
        drop(client);
        let postgres = cluster.empty_database();
        // The connection just closed may still be there for a moment; PostgreSQL itself waits 5 seconds for it.
        postgres.execute(&format!("create database {copy} template {}", db.name()));
        assert_eq!(
            verify(&mut cluster.connect(&copy, "postgres"), &token),
            "valid"
        );
        postgres.execute(&format!("drop database {copy}"));
    }
}

#[test]
fn use_is_discarded_with_the_extension() {
    let cluster = slow();
    let db = database(&cluster);
    let (token, _) = issue(&db, "");
    verify(&mut db.client(), &token);
    db.execute("drop extension pgtoken");
    let other = database(&cluster);
    alter(&other, "pgtoken.flush_interval = '20ms'");
    wait_until(DEADLINE, "the use is discarded", || pending(&other) == 0);
    assert_eq!(
        other.value::<i64>("select dropped from pgtoken.usage_stats", &[]),
        1
    );
}

#[test]
fn launcher_comes_back() {
    let cluster = Cluster::settings()
        .with("pgtoken.flush_interval", "20ms")
        .start();
    let db = database(&cluster);
    let (token, id) = issue(&db, "");
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'pgtoken usage launcher'";
    assert!(db.value::<bool>(end, &[]));
    verify(&mut db.client(), &token);
    wait_for_use(&db, id, 1);
}

#[test]
fn server_without_room_for_a_worker_keeps_counting() {
    let cluster = Cluster::settings()
        .with("pgtoken.flush_interval", "20ms")
        .with("max_worker_processes", "2")
        .start();
    let db = database(&cluster);
    let (token, _) = issue(&db, "");
    let mut client = db.client();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        assert_eq!(verify(&mut client, &token), "valid");
    }
    assert_eq!(pending(&db), 1);
}

#[test]
fn usage_bucket_follows_a_reload() {
    let cluster = Cluster::settings()
        .with("pgtoken.flush_interval", "20ms")
        .with("pgtoken.usage_bucket", "off")
        .start();
    let db = database(&cluster);
    let (token, id) = issue(&db, "");
    verify(&mut db.client(), &token);
    wait_for_use(&db, id, 1);
    let buckets = "select count(*) from pgtoken.token_usage";
    assert_eq!(db.value::<i64>(buckets, &[]), 0);
    alter(&db, "pgtoken.usage_bucket = 'day'");
    wait_until(DEADLINE, "a bucket", || {
        verify(&mut db.client(), &token);
        db.value::<i64>(buckets, &[]) == 1
    });
    let starts =
        "select bool_and(bucket = date_trunc('day', bucket, 'UTC')) from pgtoken.token_usage";
    assert!(db.value::<bool>(starts, &[]));
}

#[test]
fn usage_past_its_retention_is_deleted() {
    let db = database(quick());
    let (token, id) = issue(&db, "");
    db.execute(&format!(
        "insert into pgtoken.token_use (token_id) values ('{id}');
         insert into pgtoken.token_usage (token_id, bucket, allowed)
         select '{id}', now() - interval '91 days' - i * interval '1 hour', 1 from generate_series(1, 15000) as i;
         insert into pgtoken.verdict_usage values (now() - interval '91 days', 'valid', 1)"
    ));
    wait_until(DEADLINE, "old usage is gone", || {
        verify(&mut db.client(), &token);
        let old = "select (select count(*) from pgtoken.token_usage where bucket < now() - interval '90 days')
            + (select count(*) from pgtoken.verdict_usage where bucket < now() - interval '90 days')";
        db.value::<i64>(old, &[]) == 0
    });
}

#[test]
fn settings_refuse_what_they_cannot_mean() {
    let db = database(quick());
    for (setting, detail) in [
        ("pgtoken.max_ttl = '90 dayz'", "number of seconds"),
        ("pgtoken.max_ttl = '0'", "longer than zero"),
        ("pgtoken.default_ttl = 'soon'", "number of seconds"),
        ("pgtoken.prefix = 'Bad_'", "prefix"),
    ] {
        let complaint = db.psql_error(&format!("set {setting};"));
        assert!(complaint.contains(detail), "{setting}: {complaint}");
    }
    for value in ["90 days", "90d", "1h", "30 min", "3600", ""] {
        db.execute(&format!("set pgtoken.max_ttl = '{value}'"));
    }
    assert_eq!(db.sqlstate("set pgtoken.max_tll = '1h'"), "42602");
}
