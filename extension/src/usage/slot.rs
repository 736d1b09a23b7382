//! One slot of the table: the unflushed use and the rate of one token, or one counter of verdicts.
//!
//! # Who may touch a slot, and when
//!
//! `state` is one word of three parts: a bit that says whether the slot is taken, the number of processes at work in
//! it (*pins*), and the number of uses not yet flushed.
//! A process pins first and looks at the key afterwards; a slot is vacated only by exchanging exactly "taken, no
//! pins, no uses" for zero.
//! *Invariant:* the key of a pinned, taken slot does not change, so nothing is ever credited to another token.
//!
//! A use is counted by the same atomic addition that takes the pin away: an unlimited token costs two atomic
//! read-modify-writes.
//! A process that ends between the two by `kill -9` takes the whole server's shared memory with it; nothing in
//! between can raise an error.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};

use pgtoken_rules::{Code, Decision, Rate};

/// The slot belongs to a key.
const TAKEN: u64 = 1 << 63;
/// One process at work: 18 bits, as many as PostgreSQL can have backends.
const PIN: u64 = 1 << 44;
/// One use: 44 bits, half a year at a million uses a second without a flush.
const USE: u64 = 1;
const USES: u64 = PIN - 1;

/// How often a reader of the address tries before it leaves the address for the next flush.
const ADDRESS_TRIES: usize = 1000;

/// Whose slot it is: a token of a database, or the counter of one code of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The database's oid in the upper half; below it 0 for a token, 1 for a counter of verdicts.
    owner: u64,
    id: [u64; 2],
}

impl Key {
    pub fn token(database: u32, id: &[u8; 16]) -> Key {
        let id = u128::from_be_bytes(*id);
        Key {
            owner: u64::from(database) << 32,
            id: [(id >> 64) as u64, id as u64],
        }
    }

    pub fn verdict(database: u32, code: Code) -> Key {
        Key {
            owner: u64::from(database) << 32 | 1,
            id: [0, code as u64],
        }
    }

    pub fn database(self) -> u32 {
        (self.owner >> 32) as u32
    }

    /// The token's id; none for a counter of verdicts.
    pub fn token_id(self) -> Option<[u8; 16]> {
        let id = u128::from(self.id[0]) << 64 | u128::from(self.id[1]);
        (self.owner & 1 == 0).then(|| id.to_be_bytes())
    }

    /// The code counted; none for a token.
    pub fn code(self) -> Option<Code> {
        (self.owner & 1 == 1).then(|| Code::ALL[self.id[1] as usize % Code::ALL.len()])
    }

    /// The key as plain words, for the save file.
    pub fn to_words(self) -> [u64; 3] {
        [self.owner, self.id[0], self.id[1]]
    }

    /// The reverse of [`Key::to_words`].
    pub fn from_words([owner, high, low]: [u64; 3]) -> Key {
        Key {
            owner,
            id: [high, low],
        }
    }

    /// Spreads keys evenly over 64 bits; ids need not be random, imported ones are whatever they were, and who chose
    /// them does not know the secret.
    pub fn hash(self, secret: [u64; 3]) -> u64 {
        fold(
            fold(self.id[0] ^ secret[0], self.owner ^ secret[1]),
            self.id[1] ^ secret[2],
        )
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b | 1);
    (product >> 64) as u64 ^ product as u64
}

/// An `inet` value: an address and the length of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr {
    pub addr: IpAddr,
    pub bits: u8,
}

impl ClientAddr {
    /// Two words of octets, and a word of family and bits that is never 0.
    pub fn to_words(self) -> ([u64; 2], u16) {
        let (family, octets) = match self.addr {
            IpAddr::V4(v4) => (4, v4.to_ipv6_compatible().octets()),
            IpAddr::V6(v6) => (6, v6.octets()),
        };
        let octets = u128::from_be_bytes(octets);
        (
            [(octets >> 64) as u64, octets as u64],
            family << 8 | u16::from(self.bits),
        )
    }

