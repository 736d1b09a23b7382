//! Values to look rows up by.

use std::hash::{Hash, Hasher};

use pgrx::{IntoDatum, pg_sys};

use super::varlena::plain_octets;

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

/// Keys of one scan at most.
pub(super) const MAX_KEYS: usize = 3;

impl Key<'_> {
    /// The scan keys for the leading columns of an index; their data live in the current memory context.
    pub(super) fn scan_keys(keys: &[Key<'_>]) -> [pg_sys::ScanKeyData; MAX_KEYS] {
        let mut entries = [pg_sys::ScanKeyData::default(); MAX_KEYS];
        for (column, (entry, key)) in entries.iter_mut().zip(keys).enumerate() {
            // SAFETY: `entry` is a valid place for a scan key.
            unsafe { key.init(entry, column as pg_sys::AttrNumber + 1) };
        }
        entries
    }

    unsafe fn init(self, entry: *mut pg_sys::ScanKeyData, column: pg_sys::AttrNumber) {
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

    fn octets(&self) -> &[u8] {
        match self {
            Key::Bytes(bytes) => bytes,
            Key::Uuid(id) => id.as_bytes(),
            Key::Text(text) => text.as_bytes(),
        }
    }

    /// Whether a column holds this value as plain octets. A compressed one is taken for another: the index knows.
    ///
    /// # Safety
    /// `datum` is a non-null value of the key's type.
    pub(super) unsafe fn equals(&self, datum: pg_sys::Datum) -> bool {
        // SAFETY: by the caller's promise, a pointer to 16 octets for a uuid, or to a varlena for the others.
        let held = unsafe {
            match self {
                Key::Uuid(_) => Some(std::slice::from_raw_parts(datum.cast_mut_ptr(), 16)),
                Key::Bytes(_) | Key::Text(_) => plain_octets(datum),
            }
        };
        held == Some(self.octets())
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.octets().hash(state);
    }
}
