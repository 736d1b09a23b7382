//! Throw-away PostgreSQL clusters, and what the tests of pgtoken ask of them.
//!
//! A test begins with [`shared()`]`.database()`: a fresh database with the extension in it, on a
//! cluster that all tests of one file share.
//! A test that restarts the server or needs settings starts a [`Cluster`] of its own.
//!
//! *Invariant*: nothing outlives the test process, however it ends. Each server has a [`Watchdog`]
//! that waits for the process to be gone and then removes what is left.
#![forbid(unsafe_code)]

mod acme;
pub mod authority;
mod browser;
mod cluster;
mod contents;
mod database;
mod dice;
mod dump;
mod error;
mod facade;
mod http;
pub mod jwt;
mod manager;
mod page;
mod program;
mod query;
mod readme_table;
mod server;
mod session;
pub mod shadows;
mod shell;
pub mod stage;
mod stand;
mod standby;
mod telltale;
mod verdict;
mod wait;
mod watchdog;

pub use acme::{Acme, Issued};
pub use browser::Browser;
pub use cluster::{Cluster, Settings, shared};
pub use contents::Contents;
pub use database::Database;
pub use dice::Dice;
pub use error::{SqlError, error_of};
pub use facade::{Facade, Reply, agent};
pub use http::{Http, HttpAnswer};
pub use page::{JWT_SECRET, Page};
pub use program::{checkout, target};
pub use query::{outcome, row, rows};
pub use readme_table::readme_table;
pub use session::{Answer, Session};
pub use stand::{ADMIN_SECRET, Stand, VERIFIER_SECRET};
pub use telltale::{TELLTALE, TELLTALE_RUST_LOG, TELLTALE_SETTINGS};
pub use verdict::{
    ACME, READS, Token, acme_token, assert_codes, code, confined, import, issue, issue_confined,
    verdict,
};
pub use wait::wait_until;
pub use watchdog::Watchdog;
