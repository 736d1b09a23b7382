//! Use tracking: what verification counts without writing, and how it reaches the tables.
//!
//! ```text
//! admit, deny ──► table of slots (shared memory) ──► flush worker, one per database ──► token_use, token_usage,
//!                      │         ▲                          ▲                            verdict_usage
//!                      ▼         │                          │ starts, where there is something to flush
//!                 file at shutdown and start            launcher
//! ```
//!
//! `slot`, `table` and `save` know nothing of PostgreSQL; `flush` is the only one that writes tables.
//! *Invariant:* a count leaves its slot only after the transaction that wrote it has committed.

pub mod flush;
pub mod launcher;
mod save;
mod slot;
mod stats;
mod table;

use std::sync::atomic::Ordering;

use pgrx::prelude::*;
use pgtoken_rules::{Code, Decision, Rate, retry_after};

pub use launcher::Errand;
pub use slot::{ClientAddr, Slot};
pub use table::{Header, Table};

use crate::pg::{shmem, usage_clock, usage_file};
use save::{Record, Saved};
use slot::{Key, Pinned};

/// What a limited token is told to wait when the table has no slot to count it in.
const NO_SLOT: Admission = Admission::Limited { retry_after: 1 };

/// Whether a token whose rate is asked may proceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The rate has room, or the token has none.
    Admitted,
    /// The rate is used up.
    Limited {
        /// Whole seconds to wait, at least 1.
        retry_after: i32,
    },
}

/// Whether the library came by shared_preload_libraries and so has its shared memory.
pub fn is_preloaded() -> bool {
    shmem::table().is_some()
}

/// Takes one unit of the rate, if the token has one, and counts the use, or the denial where the rate is used up.
///
/// Valid verdicts of the database are the sum over its tokens and are not counted apart.
pub fn admit(
    token: &[u8; 16],
    rate: Option<Rate>,
    client: Option<ClientAddr>,
    now: i64,
) -> Admission {
    let Some(table) = shmem::table() else {
        return Admission::Admitted;
    };
    let database = shmem::my_database();
    let slot = slot_of(table, Key::token(database, token));
    let Some(rate) = rate else {
        match slot {
            Some(slot) => count_use(table, slot, client, now),
            None => _ = table.stats().uncounted.fetch_add(1, Ordering::Relaxed),
        }
        return Admission::Admitted;
    };
    let Some(slot) = slot else {
        table.stats().refused.fetch_add(1, Ordering::Relaxed);
        count_verdict(table, database, Code::RateLimited, now);
        return NO_SLOT;
    };
    match slot.take_rate(rate, usage_clock::monotonic) {
        Decision::Admitted { .. } => {
            count_use(table, slot, client, now);
            Admission::Admitted
        }
        Decision::Limited { wait, .. } => {
            slot.add_denials(1, now, Code::RateLimited);
            count_verdict(table, database, Code::RateLimited, now);
            Admission::Limited {
                retry_after: retry_after(wait),
            }
        }
    }
}

/// What [`admit`] would answer; takes nothing and counts nothing.
pub fn would_admit(token: &[u8; 16], rate: Option<Rate>) -> Admission {
    let (Some(table), Some(rate)) = (shmem::table(), rate) else {
        return Admission::Admitted;
    };
    let Some(slot) = table.find(Key::token(shmem::my_database(), token)) else {
        return if table.is_full(usage_clock::monotonic) {
            NO_SLOT
        } else {
            Admission::Admitted
        };
    };
    match slot.ask_rate(rate, usage_clock::monotonic) {
        Decision::Admitted { .. } => Admission::Admitted,
        Decision::Limited { wait, .. } => Admission::Limited {
            retry_after: retry_after(wait),
        },
    }
}

/// Counts a denial: of the token if it is genuine, and of the database's verdicts.
pub fn deny(token: Option<&[u8; 16]>, code: Code, now: i64) {
    let Some(table) = shmem::table() else { return };
    let database = shmem::my_database();
    if let Some(token) = token
        && let Some(slot) = slot_of(table, Key::token(database, token))
    {
        slot.add_denials(1, now, code);
    }
    count_verdict(table, database, code, now);
}

/// Reads what the last shutdown saved. Runs in the postmaster, before there are others.
pub fn load() {
    let bytes = match usage_file::take() {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return,
        Err(error) => {
            log!(
                "pgtoken: could not read file \"{}\": {error}",
                usage_file::path()
            );
            return;
        }
    };
    match save::decode(&bytes) {
        Ok(saved) => restore(&saved),
        Err(reason) => log!(
            "pgtoken: ignoring file \"{}\": {reason}",
            usage_file::path()
        ),
    }
}

/// Saves what is not flushed. Runs in the postmaster, after all others have ended.
pub fn save() {
    let Some(table) = shmem::table() else { return };
    let records: Vec<Record> = table
        .contents(usage_clock::monotonic())
        .map(|(key, pending, rate_ahead)| Record {
            key,
            uses: pending.map_or(0, |pending| pending.uses),
            last_used_at: pending.map_or(0, |pending| pending.last_used_at),
            addr: pending.and_then(|pending| pending.addr),
            denied: pending.map_or(0, |pending| pending.denied),
            last_denied: pending.and_then(|pending| pending.last_denied),
            rate_ahead,
        })
        .collect();
    if records.is_empty() {
        return;
    }
    if let Err(error) = usage_file::put(&save::encode(&Saved {
        at: usage_clock::wall(),
        records,
    })) {
        log!(
            "pgtoken: could not write file \"{}\": {error}",
            usage_file::path()
        );
    }
}

fn restore(saved: &Saved) {
    let Some(table) = shmem::table() else { return };
    let now = usage_clock::monotonic();
    let elapsed = usage_clock::wall().saturating_sub(saved.at).max(0) as u64 * 1000;
    let mut lost = 0;
    for record in &saved.records {
        let Some(slot) = slot_of(table, record.key) else {
            lost += 1;
            continue;
        };
        slot.restore_rate(now + record.rate_ahead.saturating_sub(elapsed));
        if let Some((at, code)) = record.last_denied {
            slot.add_denials(record.denied, at, code);
        }
        slot.add_uses(record.uses, record.last_used_at, record.addr);
    }
    if lost > 0 {
        log!(
            "pgtoken: usage of {lost} tokens is lost, because pgtoken.usage_slots is smaller than it was"
        );
    }
    table.touch();
}

fn slot_of(table: Table, key: Key) -> Option<Pinned<'static>> {
    let was_full = table.is_full(usage_clock::monotonic);
    let take = || table.find_or_take(key, usage_clock::monotonic, shmem::lock);
    let slot = take();
    // A standby flushes nothing: there a full table forgets its uses, and keeps the rates.
    if slot.is_none() && !was_full && shmem::in_recovery() {
        table.forget_uses(shmem::lock);
        return take();
    }
    slot
}

fn count_use(table: Table, slot: Pinned<'static>, client: Option<ClientAddr>, now: i64) {
    slot.used(now, client);
    table.touch();
}

fn count_verdict(table: Table, database: u32, code: Code, now: i64) {
    match slot_of(table, Key::verdict(database, code)) {
        Some(slot) => count_use(table, slot, None, now),
        None => _ = table.stats().uncounted.fetch_add(1, Ordering::Relaxed),
    }
}