    /// The reverse of [`ClientAddr::to_words`]; none for a kind of 0.
    pub fn from_words(octets: [u64; 2], kind: u16) -> Option<ClientAddr> {
        let v6 = Ipv6Addr::from(u128::from(octets[0]) << 64 | u128::from(octets[1]));
        let addr = match kind >> 8 {
            4 => IpAddr::V4((octets[1] as u32).into()),
            6 => IpAddr::V6(v6),
            _ => return None,
        };
        Some(ClientAddr {
            addr,
            bits: kind as u8,
        })
    }
}

/// What a slot holds that no table has yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Number of the slot.
    pub slot: u32,
    pub key: Key,
    pub uses: u64,
    /// Of the last use; microseconds since 2000, 0 for never.
    pub last_used_at: i64,
    pub addr: Option<ClientAddr>,
    pub denied: u64,
    /// Of the last denial.
    pub last_denied: Option<(i64, Code)>,
}

/// One slot in shared memory; all zero is a vacant one.
#[repr(C, align(32))]
#[derive(Default)]
pub struct Slot {
    owner: AtomicU64,
    id: [AtomicU64; 2],
    state: AtomicU64,
    /// See [`pgtoken_rules::Rate`]; nanoseconds of the monotonic clock.
    tat: AtomicU64,
    last_used_at: AtomicI64,
    addr: [AtomicU64; 2],
    /// The address's kind in the lower 16 bits, a version above them; an odd version is being written.
    addr_version: AtomicU64,
    denied: AtomicU64,
    /// Microseconds since 2000 in the upper 56 bits, the code below: one word, so that the two always fit.
    last_denied: AtomicU64,
    /// The first slot of the chain that starts here, plus one. Belongs to the table, not to this slot's key.
    pub(super) head: AtomicU32,
    /// The next slot of this slot's chain, plus one.
    pub(super) next: AtomicU32,
}

const _: () = assert!(
    size_of::<Slot>() == 96,
    "a slot has 96 bytes, within the promised 128"
);

impl Slot {
    /// Whether the slot held this key at the time of looking: without a pin only a hint.
    pub fn holds(&self, key: Key) -> bool {
        self.id[1].load(Ordering::Relaxed) == key.id[1]
            && self.id[0].load(Ordering::Relaxed) == key.id[0]
            && self.owner.load(Ordering::Relaxed) == key.owner
    }

    pub fn key(&self) -> Key {
        Key {
            owner: self.owner.load(Ordering::Relaxed),
            id: [
                self.id[0].load(Ordering::Relaxed),
                self.id[1].load(Ordering::Relaxed),
            ],
        }
    }

    pub fn is_taken(&self) -> bool {
        self.state.load(Ordering::Acquire) & TAKEN != 0
    }

