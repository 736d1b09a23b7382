//! The two clocks of use tracking.
#![allow(unsafe_code)]

use pgrx::pg_sys;

/// Nanoseconds of the machine's monotonic clock: the same for every process, never set back.
pub fn monotonic() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a timespec that this frame owns.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    assert_eq!(
        result, 0,
        "every system that PostgreSQL runs on has a monotonic clock"
    );
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Microseconds since 2000, as a `timestamptz` counts them.
pub fn wall() -> i64 {
    // SAFETY: reads the clock and nothing else.
    unsafe { pg_sys::GetCurrentTimestamp() }
}
