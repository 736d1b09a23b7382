//! Direct index scans: the whole of a verification's reading.
//!
//! A direct scan checks no privileges and no row security, so EXECUTE on the functions that use it is the boundary.

use std::ffi::CStr;
use std::marker::PhantomData;

use pgrx::{FromDatum, IntoDatum, pg_sys};

use super::elements::Elements;

/// A value to look up in one column of an index, by equality.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// A `bytea` column.
    Bytes(&'a [u8]),
    /// A `uuid` column.
    Uuid(pgrx::Uuid),
    /// A `text collate "C"` column.
    Text(&'a str),
}

/// An index scan with the transaction's active snapshot, over a table of schema pgtoken.
#[derive(Debug)]
pub struct Scan {
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    slot: *mut pg_sys::TupleTableSlot,
}

/// A row that a scan stands on.
#[derive(Clone, Copy, Debug)]
pub struct Tuple<'a> {
    slot: *mut pg_sys::TupleTableSlot,
    scan: PhantomData<&'a Scan>,
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
            let mut entries = [pg_sys::ScanKeyData::default(); MAX_KEYS];
            for (column, (entry, key)) in entries.iter_mut().zip(keys).enumerate() {
                key.init(entry, column as pg_sys::AttrNumber + 1);
            }
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
        Some(self.tuple())
    }

    /// The row that the last `next` found.
    pub fn tuple(&self) -> Tuple<'_> {
        Tuple {
            slot: self.slot,
            scan: PhantomData,
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
        // SAFETY: each was opened by `open` and is closed once, in reverse order.
        unsafe {
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            pg_sys::index_endscan(self.scan);
            pg_sys::index_close(self.index, LOCK);
            pg_sys::relation_close(self.table, LOCK);
        }
    }
}

const MAX_KEYS: usize = 3;

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

impl Key<'_> {
    /// Fills one scan key; its datum lives in the current memory context.
    unsafe fn init(self, entry: &mut pg_sys::ScanKeyData, column: pg_sys::AttrNumber) {
        let (function, datum) = match self {
            Key::Bytes(bytes) => (pg_sys::F_BYTEAEQ, bytes.into_datum()),
            Key::Uuid(id) => (pg_sys::F_UUID_EQ, id.into_datum()),
            Key::Text(text) => (pg_sys::F_TEXTEQ, text.into_datum()),
        };
        // SAFETY: `entry` is valid; the function fits the column's type, and ScanKeyInit sets collation "C",
        // which the text columns of pgtoken's keys have.
        unsafe {
            pg_sys::ScanKeyInit(
                entry,
                column,
                pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
                function.into(),
                datum.expect("keys are not null"),
            );
        }
    }
}

impl<'a> Tuple<'a> {
    /// The raw value of a column, counted from 1; `None` is null.
    pub fn datum(self, column: usize) -> Option<pg_sys::Datum> {
        // SAFETY: only the first tts_nvalid entries of the slot's arrays are read: those that `next` has filled in.
        unsafe {
            let columns = (*self.slot).tts_nvalid as usize;
            assert!((1..=columns).contains(&column), "no column {column}");
            let isnull = *(*self.slot).tts_isnull.add(column - 1);
            (!isnull).then(|| *(*self.slot).tts_values.add(column - 1))
        }
    }

    fn get<T: FromDatum>(self, column: usize) -> Option<T> {
        let datum = self.datum(column)?;
        // SAFETY: the accessors below are called with columns of their type; the surface test checks the table's columns.
        unsafe { T::from_datum(datum, false) }
    }

    /// A `text` column.
    pub fn text(self, column: usize) -> Option<&'a str> {
        self.get(column)
    }

    /// A `boolean` column.
    pub fn boolean(self, column: usize) -> Option<bool> {
        self.get(column)
    }

    /// An `integer` column.
    pub fn integer(self, column: usize) -> Option<i32> {
        self.get(column)
    }

    /// A `timestamptz` column in microseconds since 2000.
    pub fn timestamp(self, column: usize) -> Option<i64> {
        self.get(column)
    }

    /// A `uuid` column.
    pub fn uuid(self, column: usize) -> Option<pgrx::Uuid> {
        self.get(column)
    }

    /// An `interval` column in microseconds, days of 24 hours and months of 30 days.
    pub fn interval_micros(self, column: usize) -> Option<i64> {
        let interval: pgrx::datum::Interval = self.get(column)?;
        i64::try_from(interval.as_micros()).ok()
    }

    /// The elements of an array column of `text`, `inet` or `cidr`; a null array has none.
    pub fn elements<T: FromDatum + 'a>(self, column: usize) -> Vec<Option<T>> {
        self.get::<Elements<T>>(column)
            .map(|elements| elements.0)
            .unwrap_or_default()
    }
}
