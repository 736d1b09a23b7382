//! Throw-away clusters for the tests of pgtoken.
#![forbid(unsafe_code)]
