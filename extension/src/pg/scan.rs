//! Direct index scans, for the grants of a confined token.
//!
//! A direct scan checks no privileges and no row security, so EXECUTE on the functions that use it is the boundary.

use std::ffi::CStr;

use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;

use super::key::Key;
use super::probe::{self, Probe};
use super::tuple::Tuple;

/// An index scan with the transaction's active snapshot, over a table of schema pgtoken.
#[derive(Debug)]
pub struct Scan(Probe);

impl Scan {
    /// Starts a scan for the rows whose leading index columns equal `keys`.
    pub fn open(table: &CStr, index: &CStr, keys: &[Key<'_>]) -> Scan {
        let mut scan_keys = Key::scan_keys(keys);
        let key_count = keys.len() as i32;
        // SAFETY: nothing in the closure needs dropping, and a function runs with an active snapshot.
        Scan(unsafe {
            pg_guard_ffi_boundary(|| Probe::open(table, index, &mut scan_keys, key_count))
        })
    }

    /// The next row, if there is one.
    pub fn next(&mut self) -> Option<Tuple<'_>> {
        // SAFETY: the scan is open until drop; the slot keeps the row, taken apart, and its page until the next call.
        unsafe {
            pg_guard_ffi_boundary(|| self.0.next())?;
            Some(Tuple::of(self.0.slot))
        }
    }

    /// Whether any row has these keys.
    pub fn exists(table: &CStr, index: &CStr, keys: &[Key<'_>]) -> bool {
        Scan::open(table, index, keys).next().is_some()
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // SAFETY: each was opened by `open` and is closed once.
        unsafe {
            pg_guard_ffi_boundary(|| {
                self.0.end();
                probe::close(self.0.table, self.0.slot);
            });
        }
    }
}
