//! The HTTP facade of pgtoken.
#![forbid(unsafe_code)]
fn main() {}
