//! The table of slots: found without a lock, changed under one.
//!
//! A key hashes to a home slot, and a chain of slots starts there; a new key gets its home slot if that is vacant, so
//! most are found where they are first looked for, and a full table is searched no longer than an empty one.
//! Readers follow chains while others change them: at worst they are led into another chain and miss a key that is
//! there. So a miss means nothing until it is repeated under the lock.
//! *Invariant:* chains, `used` and the hand change only under the lock; a key has at most one taken slot.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::slot::{Key, Pending, Pinned, Slot};

/// How far a reader follows a chain without the lock before it takes the lock to be sure.
const READER_STEPS: usize = 32;
/// How many slots are looked at in search of a vacant one before an idle one is taken from its token.
const VACANT_STEPS: usize = 64;
/// A search of the whole table that found nothing is not repeated for this many times its own duration.
const SEARCH_PAUSE: u64 = 16;

/// How many flush workers there are at most at a time; each leaves its outcome in a place of its own.
pub const WORKERS: usize = 3;

/// What the table knows about itself; in shared memory in front of the slots.
#[repr(C, align(64))]
#[derive(Default)]
pub struct Header {
    /// Taken slots.
    used: AtomicU32,
    /// Where the next search for a slot starts.
    hand: AtomicU32,
    /// Whether something was counted since the launcher last looked.
    touched: AtomicBool,
    /// The table was found full; no search before this time of the monotonic clock.
    full_until: AtomicU64,
    stats: Stats,
    outcomes: [AtomicU32; WORKERS],
}

/// Counters since the server started.
#[repr(C, align(64))]
#[derive(Default)]
pub struct Stats {
    /// Verdicts for which there was no slot to count them in.
    pub uncounted: AtomicU64,
    /// Requests of limited tokens refused for want of a slot.
    pub refused: AtomicU64,
    /// Slots taken from idle tokens for others.
    pub reclaimed: AtomicU64,
    /// Uses and denials of tokens and databases that no longer exist.
    pub dropped: AtomicU64,
    /// Committed flushes of one database each.
    pub flushes: AtomicU64,
    /// Flushes that ended with an error; nothing is lost, they are repeated.
    pub flush_errors: AtomicU64,
    /// Tokens whose use was written, over all flushes.
    pub flushed_tokens: AtomicU64,
    /// When the last flush was committed; microseconds since 2000, 0 for never.
    pub flushed_at: AtomicI64,
    /// How long it took, in microseconds.
    pub flush_us: AtomicU64,
}

/// The table as seen by one process.
#[derive(Clone, Copy)]
pub struct Table {
    header: &'static Header,
    slots: &'static [Slot],
    /// What decides who meets whom in a chain: made anew with the table, and told to nobody.
    secret: [u64; 3],
}

impl Table {
    /// `slots` has at least one element. Made once, by the process that all others are forked from.
    pub fn new(header: &'static Header, slots: &'static [Slot]) -> Table {
        let random = RandomState::new();
        Table {
            header,
            slots,
            secret: [1, 2, 3].map(|word: u8| random.hash_one(word)),
        }
    }

