//! Where Rust meets PostgreSQL's C: the only room with `unsafe`.
//!
//! One guard per resource; guards release on success and do nothing while unwinding, because the
//! abort of the (sub)transaction releases everything then.
//! *Invariant:* what leaves this room is safe to use without knowing how PostgreSQL works inside.
#![allow(unsafe_code)]

mod elements;
pub mod guc;
mod key;
mod latest;
mod lookup;
mod owner;
mod probe;
mod raw;
mod row;
mod scan;
pub mod shmem;
mod skew;
mod token_row;
mod tuple;
pub mod usage_clock;
pub mod usage_file;
mod value;
mod varlena;
mod verdict;
mod vocabulary;
pub mod worker;

pub use elements::Elements;
pub use key::Key;
pub use latest::Latest;
pub use lookup::{Found, Unique};
pub use owner::{AsOwner, Role, is_read_only};
pub use row::Row;
pub use scan::Scan;
pub use token_row::TokenRow;
pub use usage_clock::wall as now;
pub use value::{Cidrs, Client, Jsonb};
pub use verdict::{Effect, Verdict, VerdictSet};
pub use vocabulary::{forget_at_commit, load_vocabulary, vocabulary_is_stale};
