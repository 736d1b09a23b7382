//! Where Rust meets the server: the only folder with unsafe code.
//!
//! One guard per PostgreSQL resource.
//! *Invariant:* what leaves this folder is safe to use; every precondition of the server's functions is met in here.
#![allow(unsafe_code)]

pub mod guc;
pub mod shmem;
pub mod usage_clock;
pub mod usage_file;
pub mod worker;
