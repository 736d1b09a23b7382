//! An index scan as its caller's guard covers it: one place for what look-ups and scans share.

use std::ffi::CStr;
use std::ptr;

use pgrx::pg_sys;

use super::key::MAX_KEYS;
use super::raw;

/// An open index scan with the transaction's active snapshot, over a table of schema pgtoken.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) table: pg_sys::Relation,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
}

pub(super) const LOCK: pg_sys::LOCKMODE = pg_sys::AccessShareLock as pg_sys::LOCKMODE;

/// Opens a table of schema pgtoken.
///
/// # Safety
/// As for all of [`raw`]: under a guard, from frames that have nothing to drop.
pub(super) unsafe fn open_table(table: &CStr) -> pg_sys::Relation {
    // SAFETY: table_open raises an ERROR if there is no such table.
    unsafe {
        let namespace = raw::get_namespace_oid(c"pgtoken".as_ptr(), false);
        raw::table_open(raw::get_relname_relid(table.as_ptr(), namespace), LOCK)
    }
}

impl Probe {
    /// Starts a scan for the rows whose leading index columns equal the first `key_count` keys.
    ///
    /// The table is locked before the name of its index is resolved, so that REINDEX CONCURRENTLY,
    /// which swaps names, waits for this scan before it drops the old index.
    ///
    /// # Safety
    /// As for [`open_table`]; there is an active snapshot.
    pub(super) unsafe fn open(
        table: &CStr,
        index: &CStr,
        keys: *mut [pg_sys::ScanKeyData; MAX_KEYS],
        key_count: i32,
    ) -> Probe {
        // SAFETY: index_open raises an ERROR if there is no such index; index_rescan copies the keys.
        unsafe {
            let table = open_table(table);
            let namespace = (*(*table).rd_rel).relnamespace;
            let index = raw::index_open(raw::get_relname_relid(index.as_ptr(), namespace), LOCK);
            let slot = raw::table_slot_create(table, ptr::null_mut());
            let scan = begin(table, index, key_count);
            raw::index_rescan(scan, keys.cast(), key_count, ptr::null_mut(), 0);
            Probe {
                table,
                index,
                scan,
                slot,
            }
        }
    }

    /// Fills the slot with the next row; where its versions start.
    ///
    /// # Safety
    /// As for [`open_table`]; the scan has not ended.
    pub(super) unsafe fn next(&self) -> Option<pg_sys::ItemPointerData> {
        // SAFETY: the scan is open, and its table's slot takes its rows.
        unsafe {
            loop {
                let tid =
                    raw::index_getnext_tid(self.scan, pg_sys::ScanDirection::ForwardScanDirection);
                if tid.is_null() {
                    return None;
                }
                // index_fetch_heap moves it on to the version that it finds.
                let root = *tid;
                if raw::index_fetch_heap(self.scan, self.slot) {
                    take_apart(self.slot);
                    return Some(root);
                }
            }
        }
    }

    /// Ends the scan; table and slot stay as they are.
    ///
    /// # Safety
    /// As for [`open_table`]; once for each scan.
    pub(super) unsafe fn end(&self) {
        // SAFETY: both were opened by `open`.
        unsafe {
            raw::index_endscan(self.scan);
            raw::relation_close(self.index, LOCK);
        }
    }
}

/// Lets go of a row and its table.
///
/// # Safety
/// As for [`open_table`]; once for each slot.
pub(super) unsafe fn close(table: pg_sys::Relation, slot: *mut pg_sys::TupleTableSlot) {
    // SAFETY: the slot releases its pin.
    unsafe {
        raw::ExecDropSingleTupleTableSlot(slot);
        raw::relation_close(table, LOCK);
    }
}

/// Reads all columns of the row in a slot.
///
/// # Safety
/// As for [`open_table`]; the slot holds a row.
pub(super) unsafe fn take_apart(slot: *mut pg_sys::TupleTableSlot) {
    // SAFETY: the slot holds a row of the described type.
    unsafe {
        let columns = (*(*slot).tts_tupleDescriptor).natts;
        raw::slot_getsomeattrs_int(slot, columns);
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
        let snapshot = raw::GetActiveSnapshot();
        #[cfg(not(feature = "pg18"))]
        return raw::index_beginscan(table, index, snapshot, keys, 0);
        #[cfg(feature = "pg18")]
        return raw::index_beginscan(table, index, snapshot, ptr::null_mut(), keys, 0);
    }
}
