//! Management: issuing, rotating, changing and ending tokens.
//!
//! Every function establishes its caller, checks all of its arguments, locks what it relies on (directory rows,
//! then token rows by id, then grants), and only then writes, its events included.
//! *Architecture Invariant:* no function here returns or logs a secret except the one it has just made.

mod check;
mod directory;
mod draft;
mod event;
mod existing;
mod grant;
mod import;
mod insert;
mod issue;
mod lifetime;
mod purge;
mod request;
mod revoke;
mod rotate;
mod update;

pub use check::{max_rows, required};
pub use existing::{find_visible, not_found};
