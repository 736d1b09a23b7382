//! The flush worker: one visit to one database.
//!
//! # Locks
//!
//! Management locks directory rows, then tokens by id, then what hangs on them.
//! A flush locks only the tokens whose first row of `token_use` or of the bucket it inserts, by id, and skips those
//! that somebody else holds; it then writes `token_use` and `token_usage` by id.
//! What it waits for beyond that, it gives up on before PostgreSQL would look for a deadlock: management never pays.
//! The lock on the extension itself keeps two flushes and a flush and DROP EXTENSION apart.
//!
//! # Counts
//!
//! Counts are read, written and committed, and only then taken away from their slots.
//! A worker that ends before the commit has changed nothing; between commit and taking away it cannot be interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pgrx::bgworkers::BackgroundWorker;
use pgrx::datum::{TimestampWithTimeZone, Uuid};
use pgrx::prelude::*;
use pgrx::spi::{SpiClient, SpiResult};
use pgtoken_rules::Code;

use super::launcher::{Errand, outcome};
use super::slot::Pending;
use super::table::Table;
use crate::pg::{guc, shmem, usage_clock, worker};
use crate::settings::{self, UsageBucket};

/// Tokens per transaction: as many as the table has by default.
const BATCH: usize = 65_536;
/// Rows of one table past retention that one visit deletes.
const DELETE_BATCH: i64 = 10_000;
/// The longest wait for any lock, in milliseconds; never longer than half of `deadlock_timeout`.
const LONGEST_LOCK_WAIT: i32 = 500;
/// Uses of a token that is not to be seen are kept this long, as the transaction that issues it may still be open.
const UNSEEN_GRACE: Duration = Duration::from_secs(60);

/// What the database or its owner may have set otherwise.
const PINNED: [(&std::ffi::CStr, &std::ffi::CStr); 9] = [
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"default_transaction_read_only", c"off"),
    (c"default_transaction_isolation", c"read committed"),
    (c"session_replication_role", c"origin"),
    // The flush is durable here; it never waits for a standby.
    (c"synchronous_commit", c"local"),
    // Half of what a flush writes after a checkpoint is images of pages.
    (c"wal_compression", c"on"),
    // Rows are locked in the order of ids: batches arrive sorted, and the other joins keep that order.
    (c"enable_hashjoin", c"off"),
    (c"jit", c"off"),
    (c"max_parallel_workers_per_gather", c"0"),
];

const MISSING_ROWS: &str = "
    select b.n::int4, u.token_id is null, b.bucket is not null and g.token_id is null
    from unnest($1::uuid[], $2::timestamptz[]) with ordinality as b (token_id, bucket, n)
    left join pgtoken.token_use u on u.token_id = b.token_id
    left join pgtoken.token_usage g on g.token_id = b.token_id and g.bucket = b.bucket
    where u.token_id is null or (b.bucket is not null and g.token_id is null)";

const LOCK_TOKENS: &str = "
    select t.id
    from pgtoken.token t
    where t.id = any ($1)
    order by t.id
    for key share skip locked";

const PRESENT_TOKENS: &str = "
    select t.id
    from pgtoken.token t
    where t.id = any ($1)";

