//! What is asked about a token.
use pgtoken_format::{Shape, classify, digest};
use std::net::IpAddr;

/// One question; `None` asks nothing.
#[derive(Debug)]
pub struct Question {
    /// What was presented as the token.
    pub presented: Presented,
    /// The scope that must be in effect.
    pub scope: Option<Box<str>>,
    /// The permissions that must be in effect, separated by single spaces.
    pub permissions: Option<Box<str>>,
    /// The workspace that the token must be bound to.
    pub workspace_id: Option<Box<str>>,
    /// The target that it must reach.
    pub target: Option<Box<str>>,
    /// The zone of the target that it must reach.
    pub zone: Option<Box<str>>,
    /// Where the request comes from.
    pub client_addr: Option<IpAddr>,
    /// Whether the answer takes from the rate and is recorded.
    pub consume: bool,
}

/// What was presented as a token. The text itself goes no further than this.
#[derive(Clone, Copy, Debug)]
pub enum Presented {
    /// SHA-256 of the text, to be looked up.
    Digest([u8; 32]),
    /// No token can have this text: there is nothing to ask the database.
    Malformed,
}

impl Presented {
    /// What a text is worth looking up by.
    pub fn text(text: &[u8]) -> Presented {
        match classify(text) {
            Shape::Malformed => Presented::Malformed,
            Shape::Own | Shape::Foreign => Presented::Digest(digest(text)),
        }
    }
}
