//! PostgreSQL's functions without a guard of their own, for the one place that runs many of them under a single guard.
//!
//! pgrx sets a jump point for each C function it calls (about 35 ns); a look-up calls a dozen.
//! Each may raise an ERROR, which jumps over the frames of its callers: call them only inside `pg_guard_ffi_boundary`,
//! from frames that have nothing to drop.

use std::ffi::{c_char, c_int};

use pgrx::pg_sys::{
    Buffer, HeapTuple, IndexScanDesc, ItemPointer, LOCKMODE, Oid, Relation, ScanDirection, ScanKey,
    Snapshot, TupleTableSlot,
};

#[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
pub use pgrx::pg_sys::RelFileLocator as FileLocator;
#[cfg(not(any(feature = "pg16", feature = "pg17", feature = "pg18")))]
pub use pgrx::pg_sys::RelFileNode as FileLocator;

unsafe extern "C-unwind" {
    pub fn get_namespace_oid(name: *const c_char, missing_ok: bool) -> Oid;
    pub fn get_relname_relid(name: *const c_char, namespace: Oid) -> Oid;
    pub fn table_open(relation: Oid, lock: LOCKMODE) -> Relation;
    pub fn index_open(relation: Oid, lock: LOCKMODE) -> Relation;
    pub fn relation_close(relation: Relation, lock: LOCKMODE);
    pub fn GetActiveSnapshot() -> Snapshot;

    pub fn ReadRecentBuffer(file: FileLocator, fork: c_int, block: u32, buffer: Buffer) -> bool;
    pub fn LockBuffer(buffer: Buffer, mode: c_int);
    pub fn ReleaseBuffer(buffer: Buffer);
    pub fn heap_hot_search_buffer(
        tid: ItemPointer,
        relation: Relation,
        buffer: Buffer,
        snapshot: Snapshot,
        tuple: HeapTuple,
        all_dead: *mut bool,
        first_call: bool,
    ) -> bool;
    pub fn ExecStorePinnedBufferHeapTuple(
        tuple: HeapTuple,
        slot: *mut TupleTableSlot,
        buffer: Buffer,
    ) -> *mut TupleTableSlot;
    pub fn slot_getsomeattrs_int(slot: *mut TupleTableSlot, columns: c_int);

    #[cfg(not(feature = "pg18"))]
    pub fn index_beginscan(
        table: Relation,
        index: Relation,
        snapshot: Snapshot,
        keys: c_int,
        order_bys: c_int,
    ) -> IndexScanDesc;
    #[cfg(feature = "pg18")]
    pub fn index_beginscan(
        table: Relation,
        index: Relation,
        snapshot: Snapshot,
        instrument: *mut pgrx::pg_sys::IndexScanInstrumentation,
        keys: c_int,
        order_bys: c_int,
    ) -> IndexScanDesc;
    pub fn index_rescan(
        scan: IndexScanDesc,
        keys: ScanKey,
        key_count: c_int,
        order_bys: ScanKey,
        order_by_count: c_int,
    );
    pub fn index_getnext_tid(scan: IndexScanDesc, direction: ScanDirection::Type) -> ItemPointer;
    pub fn index_fetch_heap(scan: IndexScanDesc, slot: *mut TupleTableSlot) -> bool;
    pub fn index_endscan(scan: IndexScanDesc);
    pub fn table_slot_create(
        relation: Relation,
        list: *mut *mut pgrx::pg_sys::List,
    ) -> *mut TupleTableSlot;
    pub fn ExecDropSingleTupleTableSlot(slot: *mut TupleTableSlot);
}
