//! One row by its whole unique key: where it was lately found, else by one index probe.
//!
//! A direct look-up checks no privileges and no row security, so EXECUTE on the functions that use it is the boundary.

use std::ffi::CStr;
use std::ptr;

use pgrx::itemptr::{item_pointer_get_both, item_pointer_set_all};
use pgrx::pg_sys;
use pgrx::pg_sys::submodules::ffi::pg_guard_ffi_boundary;

use super::key::{Key, MAX_KEYS};
use super::probe::{self, Probe, open_table, take_apart};
use super::raw::{self, FileLocator};
use super::shmem;
use super::tuple::Tuple;
use crate::places::{Place, Tag};

/// A unique index of a table in schema pgtoken.
#[derive(Debug)]
pub struct Unique {
    /// The table.
    pub table: &'static CStr,
    /// The index.
    pub index: &'static CStr,
    /// Where the columns of the index stand in the table, counted from 1.
    pub columns: &'static [usize],
}

/// A row as the active snapshot sees it, on a page that stays pinned, of a table that stays locked.
#[derive(Debug)]
pub struct Found {
    table: pg_sys::Relation,
    slot: *mut pg_sys::TupleTableSlot,
}

impl Unique {
    /// The row whose index columns equal `keys`, one for each.
    pub fn find(&self, keys: &[Key<'_>]) -> Option<Found> {
        let places = shmem::places();
        let tag = Tag::new(shmem::my_database(), self.index, keys);
        if !is_serializable()
            && let Some(place) = places.and_then(|places| places.find(tag))
            // SAFETY: a function runs in a transaction with an active snapshot.
            && let Some(found) = unsafe { pg_guard_ffi_boundary(|| self.look(place, keys)) }
        {
            return Some(found);
        }
        let mut scan_keys = Key::scan_keys(keys);
        // SAFETY: as above; the scan keys outlive the scan.
        let (found, place) = unsafe { pg_guard_ffi_boundary(|| self.probe(&mut scan_keys)) }?;
        if let Some(places) = places {
            places.note(tag, place);
        }
        Some(found)
    }

    /// Whether there is such a row.
    pub fn exists(&self, keys: &[Key<'_>]) -> bool {
        self.find(keys).is_some()
    }

    /// Reads the row if it still is where it was.
    unsafe fn look(&self, place: Place, keys: &[Key<'_>]) -> Option<Found> {
        // SAFETY: the table is open and locked while its page is read, and the slot has its row type.
        unsafe {
            let table = open_table(self.table);
            let slot = raw::table_slot_create(table, ptr::null_mut());
            if fetch(table, place, slot) && self.matches(slot, keys) {
                return Some(Found { table, slot });
            }
            probe::close(table, slot);
            None
        }
    }

    /// Reads the row by the index.
    unsafe fn probe(&self, keys: *mut [pg_sys::ScanKeyData; MAX_KEYS]) -> Option<(Found, Place)> {
        let key_count = self.columns.len() as i32;
        // SAFETY: the scan is opened, read and ended here; the row outlives it in its slot.
        unsafe {
            let probe = Probe::open(self.table, self.index, keys, key_count);
            let root = probe.next();
            probe.end();
            let Probe { table, slot, .. } = probe;
            let Some(root) = root else {
                probe::close(table, slot);
                return None;
            };
            let (block, offset) = item_pointer_get_both(root);
            let buffer = (*slot.cast::<pg_sys::BufferHeapTupleTableSlot>()).buffer as u32;
            Some((
                Found { table, slot },
                Place {
                    buffer,
                    block,
                    offset,
                },
            ))
        }
    }

    /// Whether the row in the slot has the keys looked for.
    unsafe fn matches(&self, slot: *mut pg_sys::TupleTableSlot, keys: &[Key<'_>]) -> bool {
        // SAFETY: the slot was filled, and the columns of `self` are of the types of its keys.
        unsafe {
            self.columns.iter().zip(keys).all(|(column, key)| {
                let isnull = *(*slot).tts_isnull.add(column - 1);
                !isnull && key.equals(*(*slot).tts_values.add(column - 1))
            })
        }
    }
}

/// Fills the slot with the row whose versions start at `place`, if the snapshot sees one.
unsafe fn fetch(table: pg_sys::Relation, place: Place, slot: *mut pg_sys::TupleTableSlot) -> bool {
    let buffer = place.buffer as pg_sys::Buffer;
    let mut tid = pg_sys::ItemPointerData::default();
    item_pointer_set_all(&mut tid, place.block, place.offset);
    // SAFETY: ReadRecentBuffer pins a buffer only if it holds this block of this table's file.
    // heap_hot_search_buffer takes any line pointer number, as for an index entry that vacuum has outrun,
    // and leaves a tuple that points into the page, where the pin keeps it: the slot takes over both.
    unsafe {
        if place.buffer > pg_sys::NBuffers as u32
            || !raw::ReadRecentBuffer(file(table), MAIN_FORK, place.block, buffer)
        {
            return false;
        }
        let tuple = &raw mut (*slot.cast::<pg_sys::BufferHeapTupleTableSlot>())
            .base
            .tupdata;
        let snapshot = raw::GetActiveSnapshot();
        raw::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
        let is_visible = raw::heap_hot_search_buffer(
            &mut tid,
            table,
            buffer,
            snapshot,
            tuple,
            ptr::null_mut(),
            true,
        );
        raw::LockBuffer(buffer, pg_sys::BUFFER_LOCK_UNLOCK as i32);
        if !is_visible {
            raw::ReleaseBuffer(buffer);
            return false;
        }
        (*tuple).t_tableOid = (*table).rd_id;
        raw::ExecStorePinnedBufferHeapTuple(tuple, slot, buffer);
        take_apart(slot);
        true
    }
}

const MAIN_FORK: i32 = pg_sys::ForkNumber::MAIN_FORKNUM;

/// A serializable transaction goes by the index, whose pages carry its predicate locks.
fn is_serializable() -> bool {
    // SAFETY: a plain variable of this process.
    unsafe { pg_sys::XactIsoLevel == pg_sys::XACT_SERIALIZABLE as i32 }
}

/// The file of a table; its field has another name since PostgreSQL 16.
unsafe fn file(table: pg_sys::Relation) -> FileLocator {
    // SAFETY: the table is open.
    unsafe {
        #[cfg(not(any(feature = "pg16", feature = "pg17", feature = "pg18")))]
        return (*table).rd_node;
        #[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
        return (*table).rd_locator;
    }
}

impl Found {
    /// The row's values.
    pub fn tuple(&self) -> Tuple<'_> {
        // SAFETY: the slot is filled, taken apart, and lives until drop.
        unsafe { Tuple::of(self.slot) }
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // SAFETY: slot and table were opened by `look` or `probe` and are closed once; the slot releases its pin.
        unsafe {
            pg_guard_ffi_boundary(|| probe::close(self.table, self.slot));
        }
    }
}
