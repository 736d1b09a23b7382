//! What a flush writes, and that verification writes nothing.

use std::time::Duration;

use pgtoken_tests::{Database, wait_until};

use crate::load::{DRAWN, FIRST};

/// The cost of flushes.
#[derive(Clone, Copy, Debug)]
pub struct Flush {
    /// Write-ahead log of 20,000 verifications, in bytes.
    pub verify_wal: i64,
    /// Write-ahead log per token of a flush whose tokens are known, right after VACUUM and CHECKPOINT, in bytes.
    pub wal_per_token: f64,
    /// Time per 1,000 tokens of that flush, in milliseconds.
    pub ms_per_1000: f64,
    /// Shared memory per slot, in bytes.
    pub slot_bytes: i64,
}

const PENDING: &str = "select pending from pgtoken.usage_stats";
const LSN: &str = "select (pg_current_wal_insert_lsn() - '0/0')::bigint";

/// Uses every drawn token, lets it be flushed, and does so again for the measure.
pub fn measure((tokens, database): &(u64, Database<'_>)) -> Flush {
    let stride = (tokens / DRAWN).max(1);
    let use_all = format!(
        "select count(*) from generate_series(0, {DRAWN} - 1) as i,
         lateral (select pgtoken.verify_token('bench' || ({FIRST} + i * {stride})) offset 0) as v"
    );
    flush_interval(database, "10ms");
    database.value::<i64>(&use_all, &[]);
    flushed(database);
    flush_interval(database, "1h");
    database.execute("vacuum");
    database.execute("checkpoint");

    let before: i64 = database.value(LSN, &[]);
    database.value::<i64>(&use_all, &[]);
    let verified: i64 = database.value(LSN, &[]);
    flush_interval(database, "10ms");
    flushed(database);
    let after: i64 = database.value(LSN, &[]);
    let ms: f64 = database.value("select flush_ms from pgtoken.usage_stats", &[]);
    Flush {
        verify_wal: verified - before,
        wal_per_token: (after - verified) as f64 / DRAWN as f64,
        ms_per_1000: ms * 1000.0 / DRAWN as f64,
        slot_bytes: database.value("select bytes / slots from pgtoken.usage_stats", &[]),
    }
}

/// Waits until no use is pending.
pub fn flushed(database: &Database<'_>) {
    wait_until(
        Duration::from_secs(60),
        "everything pending is flushed",
        || database.value::<i32>(PENDING, &[]) == 0,
    );
}

/// Sets how often uses are flushed.
pub fn flush_interval(database: &Database<'_>, interval: &str) {
    database.execute(&format!(
        "alter system set pgtoken.flush_interval = '{interval}'"
    ));
    database.execute("select pg_reload_conf()");
}
