//! The text form of a token and its digest.
#![no_std]
#![forbid(unsafe_code)]

mod base62;
mod checksum;
mod digest;
mod prefix;
mod shape;
mod token;

pub use digest::digest;
pub use prefix::{Prefix, PrefixError};
pub use shape::{MAX_TEXT_LEN, REGEX, Shape, classify};
pub use token::{RandomError, Token};
