//! Where chance comes from, so that what it found can be found again.
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of `PGTOKEN_PROVE_SEED`, or a new one; it is printed with a failure.
pub fn seed() -> u64 {
    if let Ok(seed) = std::env::var("PGTOKEN_PROVE_SEED") {
        return seed.parse().expect("PGTOKEN_PROVE_SEED is a number");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::from(now.expect("it is after 1970").subsec_nanos())
}

/// The chance of one of several rounds or threads.
pub fn chance(seed: u64, round: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed.wrapping_add(round << 32))
}
