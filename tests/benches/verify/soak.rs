//! What is left behind: memory of a backend after millions of verifications, and use after a clean restart.

use std::fs;

use pgtoken_tests::{Cluster, Database};

use crate::flush::{flush_interval, flushed};
use crate::load::{DRAWN, FIRST};

/// What stayed, and what did not.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// Verifications of one backend.
    pub verifications: i64,
    /// By how much its private memory grew over them, in kB.
    pub grown_kb: i64,
    /// Uses counted before a clean restart and not in the tables after it.
    pub lost: i64,
}

/// Verifications of one statement.
const STATEMENT: i64 = 100_000;
/// Statements before memory is first looked at.
const WARM_UP: i64 = 5;

/// Verifies so often on one connection, then restarts the server with uses that no table has yet.
pub fn measure(
    cluster: &Cluster,
    (tokens, database): &(u64, Database<'_>),
    verifications: i64,
) -> Soak {
    let stride = (tokens / DRAWN).max(1);
    let verify = format!(
        "select count(*) from generate_series(1, {STATEMENT}) as i,
         lateral (select pgtoken.verify_token('bench' || ({FIRST} + i * 7919 % {DRAWN} * {stride})) offset 0) as v"
    );
    let before: i64 = counted(database);
    let statements = verifications / STATEMENT;
    let mut client = database.client();
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .expect("a pid")
        .get(0);
    let mut run = |statements: i64| {
        for _ in 0..statements {
            client.query_one(&verify, &[]).expect("verify");
        }
        private_kb(pid)
    };
    let warm = run(WARM_UP);
    let grown_kb = run(statements) - warm;
    drop(client);

    flush_interval(database, "1h");
    database.value::<i64>(&verify, &[]);
    cluster.restart();
    let expected = before + (WARM_UP + statements + 1) * STATEMENT;
    Soak {
        verifications: statements * STATEMENT,
        grown_kb,
        lost: expected - counted(database),
    }
}

/// All uses that the tables have, once nothing is pending.
fn counted(database: &Database<'_>) -> i64 {
    flush_interval(database, "10ms");
    flushed(database);
    database.value(
        "select coalesce(sum(use_count), 0)::bigint from pgtoken.token_use",
        &[],
    )
}

/// Memory of a process that no other shares.
fn private_kb(pid: i32) -> i64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the backend lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .expect("Linux tells it");
    let kb = line.trim().trim_end_matches(" kB").trim();
    kb.parse().expect("a number of kB")
}
