//! The flush worker: one visit to one database.
//!
//! # Locks
//!
//! Management locks directory rows, then tokens by id, then what hangs on them.
//! A flush writes `token_use`, then `token_usage`, both by id.
//! It touches a token itself only for the first use of its life, to insert its row of `token_use`, and skips those
//! that somebody else holds at that moment; they wait for the next flush.
//! What it waits for beyond that, it gives up on before PostgreSQL would look for a deadlock: management never pays.
//! The lock on the extension itself keeps two flushes, and a flush and DROP EXTENSION, apart.
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
use pgrx::spi::{SpiClient, SpiResult, SpiTupleTable};
use pgtoken_rules::Code;

use super::launcher::{Errand, outcome};
use super::slot::{ClientAddr, Pending};
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
    where u.token_id = b.token_id
    returning u.token_id";

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
        last_denied_code = coalesce(excluded.last_denied_code, u.last_denied_code)
    returning u.token_id";

const UPDATE_USAGE: &str = "
    update pgtoken.token_usage g
    set allowed = g.allowed + b.allowed,
        denied = g.denied + b.denied
    from unnest($1::uuid[], $2::timestamptz[], $3::int8[], $4::int8[]) as b (token_id, bucket, allowed, denied)
    where g.token_id = b.token_id and g.bucket = b.bucket
    returning g.token_id";

// Only flushes insert here, one at a time; `on conflict` would cost another WAL record per row, every hour.
const INSERT_USAGE: &str = "
    insert into pgtoken.token_usage as g (token_id, bucket, allowed, denied)
    select b.token_id, b.bucket, b.allowed, b.denied
    from unnest($1::uuid[], $2::timestamptz[], $3::int8[], $4::int8[]) as b (token_id, bucket, allowed, denied)
    returning g.token_id";

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
            let flush = Spi::connect_mut(|client| Flush::write(client, pending))
                .expect("the statements fit the tables");
            (flush, full)
        })
    });
    // The transaction has committed. Nothing from here on can be interrupted or fail.
    let Some((flush, full)) = flush else {
        return Batch::NoExtension;
    };
    table.settle(flush.settled());
    flush.report(table, usage_clock::monotonic() - started);
    Batch::Written {
        kept: flush.kept,
        full: full && flush.settled().next().is_some(),
    }
}

type Ids = BTreeSet<[u8; 16]>;

/// What one transaction wrote.
struct Flush {
    /// Tokens written.
    tokens: Vec<Pending>,
    /// Use of tokens that no longer exist.
    dropped: Vec<Pending>,
    verdicts: Vec<Pending>,
    /// Something stays in its slot.
    kept: bool,
}

impl Flush {
    fn write(client: &mut SpiClient<'_>, pending: Vec<Pending>) -> SpiResult<Flush> {
        let (verdicts, mut tokens): (Vec<Pending>, Vec<Pending>) = pending
            .into_iter()
            .partition(|pending| pending.key.code().is_some());

        let had_use = write_uses(client, UPDATE_USE, &tokens)?;
        let (known, new): (Vec<Pending>, Vec<Pending>) = tokens
            .into_iter()
            .partition(|token| had_use.contains(&token_id(token)));
        let (new, unseen) = lock(client, new)?;
        write_uses(client, INSERT_USE, &new)?;
        let (dropped, kept) = give_up(client, unseen)?;

        tokens = [known, new].concat();
        tokens.sort_unstable_by_key(|token| token.key);
        let flush = Flush {
            tokens,
            dropped,
            verdicts,
            kept,
        };
        let bucket = settings::usage_bucket();
        if bucket != UsageBucket::Off {
            flush.write_usages(client, bucket)?;
            flush.write_verdicts(client, bucket)?;
        }
        Ok(flush)
    }

    fn write_usages(&self, client: &mut SpiClient<'_>, bucket: UsageBucket) -> SpiResult<()> {
        let had_usage = write_usages(client, UPDATE_USAGE, &self.tokens, bucket)?;
        let new: Vec<Pending> = self
            .tokens
            .iter()
            .filter(|token| !had_usage.contains(&token_id(token)))
            .copied()
            .collect();
        write_usages(client, INSERT_USAGE, &new, bucket)?;
        Ok(())
    }

