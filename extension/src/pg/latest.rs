//! The newest snapshot, for what has to be seen as it is and not as the transaction first saw it.

use pgrx::pg_sys;

/// While it lives, scans see all that is committed by now, and what the transaction itself has done.
#[derive(Debug)]
pub struct Latest(());

impl Latest {
    /// Takes a new snapshot and makes it the active one.
    pub fn enter() -> Latest {
        // SAFETY: a function that writes runs in a transaction, outside parallel mode; the active snapshot is a copy.
        unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot()) }
        Latest(())
    }
}

impl Drop for Latest {
    fn drop(&mut self) {
        // While unwinding, the abort of the transaction releases all snapshots.
        if !std::thread::panicking() {
            // SAFETY: the one that `enter` pushed; whatever was pushed later was popped before.
            unsafe { pg_sys::PopActiveSnapshot() }
        }
    }
}