    pub fn stats(&self) -> &'static Stats {
        &self.header.stats
    }

    /// Where the flush worker of this place says what became of its errand.
    pub fn outcome(&self, place: usize) -> &'static AtomicU32 {
        &self.header.outcomes[place]
    }

    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    pub fn used(&self) -> u32 {
        self.header.used.load(Ordering::Relaxed)
    }

    /// The slot of a key, if it has one that can be found without the lock.
    pub fn find(&self, key: Key) -> Option<Pinned<'static>> {
        let mut link = self.home(key).head.load(Ordering::Acquire);
        for _ in 0..READER_STEPS {
            let slot = self.linked(link)?;
            if slot.holds(key)
                && let Some(pinned) = slot.pin(key)
            {
                return Some(pinned);
            }
            link = slot.next.load(Ordering::Acquire);
        }
        None
    }

    /// The slot of a key, given to it now if it had none; none if the table is full.
    ///
    /// `lock` returns the guard of the table's lock, and is called only if the key is not found without it.
    pub fn find_or_take<G>(
        &self,
        key: Key,
        clock: fn() -> u64,
        lock: impl FnOnce() -> G,
    ) -> Option<Pinned<'static>> {
        if let Some(pinned) = self.find(key) {
            return Some(pinned);
        }
        if self.is_full(clock) {
            return None;
        }
        let _guard = lock();
        if let Some(pinned) = self.find_locked(key) {
            return Some(pinned);
        }
        // Whoever waited for the lock may have waited for a search that found nothing.
        if self.is_full(clock) {
            return None;
        }
        let number = self.vacant_slot(key, clock)?;
        let slot = &self.slots[number];
        let pinned = slot.take(key);
        let head = &self.home(key).head;
        slot.next
            .store(head.load(Ordering::Relaxed), Ordering::Release);
        head.store(number as u32 + 1, Ordering::Release);
        self.header.used.fetch_add(1, Ordering::Relaxed);
        Some(pinned)
    }

    /// Whether a search has lately found no slot to give.
    pub fn is_full(&self, clock: fn() -> u64) -> bool {
        let until = self.header.full_until.load(Ordering::Relaxed);
        until != 0 && clock() < until
    }

    /// Notes that something was counted, after it was.
    pub fn touch(&self) {
        if !self.header.touched.load(Ordering::SeqCst) {
            self.header.touched.store(true, Ordering::SeqCst);
        }
    }

    /// Whether something was counted since this was last asked.
    pub fn was_touched(&self) -> bool {
        self.header.touched.swap(false, Ordering::SeqCst)
    }

    /// The databases that have something to flush.
    pub fn pending_databases(&self) -> BTreeSet<u32> {
        self.slots
            .iter()
            .filter_map(Slot::pending_database)
            .collect()
    }

    /// What one database has to flush, in the order of keys, at most `limit` slots.
    pub fn pending(&self, database: u32, limit: usize) -> Vec<Pending> {
        let mut pending: Vec<Pending> = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.pending_database() == Some(database))
            .filter_map(|(number, slot)| slot.pending(number as u32))
            .take(limit)
            .collect();
        pending.sort_unstable_by_key(|pending| pending.key);
        pending
    }

    /// How many slots have something to flush.
    pub fn pending_slots(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| slot.pending_database().is_some())
            .count()
    }

    /// Takes away what has been committed.
    pub fn settle<'a>(&self, flushed: impl IntoIterator<Item = &'a Pending>) {
        for flushed in flushed {
            self.slots[flushed.slot as usize].settle(flushed);
        }
        self.header.full_until.store(0, Ordering::Relaxed);
    }

    /// Throws away all uses, where nothing can flush them, so that their slots can be given away.
    pub fn forget_uses<G>(&self, lock: impl FnOnce() -> G) {
        let _guard = lock();
        let mut dropped = 0;
        for (number, slot) in self.slots.iter().enumerate() {
            if let Some(pending) = slot.pending(number as u32) {
                slot.settle(&pending);
                dropped += pending.uses + pending.denied;
            }
        }
        self.header
            .stats
            .dropped
            .fetch_add(dropped, Ordering::Relaxed);
        self.header.full_until.store(0, Ordering::Relaxed);
    }

    /// Throws away all that is kept for a database.
    pub fn discard<G>(&self, database: u32, lock: impl FnOnce() -> G) {
        let _guard = lock();
        let mut dropped = 0;
        for (number, slot) in self.slots.iter().enumerate() {
            let key = slot.key();
            if !slot.is_taken() || key.database() != database {
                continue;
            }
            let pending = slot.pending(number as u32);
            if slot.discard() {
                self.unlink(number, key);
                dropped += pending.map_or(0, |pending| pending.uses + pending.denied);
            }
        }
        self.header
            .stats
            .dropped
            .fetch_add(dropped, Ordering::Relaxed);
        self.header.full_until.store(0, Ordering::Relaxed);
    }

    /// Everything worth saving at shutdown: what is pending, and the slots whose rate is still ahead of the clock by
    /// so many nanoseconds.
    pub fn contents(&self, now: u64) -> impl Iterator<Item = (Key, Option<Pending>, u64)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(move |(number, slot)| {
                let pending = slot.pending(number as u32);
                let ahead = slot.rate_ahead(now).unwrap_or(0);
                (pending.is_some() || ahead > 0).then(|| (slot.key(), pending, ahead))
            })
    }

    fn home(&self, key: Key) -> &'static Slot {
        &self.slots[self.home_number(key)]
    }

    fn home_number(&self, key: Key) -> usize {
        ((u128::from(key.hash(self.secret)) * self.slots.len() as u128) >> 64) as usize
    }

    /// The slot that a link leads to; 0 leads nowhere.
    fn linked(&self, link: u32) -> Option<&'static Slot> {
        self.slots.get((link as usize).wrapping_sub(1))
    }

    fn find_locked(&self, key: Key) -> Option<Pinned<'static>> {
        let mut link = self.home(key).head.load(Ordering::Relaxed);
        while let Some(slot) = self.linked(link) {
            if slot.holds(key) {
                return slot.pin(key);
            }
            link = slot.next.load(Ordering::Relaxed);
        }
        None
    }

    /// A vacant slot, made so if need be: the key's home, the next vacant one, or the next idle one.
    fn vacant_slot(&self, key: Key, clock: fn() -> u64) -> Option<usize> {
        let home = self.home_number(key);
        if !self.slots[home].is_taken() {
            return Some(home);
        }
        let now = clock();
        let first = self.header.hand.load(Ordering::Relaxed) as usize;
        let numbers = || (0..self.slots.len()).map(|step| (first + step) % self.slots.len());
        let vacant = numbers()
            .take(VACANT_STEPS)
            .find(|&number| !self.slots[number].is_taken());
        let found = vacant.or_else(|| numbers().find(|&number| self.make_vacant(number, now)));
        match found {
            Some(number) => self.header.hand.store(number as u32 + 1, Ordering::Relaxed),
            None => self
                .header
                .full_until
                .store(pause_after(now, clock()), Ordering::Relaxed),
        }
        found
    }

    fn make_vacant(&self, number: usize, now: u64) -> bool {
        let slot = &self.slots[number];
        if !slot.is_taken() {
            return true;
        }
        let key = slot.key();
        if !slot.vacate(now) {
            return false;
        }
        self.unlink(number, key);
        self.header.stats.reclaimed.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Takes a slot that was just vacated out of the chain of its former key.
    fn unlink(&self, number: usize, key: Key) {
        let gone = number as u32 + 1;
        let next = self.slots[number].next.load(Ordering::Relaxed);
        let mut link = &self.home(key).head;
        while let Some(slot) = self.linked(link.load(Ordering::Relaxed)) {
            if link.load(Ordering::Relaxed) == gone {
                link.store(next, Ordering::Release);
                break;
            }
            link = &slot.next;
        }
        self.header.used.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When to search again after a search without result.
fn pause_after(started: u64, ended: u64) -> u64 {
    ended + SEARCH_PAUSE * (ended - started).max(1)
}