    /// Pins the slot if it belongs to this key.
    pub fn pin(&self, key: Key) -> Option<Pinned<'_>> {
        let was = self.state.fetch_add(PIN, Ordering::AcqRel);
        let pinned = Pinned { slot: self };
        (was & TAKEN != 0 && self.holds(key)).then_some(pinned)
    }

    /// Pins the slot whosever it is.
    fn pin_any(&self) -> Option<Pinned<'_>> {
        let was = self.state.fetch_add(PIN, Ordering::AcqRel);
        let pinned = Pinned { slot: self };
        (was & TAKEN != 0).then_some(pinned)
    }

    /// Gives a vacant slot to a key and pins it. The caller holds the table's lock.
    ///
    /// Processes that read the slot while it was another's may still hold pins on it; they saw it vacant and write
    /// nothing.
    pub fn take(&self, key: Key) -> Pinned<'_> {
        self.owner.store(key.owner, Ordering::Relaxed);
        self.id[0].store(key.id[0], Ordering::Relaxed);
        self.id[1].store(key.id[1], Ordering::Relaxed);
        self.tat.store(0, Ordering::Relaxed);
        self.last_used_at.store(0, Ordering::Relaxed);
        self.addr_version.store(0, Ordering::Relaxed);
        self.denied.store(0, Ordering::Relaxed);
        self.last_denied.store(0, Ordering::Relaxed);
        self.state.fetch_add(TAKEN + PIN, Ordering::Release);
        Pinned { slot: self }
    }

    /// Makes the slot vacant if nobody works in it and it holds nothing worth keeping: no unflushed count, no rate
    /// that is not fully restored at `now`. The caller holds the table's lock and then unlinks the slot.
    pub fn vacate(&self, now: u64) -> bool {
        if self.state.load(Ordering::Acquire) != TAKEN || self.is_worth_keeping(now) {
            return false;
        }
        // Between the look and the exchange a denial may have come and gone without a trace in `state`.
        // Once the slot is vacant none can come, so the second look is final.
        if self
            .state
            .compare_exchange(TAKEN, 0, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        if self.is_worth_keeping(now) {
            self.state.fetch_add(TAKEN, Ordering::Release);
            return false;
        }
        true
    }

    fn is_worth_keeping(&self, now: u64) -> bool {
        self.denied.load(Ordering::Acquire) != 0 || self.tat.load(Ordering::Acquire) > now
    }

    /// Makes the slot vacant with all that it holds, unless somebody works in it. The caller holds the table's lock
    /// and then unlinks the slot.
    pub fn discard(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        state & TAKEN != 0
            && state & !(TAKEN | USES) == 0
            && self
                .state
                .compare_exchange(state, 0, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
    }

    /// Whether there is something to flush; the database it is for.
    pub fn pending_database(&self) -> Option<u32> {
        let state = self.state.load(Ordering::SeqCst);
        let pending =
            state & TAKEN != 0 && (state & USES != 0 || self.denied.load(Ordering::SeqCst) != 0);
        pending.then(|| self.key().database())
    }

    /// What there is to flush. Nothing is taken away: that is [`Slot::settle`], once it is committed.
    pub fn pending(&self, number: u32) -> Option<Pending> {
        let _pinned = self.pin_any()?;
        // The counts first: whoever counted has written the time and address before.
        let uses = self.state.load(Ordering::Acquire) & USES;
        let denied = self.denied.load(Ordering::Acquire);
        if uses == 0 && denied == 0 {
            return None;
        }
        Some(Pending {
            slot: number,
            key: self.key(),
            uses,
            last_used_at: self.last_used_at.load(Ordering::Relaxed),
            addr: self.addr(),
            denied,
            last_denied: unpack_denial(self.last_denied.load(Ordering::Relaxed)),
        })
    }

    /// Takes away what has been written to the tables.
    ///
    /// The slot still belongs to the same key: what is pending keeps it from being vacated, and one flush at a time
    /// works on a database.
    pub fn settle(&self, flushed: &Pending) {
        let Some(_pinned) = self.pin(flushed.key) else {
            return;
        };
        self.state.fetch_sub(flushed.uses, Ordering::AcqRel);
        self.denied.fetch_sub(flushed.denied, Ordering::AcqRel);
    }

    /// Nanoseconds until the rate of a taken slot is fully restored; none if it is.
    pub fn rate_ahead(&self, now: u64) -> Option<u64> {
        let ahead = self.tat.load(Ordering::Relaxed).saturating_sub(now);
        (self.is_taken() && ahead > 0).then_some(ahead)
    }

    fn addr(&self) -> Option<ClientAddr> {
        for _ in 0..ADDRESS_TRIES {
            let version = self.addr_version.load(Ordering::Acquire);
            if is_being_written(version) {
                std::hint::spin_loop();
                continue;
            }
            let octets = [
                self.addr[0].load(Ordering::Relaxed),
                self.addr[1].load(Ordering::Relaxed),
            ];
            fence(Ordering::Acquire);
            if self.addr_version.load(Ordering::Relaxed) == version {
                return ClientAddr::from_words(octets, version as u16);
            }
        }
        None
    }
}

/// A slot in which this process is at work.
pub struct Pinned<'a> {
    slot: &'a Slot,
}

