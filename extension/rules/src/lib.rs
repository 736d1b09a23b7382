//! The decisions of pgtoken that need no database.
#![forbid(unsafe_code)]
