//! The text form of a token and its digest.
#![no_std]
#![forbid(unsafe_code)]

mod prefix;

pub use prefix::{Prefix, PrefixError};