const UPDATE_USE: &str = "
    update pgtoken.token_use u
    set use_count = u.use_count + b.uses,
        last_used_at = greatest(u.last_used_at, b.used_at),
        last_used_addr = coalesce(b.addr::inet, u.last_used_addr),
        last_denied_at = greatest(u.last_denied_at, b.denied_at),
        last_denied_code = coalesce(b.code, u.last_denied_code)
    from unnest($1::uuid[], $2::int8[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::text[])
        as b (token_id, uses, used_at, addr, denied_at, code)
    where u.token_id = b.token_id";

const INSERT_USE: &str = "
    insert into pgtoken.token_use as u
        (token_id, use_count, last_used_at, last_used_addr, last_denied_at, last_denied_code)
    select b.token_id, b.uses, b.used_at, b.addr::inet, b.denied_at, b.code
    from unnest($1::uuid[], $2::int8[], $3::timestamptz[], $4::text[], $5::timestamptz[], $6::text[])
        as b (token_id, uses, used_at, addr, denied_at, code)
    on conflict (token_id) do update
    set use_count = u.use_count + excluded.use_count,
        last_used_at = greatest(u.last_used_at, excluded.last_used_at),
        last_used_addr = coalesce(excluded.last_used_addr, u.last_used_addr),
        last_denied_at = greatest(u.last_denied_at, excluded.last_denied_at),
        last_denied_code = coalesce(excluded.last_denied_code, u.last_denied_code)";

const UPDATE_USAGE: &str = "
    update pgtoken.token_usage g
    set allowed = g.allowed + b.allowed,
        denied = g.denied + b.denied
    from unnest($1::uuid[], $2::timestamptz[], $3::int8[], $4::int8[]) as b (token_id, bucket, allowed, denied)
    where g.token_id = b.token_id and g.bucket = b.bucket";

const INSERT_USAGE: &str = "
    insert into pgtoken.token_usage as g (token_id, bucket, allowed, denied)
    select b.token_id, b.bucket, b.allowed, b.denied
    from unnest($1::uuid[], $2::timestamptz[], $3::int8[], $4::int8[]) as b (token_id, bucket, allowed, denied)
    on conflict (token_id, bucket) do update
    set allowed = g.allowed + excluded.allowed,
        denied = g.denied + excluded.denied";

const PUT_VERDICTS: &str = "
    insert into pgtoken.verdict_usage as v (bucket, code, count)
    select b.bucket, b.code, b.count
    from unnest($1::timestamptz[], $2::text[], $3::int8[]) as b (bucket, code, count)
    on conflict (bucket, code) do update
    set count = v.count + excluded.count";

const DELETE_TOKEN_USAGE: &str = "
    delete from pgtoken.token_usage
    where ctid = any (array(select g.ctid from pgtoken.token_usage g where g.bucket < $1 limit $2))";

const DELETE_VERDICT_USAGE: &str = "
    delete from pgtoken.verdict_usage
    where ctid = any (array(select v.ctid from pgtoken.verdict_usage v where v.bucket < $1 limit $2))";

/// Does the errand and says so; an error ends the process, and the launcher finds nothing said.
pub fn run(errand: Errand) {
    let Some(table) = shmem::table() else { return };
    for (name, value) in PINNED {
        guc::pin(name, value);
    }
    let wait = LONGEST_LOCK_WAIT.min(guc::deadlock_timeout() / 2).max(1);
    guc::pin(
        c"lock_timeout",
        &CString::new(wait.to_string()).expect("a number has no null character"),
    );

    let mut outcome = outcome::DONE;
    loop {
        match flush_batch(table, errand.database) {
            Batch::NoExtension => {
                table.discard(errand.database, shmem::lock);
                break;
            }
            Batch::Written { kept, full } => {
                if kept {
                    outcome |= outcome::KEPT;
                }
                if !full {
                    break;
                }
            }
        }
    }
    if errand.retention && delete_old() {
        outcome |= outcome::MORE_TO_DELETE;
    }
    table
        .outcome(errand.place)
        .store(outcome, Ordering::Release);
}

enum Batch {
    /// The extension is not in this database, or no longer.
    NoExtension,
    Written {
        /// Something stays for a later flush.
        kept: bool,
        /// There may be more to flush at once.
        full: bool,
    },
}

fn flush_batch(table: Table, database: u32) -> Batch {
    let started = usage_clock::monotonic();
    let flush = BackgroundWorker::transaction(|| {
        worker::lock_extension().then(|| {
            let pending = table.pending(database, BATCH);
            let full = pending.len() == BATCH;
            let flush = Flush::plan(pending).expect("reading what is to be flushed");
            flush.write().expect("writing what is to be flushed");
            (flush, full)
        })
    });
    // The transaction has committed. Nothing from here on can be interrupted or fail.
    let Some((flush, full)) = flush else {
        return Batch::NoExtension;
    };
    table.settle(
        flush
            .tokens
            .iter()
            .chain(&flush.dropped)
            .chain(&flush.verdicts),
    );
    flush.report(table, usage_clock::monotonic() - started);
    let settled = flush.tokens.len() + flush.dropped.len() + flush.verdicts.len();
    Batch::Written {
        kept: flush.kept,
        full: full && settled > 0,
    }
}

/// What one transaction writes.
struct Flush {
    /// Tokens to write, by id.
    tokens: Vec<Pending>,
    /// Tokens that have no row of `token_use` yet; locked.
    new_uses: BTreeSet<[u8; 16]>,
    /// Tokens that have no row of their bucket yet; locked.
    new_usages: BTreeSet<[u8; 16]>,
    /// Use of tokens that no longer exist.
    dropped: Vec<Pending>,
    verdicts: Vec<Pending>,
    /// Something stays in its slot.
    kept: bool,
    bucket: UsageBucket,
}

impl Flush {
    fn plan(pending: Vec<Pending>) -> SpiResult<Flush> {
        let bucket = settings::usage_bucket();
        let (mut tokens, verdicts): (Vec<Pending>, Vec<Pending>) = pending
            .into_iter()
            .partition(|pending| pending.key.code().is_none());
        let mut new_uses = BTreeSet::new();
        let mut new_usages = BTreeSet::new();
        let mut dropped = Vec::new();
        let mut kept = false;
        Spi::connect_mut(|client| -> SpiResult<()> {
            let ids: Vec<Uuid> = tokens.iter().map(uuid).collect();
            let buckets: Vec<_> = tokens
                .iter()
                .map(|token| bucket_of(token, bucket))
                .collect();
            for row in client.update(MISSING_ROWS, None, &[ids.into(), buckets.into()])? {
                let n = row.get::<i32>(1)?.unwrap_or_default() as usize;
                let id = token_id(&tokens[n - 1]);
                if row.get::<bool>(2)? == Some(true) {
                    new_uses.insert(id);
                }
                if row.get::<bool>(3)? == Some(true) {
                    new_usages.insert(id);
                }
            }
            let new: BTreeSet<[u8; 16]> = new_uses.union(&new_usages).copied().collect();
            let locked = ids_of(client, LOCK_TOKENS, &new)?;
            let unlocked: BTreeSet<[u8; 16]> = new.difference(&locked).copied().collect();
            if unlocked.is_empty() {
                return Ok(());
            }
            let present = ids_of(client, PRESENT_TOKENS, &unlocked)?;
            let long_ago = usage_clock::wall() - UNSEEN_GRACE.as_micros() as i64;
            tokens.retain(|token| {
                let id = token_id(token);
                if !unlocked.contains(&id) {
                    return true;
                }
                if present.contains(&id) || last_at(token) > long_ago {
                    kept = true;
                } else {
                    dropped.push(*token);
                }
                false
            });
            Ok(())
        })?;
        Ok(Flush {
            tokens,
            new_uses,
            new_usages,
            dropped,
            verdicts,
            kept,
            bucket,
        })
    }

    fn write(&self) -> SpiResult<()> {
        let by_use = |is_new: bool| {
            self.tokens
                .iter()
                .filter(move |token| self.new_uses.contains(&token_id(token)) == is_new)
        };
        let by_usage = |is_new: bool| {
            self.tokens
                .iter()
                .filter(move |token| self.new_usages.contains(&token_id(token)) == is_new)
        };
        Spi::connect_mut(|client| {
            write_uses(client, UPDATE_USE, by_use(false))?;
            write_uses(client, INSERT_USE, by_use(true))?;
            if self.bucket == UsageBucket::Off {
                return Ok(());
            }
            write_usages(client, UPDATE_USAGE, by_usage(false), self.bucket)?;
            write_usages(client, INSERT_USAGE, by_usage(true), self.bucket)?;
            self.write_verdicts(client)
        })
    }

    /// Valid verdicts are the uses of all tokens, of those no longer there too; the others have their own counters.
    fn write_verdicts(&self, client: &mut SpiClient<'_>) -> SpiResult<()> {
        let mut counts: BTreeMap<(i64, &str), i64> = BTreeMap::new();
        for pending in self
            .tokens
            .iter()
            .chain(&self.dropped)
            .chain(&self.verdicts)
            .filter(|pending| pending.uses > 0)
        {
            let code = pending.key.code().unwrap_or(Code::Valid);
            if let Some(start) = bucket_start(pending.last_used_at, self.bucket) {
                *counts.entry((start, code.as_str())).or_default() += pending.uses as i64;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let buckets: Vec<_> = counts.keys().map(|(start, _)| timestamp(*start)).collect();
        let codes: Vec<&str> = counts.keys().map(|(_, code)| *code).collect();
        let counts: Vec<i64> = counts.into_values().collect();
        client.update(
            PUT_VERDICTS,
            None,
            &[buckets.into(), codes.into(), counts.into()],
        )?;
        Ok(())
    }

    fn report(&self, table: Table, duration: u64) {
        let stats = table.stats();
        let dropped: u64 = self
            .dropped
            .iter()
            .map(|token| token.uses + token.denied)
            .sum();
        stats.dropped.fetch_add(dropped, Ordering::Relaxed);
        stats.flushes.fetch_add(1, Ordering::Relaxed);
        stats
            .flushed_tokens
            .fetch_add(self.tokens.len() as u64, Ordering::Relaxed);
        stats.flush_us.store(duration / 1000, Ordering::Relaxed);
        stats
            .flushed_at
            .store(usage_clock::wall(), Ordering::Relaxed);
    }
}

/// Deletes some usage past its retention; whether there may be more.
fn delete_old() -> bool {
    let Some(retention) = settings::usage_retention() else {
        return false;
    };
    let before = timestamp(usage_clock::wall() - retention.as_micros() as i64);
    BackgroundWorker::transaction(|| {
        if !worker::lock_extension() {
            return false;
        }
        let deleted = Spi::connect_mut(|client| -> SpiResult<[usize; 2]> {
            let arguments = || [before.into(), DELETE_BATCH.into()];
            Ok([
                client.update(DELETE_TOKEN_USAGE, None, &arguments())?.len(),
                client
                    .update(DELETE_VERDICT_USAGE, None, &arguments())?
                    .len(),
            ])
        });
        deleted
            .expect("deleting usage past its retention")
            .contains(&(DELETE_BATCH as usize))
    })
}

fn ids_of(
    client: &mut SpiClient<'_>,
    query: &str,
    ids: &BTreeSet<[u8; 16]>,
) -> SpiResult<BTreeSet<[u8; 16]>> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| Uuid::from_bytes(*id)).collect();
    let rows = client.update(query, None, &[ids.into()])?;
    rows.map(|row| Ok(*row.get::<Uuid>(1)?.expect("an id is never null").as_bytes()))
        .collect()
}

fn write_uses<'a>(
    client: &mut SpiClient<'_>,
    statement: &str,
    tokens: impl Iterator<Item = &'a Pending> + Clone,
) -> SpiResult<()> {
    let ids: Vec<Uuid> = tokens.clone().map(uuid).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let uses: Vec<i64> = tokens.clone().map(|token| token.uses as i64).collect();
    let used_at: Vec<_> = tokens
        .clone()
        .map(|token| (token.uses > 0).then(|| timestamp(token.last_used_at)))
        .collect();
    let addr: Vec<Option<String>> = tokens
        .clone()
        .map(|token| {
            token
                .addr
                .filter(|_| token.uses > 0)
                .map(|client| format!("{}/{}", client.addr, client.bits))
        })
        .collect();
    let denials = tokens.map(|token| token.last_denied.filter(|_| token.denied > 0));
    let denied_at: Vec<_> = denials
        .clone()
        .map(|denial| denial.map(|(at, _)| timestamp(at)))
        .collect();
    let codes: Vec<Option<&str>> = denials
        .map(|denial| denial.map(|(_, code)| code.as_str()))
        .collect();
    let arguments = [
        ids.into(),
        uses.into(),
        used_at.into(),
        addr.into(),
        denied_at.into(),
        codes.into(),
    ];
    client.update(statement, None, &arguments)?;
    Ok(())
}

