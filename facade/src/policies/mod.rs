//! Named requirements for forward-auth: what a request must be allowed to do, by its method and path.
//!
//! The file is read once, at the start; every mistake in it is an error that names file, policy and field.
//!
//! *Invariant*: a client states nothing here. Its query is never read, and a path that two servers
//! could read in two ways (dot segments, encoded delimiters, double encoding) is no match.
mod file;
mod path;
mod policy;

pub use file::read;
pub use policy::{Observed, Policy, Requirement, Source};

use std::collections::HashMap;

/// The policies by name.
#[derive(Debug, Default)]
pub struct Policies(HashMap<String, Policy>);

impl Policies {
    /// The policy of this name.
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.0.get(name)
    }
}
