//! Ids of tokens and events.

use pgrx::Uuid;
use pgrx::prelude::*;

/// A new UUID version 7 (RFC 9562): ordered by time, and within a backend also inside a millisecond.
#[pg_extern(sql = false)]
fn uuid_v7() -> Uuid {
    Uuid::from_bytes(*uuid::Uuid::now_v7().as_bytes())
}
