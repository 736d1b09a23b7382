//! A file in the data directory that is either whole or not there.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Write};

use pgrx::pg_sys;

/// Beside the server's own statistics; the postmaster runs in the data directory.
const PATH: &CStr = c"pg_stat/pgtoken_usage.stat";
const TEMPORARY: &CStr = c"pg_stat/pgtoken_usage.stat.tmp";

/// The name as people know it.
pub fn path() -> &'static str {
    text(PATH)
}

/// The bytes of the file, which is removed: what it says must not be counted twice.
pub fn take() -> io::Result<Option<Vec<u8>>> {
    let bytes = match fs::read(path()) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    fs::remove_file(path())?;
    Ok(Some(bytes))
}

/// Writes the file; the server's log says why when it cannot be put in place.
pub fn put(bytes: &[u8]) -> io::Result<()> {
    let written = File::create(text(TEMPORARY)).and_then(|mut file| file.write_all(bytes));
    if let Err(error) = written {
        let _ = fs::remove_file(text(TEMPORARY));
        return Err(error);
    }
    // SAFETY: both names are C strings; at level LOG nothing is raised.
    unsafe { pg_sys::durable_rename(TEMPORARY.as_ptr(), PATH.as_ptr(), pg_sys::LOG as i32) };
    Ok(())
}

fn text(path: &'static CStr) -> &'static str {
    path.to_str().expect("the names are ASCII")
}