fn write_usages<'a>(
    client: &mut SpiClient<'_>,
    statement: &str,
    tokens: impl Iterator<Item = &'a Pending> + Clone,
    bucket: UsageBucket,
) -> SpiResult<()> {
    let ids: Vec<Uuid> = tokens.clone().map(uuid).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let buckets: Vec<_> = tokens
        .clone()
        .map(|token| bucket_of(token, bucket))
        .collect();
    let allowed: Vec<i64> = tokens.clone().map(|token| token.uses as i64).collect();
    let denied: Vec<i64> = tokens.map(|token| token.denied as i64).collect();
    client.update(
        statement,
        None,
        &[ids.into(), buckets.into(), allowed.into(), denied.into()],
    )?;
    Ok(())
}

fn token_id(token: &Pending) -> [u8; 16] {
    token
        .key
        .token_id()
        .expect("counters of verdicts were set apart")
}

fn uuid(token: &Pending) -> Uuid {
    Uuid::from_bytes(token_id(token))
}

/// When a token was last used or denied, of what is pending.
fn last_at(token: &Pending) -> i64 {
    let used = if token.uses > 0 {
        token.last_used_at
    } else {
        0
    };
    let denied = token
        .last_denied
        .filter(|_| token.denied > 0)
        .map_or(0, |(at, _)| at);
    used.max(denied)
}

/// All that one flush writes of a token goes to the bucket of the last of it.
fn bucket_of(token: &Pending, bucket: UsageBucket) -> Option<TimestampWithTimeZone> {
    bucket_start(last_at(token), bucket).map(timestamp)
}

/// The start of the hour or day in UTC; the epoch of `timestamptz` is the start of a day there.
fn bucket_start(at: i64, bucket: UsageBucket) -> Option<i64> {
    let length = match bucket {
        UsageBucket::Hour => 3_600_000_000,
        UsageBucket::Day => 86_400_000_000,
        UsageBucket::Off => return None,
    };
    Some(at - at.rem_euclid(length))
}

fn timestamp(at: i64) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(at)
        .expect("a time that was now, or a retention ago, is a timestamp")
}
