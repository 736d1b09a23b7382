//! Whole rows, passed from a query to the caller as they are.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::Datum;
use pgrx::spi::SpiTupleTable;
use pgrx::{impl_sql_translatable, pg_sys};

use crate::error::Error;

/// A composite value, such as a row of `pgtoken.tokens`.
#[derive(Debug)]
pub struct Row(pg_sys::Datum);

impl_sql_translatable!(Row, "record");

impl Row {
    /// The composite values in the first column of a result, in the memory of SPI's caller.
    pub fn all(mut table: SpiTupleTable<'_>) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::with_capacity(table.len());
        while table.next().is_some() {
            let Some(value) = table.get_datum_by_ordinal(1)? else {
                continue;
            };
            // SAFETY: composite values are varlena, neither by value nor of fixed length, and SPI is connected.
            rows.push(Row(unsafe { pg_sys::SPI_datumTransfer(value, false, -1) }));
        }
        Ok(rows)
    }
}

// SAFETY: the datum is a composite value that lives in the memory of SPI's caller, which is the function's own.
unsafe impl BoxRet for Row {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        // SAFETY: the SQL declaration of each function that returns a row names the type of that row.
        unsafe { fcinfo.return_raw_datum(self.0) }
    }
}
