//! What the facade says of itself: its OpenAPI document, a page to browse it, and the metadata of
//! an authorization server.
//!
//! *Invariant*: nothing here asks the database or another host, and the page loads nothing from elsewhere.
pub mod docs;
pub mod metadata;
pub mod openapi;
