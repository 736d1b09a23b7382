//! Claims about the table of slots and the save file, under threads instead of backends.
//!
//! These files of the extension know nothing of PostgreSQL, so they are compiled here once more, without a server.
#![allow(dead_code, missing_docs)]

#[path = "../src/usage/save.rs"]
mod save;
#[path = "../src/usage/slot.rs"]
mod slot;
#[path = "../src/usage/table.rs"]
mod table;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use pgtoken_rules::{Code, Decision, Rate};
use proptest::prelude::*;
use save::{Record, Saved};
use slot::{ClientAddr, Key, Pending, Slot};
use table::{Header, Table};

const DATABASE: u32 = 5;
const THREADS: u64 = 8;

fn new_table(slots: usize) -> Table {
    let slots: Vec<Slot> = std::iter::repeat_with(Slot::default).take(slots).collect();
    Table::new(Box::leak(Box::<Header>::default()), slots.leak())
}

fn clock() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    1 + START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

fn key(n: u64) -> Key {
    Key::token(DATABASE, &u128::from(n).to_be_bytes())
}

fn number(key: Key) -> u64 {
    u128::from_be_bytes(key.token_id().expect("only tokens here")) as u64
}

/// An address and a time that tell whose they are.
fn marks(n: u64) -> (i64, ClientAddr) {
    (
        1_000_000 + n as i64,
        ClientAddr {
            addr: IpAddr::V6(Ipv6Addr::from(u128::from(n) << 64 | u128::from(n))),
            bits: 128,
        },
    )
}

/// A small xorshift generator: threads need numbers, not quality.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[derive(Default)]
struct Tally {
    uses: BTreeMap<u64, u64>,
    denied: BTreeMap<u64, u64>,
}

impl Tally {
    fn add(&mut self, pending: &[Pending]) {
        for pending in pending {
            let n = number(pending.key);
            *self.uses.entry(n).or_default() += pending.uses;
            *self.denied.entry(n).or_default() += pending.denied;
            let (at, addr) = marks(n);
            if pending.uses > 0 {
                assert_eq!(pending.last_used_at, at, "the time of another token");
                assert!(
                    pending.addr.is_none_or(|found| found == addr),
                    "the address of another token"
                );
            }
            if pending.denied > 0 {
                assert_eq!(pending.last_denied, Some((at, Code::Expired)));
            }
        }
    }
}