    /// Valid verdicts are the uses of all tokens, of those no longer there too; the others have their own counters.
    fn write_verdicts(&self, client: &mut SpiClient<'_>, bucket: UsageBucket) -> SpiResult<()> {
        let mut counts: BTreeMap<(i64, &str), i64> = BTreeMap::new();
        for pending in self.settled().filter(|pending| pending.uses > 0) {
            let code = pending.key.code().unwrap_or(Code::Valid);
            if let Some(start) = bucket_start(pending.last_used_at, bucket) {
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

    /// What may be taken away from the slots.
    fn settled(&self) -> impl Iterator<Item = &Pending> {
        self.tokens
            .iter()
            .chain(&self.dropped)
            .chain(&self.verdicts)
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

/// Locks tokens until the commit; those that could be, and those that could not.
fn lock(
    client: &mut SpiClient<'_>,
    tokens: Vec<Pending>,
) -> SpiResult<(Vec<Pending>, Vec<Pending>)> {
    let locked = ids_of(client, LOCK_TOKENS, &tokens)?;
    Ok(tokens
        .into_iter()
        .partition(|token| locked.contains(&token_id(token))))
}

/// Of tokens that could not be locked, those that do not exist; and whether there are others.
fn give_up(client: &mut SpiClient<'_>, unseen: Vec<Pending>) -> SpiResult<(Vec<Pending>, bool)> {
    let present = ids_of(client, PRESENT_TOKENS, &unseen)?;
    let long_ago = usage_clock::wall() - UNSEEN_GRACE.as_micros() as i64;
    let all = unseen.len();
    let dropped: Vec<Pending> = unseen
        .into_iter()
        .filter(|token| !present.contains(&token_id(token)) && last_at(token) < long_ago)
        .collect();
    let kept = dropped.len() < all;
    Ok((dropped, kept))
}

fn ids_of(client: &mut SpiClient<'_>, query: &str, tokens: &[Pending]) -> SpiResult<Ids> {
    if tokens.is_empty() {
        return Ok(Ids::new());
    }
    let ids: Vec<Uuid> = tokens.iter().map(uuid).collect();
    collect_ids(client.update(query, None, &[ids.into()])?)
}

fn write_uses(client: &mut SpiClient<'_>, statement: &str, tokens: &[Pending]) -> SpiResult<Ids> {
    if tokens.is_empty() {
        return Ok(Ids::new());
    }
    let denials = || {
        tokens
            .iter()
            .map(|token| token.last_denied.filter(|_| token.denied > 0))
    };
    let ids: Vec<Uuid> = tokens.iter().map(uuid).collect();
    let uses: Vec<i64> = tokens.iter().map(|token| token.uses as i64).collect();
    let used_at: Vec<_> = tokens
        .iter()
        .map(|token| (token.uses > 0).then(|| timestamp(token.last_used_at)))
        .collect();
    let addrs: Vec<_> = tokens
        .iter()
        .map(|token| token.addr.filter(|_| token.uses > 0).map(inet))
        .collect();
    let denied_at: Vec<_> = denials()
        .map(|denial| denial.map(|(at, _)| timestamp(at)))
        .collect();
    let codes: Vec<_> = denials()
        .map(|denial| denial.map(|(_, code)| code.as_str()))
        .collect();
    let arguments = [
        ids.into(),
        uses.into(),
        used_at.into(),
        addrs.into(),
        denied_at.into(),
        codes.into(),
    ];
    collect_ids(client.update(statement, None, &arguments)?)
}

fn write_usages(
    client: &mut SpiClient<'_>,
    statement: &str,
    tokens: &[Pending],
    bucket: UsageBucket,
) -> SpiResult<Ids> {
    if tokens.is_empty() {
        return Ok(Ids::new());
    }
    let ids: Vec<Uuid> = tokens.iter().map(uuid).collect();
    let buckets: Vec<_> = tokens
        .iter()
        .map(|token| bucket_start(last_at(token), bucket).map(timestamp))
        .collect();
    let allowed: Vec<i64> = tokens.iter().map(|token| token.uses as i64).collect();
    let denied: Vec<i64> = tokens.iter().map(|token| token.denied as i64).collect();
    collect_ids(client.update(
        statement,
        None,
        &[ids.into(), buckets.into(), allowed.into(), denied.into()],
    )?)
}

/// The ids that a statement returned.
fn collect_ids(rows: SpiTupleTable<'_>) -> SpiResult<Ids> {
    rows.map(|row| Ok(*row.get::<Uuid>(1)?.expect("an id is never null").as_bytes()))
        .collect()
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

fn inet(client: ClientAddr) -> String {
    format!("{}/{}", client.addr, client.bits)
}

/// When a token was last used or denied, of what is pending. All of it goes to the bucket of that time.
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
