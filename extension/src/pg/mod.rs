//! Where Rust meets PostgreSQL's C: the only room with `unsafe`.
//!
//! One guard per resource; guards release on success and do nothing while unwinding, because the
//! abort of the (sub)transaction releases everything then.
//! *Invariant:* what leaves this room is safe to use without knowing how PostgreSQL works inside.
#![allow(unsafe_code)]

mod owner;
mod row;
mod scan;
mod token_row;
mod value;
mod verdict;
mod vocabulary;

pub use owner::{AsOwner, Role};
pub use row::Row;
pub use scan::{Key, Scan};
pub use token_row::TokenRow;
pub use value::{Cidrs, Client, Jsonb};
pub use verdict::{Effect, Verdict, VerdictSet};
pub use vocabulary::{forget_at_commit, load_vocabulary, vocabulary_is_stale};
