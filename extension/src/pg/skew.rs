//! Between a restart and ALTER EXTENSION … UPDATE the library is newer than the SQL, and in the other order older.
//!
//! Versions of the SQL add columns at the end only, so what both know stands in one place for both.

use pgrx::PgLogLevel;
use pgrx::pg_sys::errcodes::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The SQL lacks what this library cannot do without.
pub(super) fn sql_is_too_old(lack: &str) -> ! {
    refuse(lack, "alter extension pgtoken update")
}

/// The SQL has more than this library has room for.
pub(super) fn library_is_too_old(lack: &str) -> ! {
    refuse(
        lack,
        "restart the server, so that it loads the library anew",
    )
}

fn refuse(lack: &str, hint: &str) -> ! {
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!(
            "pgtoken: the library and the SQL in this database are of different versions: {lack}"
        ),
        "pgtoken",
    )
    .set_hint(hint)
    .report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// The version of the library that the server runs, for upgrade scripts that need it to be theirs.
#[pg_extern(sql = false)]
fn library_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
