//! The values of a row.

use std::marker::PhantomData;

use pgrx::{FromDatum, pg_sys};

use super::elements::Elements;
use super::skew;

/// A row that a look-up found or a scan stands on.
#[derive(Clone, Copy, Debug)]
pub struct Tuple<'a> {
    slot: *mut pg_sys::TupleTableSlot,
    holder: PhantomData<&'a ()>,
}

impl<'a> Tuple<'a> {
    /// The row in a slot.
    ///
    /// # Safety
    /// The slot holds a row, taken apart, for as long as 'a.
    pub(super) unsafe fn of(slot: *mut pg_sys::TupleTableSlot) -> Tuple<'a> {
        Tuple {
            slot,
            holder: PhantomData,
        }
    }

    /// The raw value of a column, counted from 1; `None` is null.
    pub fn datum(self, column: usize) -> Option<pg_sys::Datum> {
        // SAFETY: only the first tts_nvalid entries of the slot's arrays are read: those that were filled in.
        unsafe {
            let columns = (*self.slot).tts_nvalid as usize;
            if column > columns {
                skew::sql_is_too_old("a table lacks a column");
            }
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
