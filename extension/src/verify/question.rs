//! What is asked of a verification.

use pgtoken_format::Shape;

use crate::pg::Client;

/// What the caller requires of the token; `None` asks nothing.
#[derive(Debug)]
pub struct Question<'a> {
    /// The scope that must be in effect, or one above it.
    pub scope: Option<&'a str>,
    /// The permissions that must all be in effect; a null element denies.
    pub permissions: Vec<Option<&'a str>>,
    /// The workspace that the token must be bound to.
    pub workspace_id: Option<&'a str>,
    /// The target that it must reach.
    pub target: Option<&'a str>,
    /// The zone of the target that it must reach.
    pub zone: Option<&'a str>,
    /// Where the request comes from.
    pub client_addr: Option<Client>,
}

/// What was presented as a token: a digest to look up, or nothing worth a query.
#[derive(Clone, Copy, Debug)]
pub enum Presented {
    /// SHA-256 of the token text.
    Digest([u8; 32]),
    /// No token can have this text or digest.
    Malformed,
}

impl Presented {
    /// A token text; texts of other shapes than pgtoken's own are looked up too, since tokens are imported.
    pub fn text(text: Option<&str>) -> Presented {
        let Some(text) = text.map(str::as_bytes) else {
            return Presented::Malformed;
        };
        match pgtoken_format::classify(text) {
            Shape::Malformed => Presented::Malformed,
            Shape::Own | Shape::Foreign => Presented::Digest(pgtoken_format::digest(text)),
        }
    }

    /// A digest, as callers send that keep the text to themselves.
    pub fn digest(digest: Option<&[u8]>) -> Presented {
        match digest.map(<[u8; 32]>::try_from) {
            Some(Ok(digest)) => Presented::Digest(digest),
            _ => Presented::Malformed,
        }
    }
}
