//! The decisions of pgtoken that need no database.
//!
//! This crate takes values and returns values.
//! *Invariant:* it knows neither PostgreSQL nor HTTP, and nothing in it reads a clock, a file or a setting.
#![forbid(unsafe_code)]

mod code;
mod duration;
mod rate;

pub use code::Code;
pub use duration::{DurationError, parse_duration};
pub use rate::{Decision, Rate, retry_after};
