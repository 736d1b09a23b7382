//! The numbers behind the view `usage_stats`.

use std::sync::atomic::Ordering;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::pg::shmem;

/// One row for the whole server; none where the library is not preloaded.
#[expect(clippy::type_complexity, reason = "the columns of the SQL function")]
#[pg_extern(sql = false)]
fn usage_stats() -> TableIterator<
    'static,
    (
        name!(slots, i32),
        name!(used, i32),
        name!(pending, i32),
        name!(bytes, i64),
        name!(uncounted, i64),
        name!(refused, i64),
        name!(reclaimed, i64),
        name!(dropped, i64),
        name!(flushes, i64),
        name!(flush_errors, i64),
        name!(flushed_tokens, i64),
        name!(flushed_at, Option<TimestampWithTimeZone>),
        name!(flush_ms, f64),
    ),
> {
    let row = shmem::table().map(|table| {
        let stats = table.stats();
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as i64;
        let flushed_at = stats.flushed_at.load(Ordering::Relaxed);
        (
            table.slots() as i32,
            table.used() as i32,
            table.pending_slots() as i32,
            shmem::bytes() as i64,
            read(&stats.uncounted),
            read(&stats.refused),
            read(&stats.reclaimed),
            read(&stats.dropped),
            read(&stats.flushes),
            read(&stats.flush_errors),
            read(&stats.flushed_tokens),
            Some(flushed_at)
                .filter(|&at| at != 0)
                .and_then(|at| TimestampWithTimeZone::try_from(at).ok()),
            read(&stats.flush_us) as f64 / 1000.0,
        )
    });
    TableIterator::new(row)
}

/// For the warning of CREATE EXTENSION.
#[pg_extern(sql = false)]
fn preloaded() -> bool {
    super::is_preloaded()
}
