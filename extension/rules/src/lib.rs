//! The decisions of pgtoken that need no database.
//!
//! This crate takes values and returns values.
//! *Invariant:* it knows neither PostgreSQL nor HTTP, and nothing in it reads a clock, a file or a setting.
#![forbid(unsafe_code)]

mod code;
mod duration;
mod grants;
mod issue;
mod key;
mod rate;
mod standing;
mod vocabulary;

pub use code::Code;
pub use duration::{DurationError, parse_duration};
pub use grants::{Grants, MAX_TARGETS, Zones};
pub use issue::{Excess, Grantor, Wish, within_authority};
pub use key::is_key;
pub use rate::{Decision, Rate, retry_after};
pub use standing::{Standing, scope_suffices};
pub use vocabulary::{Authority, Permission, Scope, Vocabulary};