#[test]
fn every_count_reaches_its_own_token_while_slots_change_hands() {
    const KEYS: u64 = 300;
    const ROUNDS: u64 = 10_000;
    let table = new_table(64);
    let lock = Mutex::new(());
    let guard = || lock.lock().expect("no thread panics with the lock");
    let counted: Vec<[AtomicU64; 2]> = (0..KEYS).map(|_| Default::default()).collect();
    let running = AtomicBool::new(true);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let flusher = scope.spawn(|| {
            let mut tally = Tally::default();
            while running.load(Ordering::Relaxed) {
                let pending = table.pending(DATABASE, usize::MAX);
                tally.add(&pending);
                table.settle(&pending);
            }
            tally
        });
        let workers: Vec<_> = (0..THREADS)
            .map(|seed| {
                let (counted, guard) = (&counted, &guard);
                scope.spawn(move || {
                    let mut state = seed + 1;
                    for _ in 0..ROUNDS {
                        let n = next(&mut state) % KEYS;
                        let slot = loop {
                            match table.find_or_take(key(n), clock, guard) {
                                Some(slot) => break slot,
                                None => std::thread::yield_now(),
                            }
                        };
                        let (at, addr) = marks(n);
                        if next(&mut state).is_multiple_of(4) {
                            slot.add_denials(1, at, Code::Expired);
                            counted[n as usize][1].fetch_add(1, Ordering::Relaxed);
                        } else {
                            slot.used(at, Some(addr));
                            counted[n as usize][0].fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("a worker panicked");
        }
        running.store(false, Ordering::Relaxed);
        tally = flusher.join().expect("the flusher panicked");
    });
    let rest = table.pending(DATABASE, usize::MAX);
    tally.add(&rest);
    table.settle(&rest);
    for (n, [uses, denied]) in counted.iter().enumerate() {
        let n = n as u64;
        assert_eq!(
            tally.uses.get(&n).copied().unwrap_or(0),
            uses.load(Ordering::Relaxed),
            "uses of {n}"
        );
        assert_eq!(
            tally.denied.get(&n).copied().unwrap_or(0),
            denied.load(Ordering::Relaxed),
            "denials of {n}"
        );
    }
    assert!(
        table.stats().reclaimed.load(Ordering::Relaxed) > 1000,
        "slots hardly changed hands"
    );
    assert_eq!(table.pending_slots(), 0);
    assert!(table.used() <= 64);
}

#[test]
fn threads_together_never_get_more_than_the_rate() {
    let rate = Rate {
        limit: 200,
        window_us: 10_000,
    };
    let table = new_table(16);
    let lock = Mutex::new(());
    let started = clock();
    let admitted: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut admitted = 0;
                    for _ in 0..500_000 {
                        let slot = table
                            .find_or_take(key(1), clock, || {
                                lock.lock().expect("no thread panics with the lock")
                            })
                            .expect("one token among 16 slots");
                        if let Decision::Admitted { .. } = slot.take_rate(rate, clock) {
                            admitted += 1;
                        }
                    }
                    admitted
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread panicked"))
            .sum()
    });
    let most = 200 + (clock() - started) / 50_000;
    assert!(
        admitted <= most,
        "{admitted} admitted, at most {most} allowed"
    );
    assert!(admitted >= 200);
}

#[test]
fn a_slot_that_changed_hands_is_not_pinned_for_its_former_token() {
    let slot = Slot::default();
    drop(slot.take(key(1)));
    assert!(slot.vacate(clock()));
    assert!(slot.pin(key(1)).is_none());
    drop(slot.take(key(2)));
    assert!(slot.pin(key(1)).is_none());
    assert!(slot.pin(key(2)).is_some());
}

#[test]
fn a_slot_is_not_vacated_while_somebody_works_in_it_or_something_is_pending() {
    let slot = Slot::default();
    let pinned = slot.take(key(1));
    assert!(!slot.vacate(clock()));
    pinned.used(1, None);
    assert!(!slot.vacate(clock()));
    slot.settle(&slot.pending(0).expect("a use"));
    slot.pin(key(1))
        .expect("it is still there")
        .add_denials(1, 1, Code::Expired);
    assert!(!slot.vacate(clock()));
    slot.settle(&slot.pending(0).expect("a denial"));
    assert!(slot.vacate(clock()));
}

#[test]
fn a_process_that_sleeps_does_not_undo_what_others_took() {
    static SLOT: LazyLock<Slot> = LazyLock::new(Slot::default);
    static OTHERS: AtomicU64 = AtomicU64::new(0);
    const RATE: Rate = Rate {
        limit: 10,
        window_us: 1_000_000,
    };
    fn later() -> u64 {
        1_000_000_000
    }
    /// Reads the clock and falls asleep; meanwhile the others take all there is.
    fn sleepy() -> u64 {
        if OTHERS.load(Ordering::Relaxed) > 0 {
            return later();
        }
        let slot = SLOT.pin(key(1)).expect("its slot");
        while matches!(slot.take_rate(RATE, later), Decision::Admitted { .. }) {
            OTHERS.fetch_add(1, Ordering::Relaxed);
        }
        1
    }
    let slot = SLOT.take(key(1));
    let decision = slot.take_rate(RATE, sleepy);
    assert_eq!(OTHERS.load(Ordering::Relaxed), 10);
    assert!(matches!(decision, Decision::Limited { .. }));
    assert!(matches!(
        slot.ask_rate(RATE, later),
        Decision::Limited {
            wait: 100_000_000,
            ..
        }
    ));
}

#[test]
fn a_full_table_gives_no_slot_until_one_is_flushed() {
    let table = new_table(16);
    let used = |n| {
        table
            .find_or_take(key(n), clock, || ())
            .map(|slot| slot.used(marks(n).0, None))
            .is_some()
    };
    assert!((0..16).all(used));
    assert!(!used(16));
    assert!(used(3), "a token that has a slot is still counted");
    table.settle(&table.pending(DATABASE, usize::MAX));
    assert!(used(16));
    assert_eq!(table.used(), 16);
}

#[test]
fn a_live_rate_keeps_its_slot() {
    let table = new_table(16);
    let slow = Rate {
        limit: 1,
        window_us: 3_600_000_000,
    };
    for n in 0..16 {
        let slot = table
            .find_or_take(key(n), clock, || ())
            .expect("an empty table");
        assert!(matches!(
            slot.take_rate(slow, clock),
            Decision::Admitted { .. }
        ));
    }
    assert!(table.find_or_take(key(16), clock, || ()).is_none());
    assert_eq!(table.pending_slots(), 0, "a rate is nothing to flush");
}

#[test]
fn a_key_is_found_among_any_number_of_others() {
    let table = new_table(1000);
    for n in 0..1000 {
        assert!(table.find_or_take(key(n), clock, || ()).is_some(), "{n}");
    }
    for n in 0..1000 {
        assert!(table.find(key(n)).is_some(), "{n}");
    }
    assert_eq!(table.used(), 1000);
}

#[test]
fn a_discarded_database_leaves_no_trace() {
    let table = new_table(100);
    for n in 0..50u64 {
        let other = Key::token(DATABASE + 1, &u128::from(n).to_be_bytes());
        for key in [key(n), other] {
            table
                .find_or_take(key, clock, || ())
                .expect("there is room")
                .used(1, None);
        }
    }
    table.discard(DATABASE, || ());
    assert_eq!(table.used(), 50);
    assert!(table.find(key(7)).is_none());
    assert_eq!(
        table.pending_databases().into_iter().collect::<Vec<_>>(),
        [DATABASE + 1]
    );
    assert_eq!(table.stats().dropped.load(Ordering::Relaxed), 50);
}

#[test]
fn a_torn_address_is_never_shown() {
    let table = new_table(16);
    let slot = |n: u64| {
        table
            .find_or_take(key(n), clock, || ())
            .expect("there is room")
    };
    slot(1).used(1, Some(marks(1).1));
    let running = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for seed in 1..4 {
            let running = &running;
            scope.spawn(move || {
                let mut state = seed;
                while running.load(Ordering::Relaxed) {
                    slot(1).used(1, Some(marks(next(&mut state) >> 1).1));
                }
            });
        }
        for _ in 0..100_000 {
            let pending = table.pending(DATABASE, usize::MAX);
            if let Some(ClientAddr {
                addr: IpAddr::V6(v6),
                ..
            }) = pending[0].addr
            {
                let octets = u128::from(v6);
                assert_eq!((octets >> 64) as u64, octets as u64);
            }
        }
        running.store(false, Ordering::Relaxed);
    });
}

