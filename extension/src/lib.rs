//! API tokens that live inside PostgreSQL.
//!
//! This crate is the shared library behind the `pgtoken` extension.
::pgrx::pg_module_magic!();
