//! The launcher: wakes once per interval, and starts a flush worker for each database that has something to flush.
//!
//! *Invariant:* it is connected to no database, and has at most one worker at a time in each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pgrx::bgworkers::BackgroundWorker;

use super::table::{Table, WORKERS};
use crate::pg::guc;
use crate::pg::shmem;
use crate::pg::worker::{self, DatabaseState, Worker};
use crate::settings;

/// Usage past its retention is deleted this often.
const RETENTION_INTERVAL: Duration = Duration::from_secs(3600);
/// A database whose flush failed is tried again after this, doubled with every failure up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a flush worker is sent to do; fits the one word that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    pub database: u32,
    /// Where it leaves its outcome.
    pub place: usize,
    /// Whether it also deletes usage past its retention.
    pub retention: bool,
}

impl Errand {
    pub fn to_word(self) -> usize {
        self.database as usize | self.place << 32 | usize::from(self.retention) << 40
    }

    pub fn from_word(word: u64) -> Errand {
        Errand {
            database: word as u32,
            place: (word >> 32 & 0xff) as usize,
            retention: word >> 40 & 1 == 1,
        }
    }
}

/// What became of an errand; a bit set in shared memory. No bit at all means that the worker failed.
pub mod outcome {
    /// The errand was done.
    pub const DONE: u32 = 1;
    /// Something was kept for a later flush.
    pub const KEPT: u32 = 2;
    /// There is more usage past its retention.
    pub const MORE_TO_DELETE: u32 = 4;
}

/// What the launcher remembers of a database.
#[derive(Default)]
struct Database {
    failures: u32,
    paused_until: Option<Instant>,
    next_retention: Option<Instant>,
}

struct Launcher {
    table: Table,
    databases: BTreeMap<u32, Database>,
    /// One place per worker.
    errands: [Option<(Worker, Errand)>; WORKERS],
    /// Databases to visit in this interval.
    due: BTreeSet<u32>,
    /// Something is pending although nothing new was counted.
    restless: bool,
}

/// Runs until the server shuts down.
pub fn run() {
    let Some(table) = shmem::table() else { return };
    let mut launcher = Launcher {
        table,
        databases: BTreeMap::new(),
        errands: [const { None }; WORKERS],
        due: BTreeSet::new(),
        restless: true,
    };
    let mut next_tick = Instant::now();
    while BackgroundWorker::wait_latch(Some(next_tick.saturating_duration_since(Instant::now()))) {
        if BackgroundWorker::sighup_received() {
            guc::reload();
            next_tick = next_tick.min(Instant::now() + settings::flush_interval());
        }
        launcher.collect_outcomes();
        if Instant::now() >= next_tick {
            next_tick = Instant::now() + settings::flush_interval();
            launcher.look();
        }
        launcher.send_workers();
    }
    worker::end_to_be_restarted();
}

impl Launcher {
    fn collect_outcomes(&mut self) {
        for place in &mut self.errands {
            let Some((_, errand)) = place.take_if(|(worker, _)| worker.has_ended()) else {
                continue;
            };
            let outcome = self.table.outcome(errand.place).load(Ordering::Acquire);
            let database = self.databases.entry(errand.database).or_default();
            let now = Instant::now();
            if outcome & outcome::DONE == 0 {
                self.table
                    .stats()
                    .flush_errors
                    .fetch_add(1, Ordering::Relaxed);
                database.paused_until = Some(now + pause(database.failures));
                database.failures += 1;
                self.restless = true;
                continue;
            }
            database.failures = 0;
            database.paused_until = None;
            self.restless |= outcome & outcome::KEPT != 0;
            if errand.retention && outcome & outcome::MORE_TO_DELETE == 0 {
                database.next_retention = Some(now + RETENTION_INTERVAL);
            }
        }
    }

    /// Finds the databases that have something to flush; an idle server's table is not even looked at.
    fn look(&mut self) {
        if !self.table.was_touched() && !std::mem::take(&mut self.restless) {
            return;
        }
        self.due.extend(self.table.pending_databases());
    }

    fn send_workers(&mut self) {
        for database in std::mem::take(&mut self.due) {
            let Some(place) = self.errands.iter().position(Option::is_none) else {
                self.due.insert(database);
                continue;
            };
            if self.is_visited(database) || self.is_paused(database) {
                self.restless = true;
                continue;
            }
            match BackgroundWorker::transaction(|| worker::database_state(database)) {
                DatabaseState::Open => self.send_worker(database, place),
                DatabaseState::Closed => self.restless = true,
                DatabaseState::Gone => {
                    self.table.discard(database, shmem::lock);
                    self.databases.remove(&database);
                }
            }
        }
    }

    fn send_worker(&mut self, database: u32, place: usize) {
        let memory = self.databases.entry(database).or_default();
        let retention = memory
            .next_retention
            .is_none_or(|next| next <= Instant::now());
        let errand = Errand {
            database,
            place,
            retention,
        };
        self.table.outcome(place).store(0, Ordering::Release);
        match Worker::start(errand) {
            Some(worker) => self.errands[place] = Some((worker, errand)),
            // All of max_worker_processes are taken: this is tried again in the next interval.
            None => self.restless = true,
        }
    }

    fn is_visited(&self, database: u32) -> bool {
        self.errands
            .iter()
            .flatten()
            .any(|(_, errand)| errand.database == database)
    }

    fn is_paused(&self, database: u32) -> bool {
        let until = self
            .databases
            .get(&database)
            .and_then(|database| database.paused_until);
        until.is_some_and(|until| Instant::now() < until)
    }
}

fn pause(failures: u32) -> Duration {
    (SHORTEST_PAUSE * 2u32.pow(failures.min(10))).min(LONGEST_PAUSE)
}
