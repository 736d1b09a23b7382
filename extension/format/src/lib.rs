#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! This crate knows neither PostgreSQL nor HTTP.
//! One invariant: looking at a text ([`classify`], [`digest()`]) allocates nothing and never panics.
//! The crate is `no_std` to let the compiler watch over the first half: only the files that say
//! `extern crate alloc` can allocate.
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