fn addrs() -> impl Strategy<Value = ClientAddr> {
    prop_oneof![
        (any::<u32>(), 0..=32u8).prop_map(|(addr, bits)| ClientAddr {
            addr: Ipv4Addr::from(addr).into(),
            bits
        }),
        (any::<u128>(), 0..=128u8).prop_map(|(addr, bits)| ClientAddr {
            addr: Ipv6Addr::from(addr).into(),
            bits
        }),
    ]
}

prop_compose! {
    fn records()(
        database in any::<u32>(),
        id in any::<[u8; 16]>(),
        code in prop::option::of(0..Code::ALL.len()),
        uses in any::<u64>(),
        last_used_at in any::<i64>(),
        addr in prop::option::of(addrs()),
        denied in any::<u64>(),
        last_denied in prop::option::of((1..i64::MAX, 0..Code::ALL.len())),
        rate_ahead in any::<u64>(),
    ) -> Record {
        let key = code.map_or(Key::token(database, &id), |code| Key::verdict(database, Code::ALL[code]));
        let last_denied = last_denied.map(|(at, code)| (at, Code::ALL[code]));
        Record { key, uses, last_used_at, addr, denied, last_denied, rate_ahead }
    }
}

proptest! {
    #[test]
    fn what_is_saved_is_what_is_loaded(at in any::<i64>(), records in prop::collection::vec(records(), 0..20)) {
        let saved = Saved { at, records };
        prop_assert_eq!(save::decode(&save::encode(&saved)), Ok(saved));
    }

    #[test]
    fn a_damaged_file_is_refused(
        records in prop::collection::vec(records(), 0..5),
        at in any::<prop::sample::Index>(),
        damage in 1..=255u8,
    ) {
        let mut bytes = save::encode(&Saved { at: 1, records });
        let at = at.index(bytes.len());
        bytes[at] ^= damage;
        prop_assert!(save::decode(&bytes).is_err());
        prop_assert!(save::decode(&bytes[..at]).is_err());
    }
}
