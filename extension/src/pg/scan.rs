//! Direct index scans, for the grants of a confined token.
//!
//! A direct scan checks no privileges and no row security, so EXECUTE on the functions that use it is the boundary.

use std::ffi::CStr;

use pgrx::pg_sys;

use super::key::Key;
use super::tuple::Tuple;

/// An index scan with the transaction's active snapshot, over a table of schema pgtoken.
#[derive(Debug)]
pub struct Scan {
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    slot: *mut pg_sys::TupleTableSlot,
}

const LOCK: pg_sys::LOCKMODE = pg_sys::AccessShareLock as pg_sys::LOCKMODE;

impl Scan {
    /// Starts a scan for the rows whose leading index columns equal `keys`.
    ///
    /// The table is locked before the name of its index is resolved, so that REINDEX CONCURRENTLY,
    /// which swaps names, waits for this scan before it drops the old index.
    pub fn open(table: &CStr, index: &CStr, keys: &[Key<'_>]) -> Scan {
        // SAFETY: names are NUL-terminated; table_open and index_open raise an ERROR for what doesn't exist;
        // the scan keys outlive index_rescan, which copies them; there is an active snapshot in every function call.
        unsafe {
            let namespace = pg_sys::get_namespace_oid(c"pgtoken".as_ptr(), false);
            let table =
                pg_sys::table_open(pg_sys::get_relname_relid(table.as_ptr(), namespace), LOCK);
            let index =
                pg_sys::index_open(pg_sys::get_relname_relid(index.as_ptr(), namespace), LOCK);
            let scan = begin(table, index, keys.len() as i32);
            let mut entries = Key::scan_keys(keys);
            pg_sys::index_rescan(
                scan,
                entries.as_mut_ptr(),
                keys.len() as i32,
                std::ptr::null_mut(),
                0,
            );
            let slot = pg_sys::table_slot_create(table, std::ptr::null_mut());
            Scan {
                table,
                index,
                scan,
                slot,
            }
        }
    }

    /// The next row, if there is one.
    pub fn next(&mut self) -> Option<Tuple<'_>> {
        // SAFETY: scan and slot are open until drop; the slot keeps the row's page pinned until the next call.
        unsafe {
            if !pg_sys::index_getnext_slot(
                self.scan,
                pg_sys::ScanDirection::ForwardScanDirection,
                self.slot,
            ) {
                return None;
            }
            let columns = (*(*self.slot).tts_tupleDescriptor).natts;
            pg_sys::slot_getsomeattrs_int(self.slot, columns);
        }
        // SAFETY: the slot holds a row, taken apart, until the next call.
        Some(unsafe { Tuple::of(self.slot) })
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
        // SAFETY: each was opened by `open` and is closed once, in reverse order.
        unsafe {
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            pg_sys::index_endscan(self.scan);
            pg_sys::index_close(self.index, LOCK);
            pg_sys::relation_close(self.table, LOCK);
        }
    }
}

/// index_beginscan gains an argument in PostgreSQL 18.
unsafe fn begin(
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    keys: i32,
) -> pg_sys::IndexScanDesc {
    // SAFETY: both relations are open and locked, and an active snapshot exists while a function runs.
    unsafe {
        let snapshot = pg_sys::GetActiveSnapshot();
        #[cfg(not(feature = "pg18"))]
        return pg_sys::index_beginscan(table, index, snapshot, keys, 0);
        #[cfg(feature = "pg18")]
        return pg_sys::index_beginscan(table, index, snapshot, std::ptr::null_mut(), keys, 0);
    }
}
