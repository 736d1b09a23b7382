//! Failed guesses, limited for each client address.
//!
//! Nobody finds 256 bits by guessing; the limit keeps those who try from using up the database. A
//! guess is a credential that nothing is known about: an expired or a revoked token is none.
//!
//! The table has a fixed size: addresses that meet in a slot share its budget, and which ones do is
//! known to nobody outside. That takes less memory than any attacker can ask for.
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// 512 kB.
const SLOTS: usize = 1 << 16;

/// Counts failed guesses; cheap to clone.
#[derive(Clone)]
pub struct Guesses(Option<Arc<Table>>);

struct Table {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
    start: Instant,
    /// What one guess costs, and how much may be owed, in microseconds (GCRA).
    cost: u64,
    burst: u64,
}

impl Guesses {
    /// So many guesses each minute, all at once if need be; 0 = no limit.
    pub fn per_minute(limit: u32) -> Guesses {
        if limit == 0 {
            return Guesses(None);
        }
        let minute = Duration::from_secs(60).as_micros() as u64;
        let cost = minute / u64::from(limit);
        Guesses(Some(Arc::new(Table {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            start: Instant::now(),
            cost,
            burst: cost * u64::from(limit),
        })))
    }

    /// How long requests from this address have to wait, if they have to.
    pub fn wait(&self, address: IpAddr) -> Option<Duration> {
        let table = self.0.as_ref()?;
        let owed = table.slot(address).load(Ordering::Relaxed);
        let over = owed.checked_sub(table.now() + table.burst - table.cost)?;
        (over > 0).then(|| Duration::from_micros(over))
    }

    /// A guess from this address failed.
    pub fn count(&self, address: IpAddr) {
        let Some(table) = &self.0 else { return };
        let now = table.now();
        // Never more than one guess over the burst: who stops is free again within a minute.
        let add =
            |owed: u64| Some((owed.max(now) + table.cost).min(now + table.burst + table.cost));
        let _ = table
            .slot(address)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Table {
    fn slot(&self, address: IpAddr) -> &AtomicU64 {
        let hash = self.hasher.hash_one(network(address));
        &self.slots[hash as usize % SLOTS]
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}

/// Whoever has one IPv6 address has the 2^64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Guesses};
    use std::net::IpAddr;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn guesses_up_to_the_limit_are_free_and_the_next_waits() {
        let guesses = Guesses::per_minute(3);
        let guesser = address("203.0.113.7");
        for _ in 0..3 {
            assert_eq!(guesses.wait(guesser), None);
            guesses.count(guesser);
        }
        let wait = guesses.wait(guesser).expect("has to wait");
        assert!(wait <= Duration::from_secs(20), "{wait:?}");
        assert_eq!(guesses.wait(address("203.0.113.8")), None);
    }

    #[test]
    fn a_v6_network_is_one_guesser_and_a_mapped_v4_address_is_itself() {
        let guesses = Guesses::per_minute(1);
        guesses.count(address("2001:db8::1"));
        assert!(guesses.wait(address("2001:db8::ffff")).is_some());
        assert_eq!(guesses.wait(address("2001:db8:0:1::1")), None);
        guesses.count(address("::ffff:192.0.2.1"));
        assert!(guesses.wait(address("192.0.2.1")).is_some());
    }

    #[test]
    fn no_limit_is_no_limit() {
        let guesses = Guesses::per_minute(0);
        for _ in 0..1000 {
            guesses.count(address("192.0.2.1"));
        }
        assert_eq!(guesses.wait(address("192.0.2.1")), None);
    }
}
