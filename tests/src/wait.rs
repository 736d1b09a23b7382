//! Waiting for a condition, never for a time.
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Polls `condition` until it holds, and panics with `what` when `deadline` has passed.
pub fn wait_until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < deadline,
            "waited {deadline:?} in vain: {what}"
        );
        sleep(Duration::from_millis(10));
    }
}