impl Pinned<'_> {
    /// Takes one unit of the rate. Exact for all processes together: whoever exchanges the state has the unit.
    ///
    /// The clock is read after the state: a process that has been asleep in between would otherwise take the work of
    /// the others for the state of a slower rate, and bring it down.
    pub fn take_rate(&self, rate: Rate, clock: fn() -> u64) -> Decision {
        let mut tat = self.slot.tat.load(Ordering::Acquire);
        loop {
            let decision = rate.decide(tat, clock());
            let (Decision::Admitted { tat: next } | Decision::Limited { tat: next, .. }) = decision;
            // A limited request leaves the state alone, unless the rate was changed since.
            if next == tat {
                return decision;
            }
            match self.slot.tat.compare_exchange_weak(
                tat,
                next,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return decision,
                Err(changed) => tat = changed,
            }
        }
    }

    /// What the rate would say, without taking.
    pub fn ask_rate(&self, rate: Rate, clock: fn() -> u64) -> Decision {
        let tat = self.slot.tat.load(Ordering::Acquire);
        rate.decide(tat, clock())
    }

    /// Puts the rate `ahead` nanoseconds from being restored, as it was when it was saved.
    pub fn restore_rate(&self, tat: u64) {
        self.slot.tat.store(tat, Ordering::Release);
    }

    /// Counts a use and leaves the slot.
    pub fn used(self, at: i64, addr: Option<ClientAddr>) {
        self.note_use(at, addr);
        self.slot
            .state
            .fetch_add(USE.wrapping_sub(PIN), Ordering::SeqCst);
        std::mem::forget(self);
    }

    /// Counts several uses at once.
    pub fn add_uses(&self, uses: u64, at: i64, addr: Option<ClientAddr>) {
        self.note_use(at, addr);
        self.slot.state.fetch_add(uses & USES, Ordering::SeqCst);
    }

    /// Counts denials.
    pub fn add_denials(&self, denials: u64, at: i64, code: Code) {
        self.slot
            .last_denied
            .fetch_max(pack_denial(at, code), Ordering::Relaxed);
        self.slot.denied.fetch_add(denials, Ordering::SeqCst);
    }

    fn note_use(&self, at: i64, addr: Option<ClientAddr>) {
        let slot = self.slot;
        // Plain, as uses that race for it are microseconds apart and the table keeps the greatest anyway.
        if slot.last_used_at.load(Ordering::Relaxed) < at {
            slot.last_used_at.store(at, Ordering::Relaxed);
        }
        let Some(addr) = addr else { return };
        let (octets, kind) = addr.to_words();
        let version = slot.addr_version.load(Ordering::Relaxed);
        let same = version as u16 == kind
            && slot.addr[0].load(Ordering::Relaxed) == octets[0]
            && slot.addr[1].load(Ordering::Relaxed) == octets[1];
        // Another process that is writing at this moment has an address as recent as this one.
        if same || is_being_written(version) {
            return;
        }
        let writing = version.wrapping_add(1 << 16);
        if slot
            .addr_version
            .compare_exchange(version, writing, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            return;
        }
        fence(Ordering::Release);
        slot.addr[0].store(octets[0], Ordering::Relaxed);
        slot.addr[1].store(octets[1], Ordering::Relaxed);
        let written = writing.wrapping_add(1 << 16) & !0xffff | u64::from(kind);
        slot.addr_version.store(written, Ordering::Release);
    }
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        self.slot.state.fetch_sub(PIN, Ordering::Release);
    }
}

fn is_being_written(addr_version: u64) -> bool {
    addr_version >> 16 & 1 == 1
}

fn pack_denial(at: i64, code: Code) -> u64 {
    (at.max(1) as u64) << 8 | code as u64
}

fn unpack_denial(word: u64) -> Option<(i64, Code)> {
    let code = Code::ALL[(word & 0xff) as usize % Code::ALL.len()];
    (word != 0).then_some(((word >> 8) as i64, code))
}
