//! API tokens that live inside PostgreSQL.
//!
//! This crate is the shared library behind the `pgtoken` extension.
use pgrx::prelude::*;

mod caller;
mod error;
mod ids;
mod list;
mod manage;
mod pg;
mod places;
mod settings;
mod usage;
mod verify;

::pgrx::pg_module_magic!();

/// Runs once per process that loads the library; in the postmaster, when it is preloaded.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::define();
    if !pg::guc::is_preloading() {
        return;
    }
    pg::shmem::init();
    if !pg::guc::is_binary_upgrade() {
        pg::worker::register_launcher();
    }
}
