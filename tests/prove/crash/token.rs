//! What a client knows of a token of its own.

/// A token, and what its client was told of it.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: String,
    /// None where the one answer that had it was lost.
    pub text: Option<String>,
    /// The `Idempotency-Key` that it was issued under; none of a successor.
    pub key: Option<String>,
    pub rotated_from: Option<String>,
    /// What it is, by the last answer.
    pub shape: Shape,
    /// The change that was sent and not answered.
    pub doubt: Option<Change>,
}

/// Everything of a token that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub revoked: bool,
    /// The one zone that it is confined to; none for a token that is not confined.
    pub zone: Option<u8>,
    /// The kinds of its events, in their order.
    pub events: String,
}

/// What a client does to a token.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Revoke,
    /// Ends it too; its successor is another token.
    Rotate,
    /// Confines it to another zone.
    Grant(u8),
}

impl Shape {
    pub fn new(zone: Option<u8>) -> Shape {
        Shape {
            revoked: false,
            zone,
            events: "issued".to_owned(),
        }
    }

    /// What a change makes of it.
    pub fn after(&self, change: Change) -> Shape {
        let (event, revoked, zone) = match change {
            Change::Revoke => ("revoked", true, self.zone),
            Change::Rotate => ("rotated", true, self.zone),
            Change::Grant(zone) => ("grants_replaced", self.revoked, Some(zone)),
        };
        Shape {
            revoked,
            zone,
            events: format!("{} {event}", self.events),
        }
    }

    /// The status of the verdict where this zone is asked for.
    fn status(&self, zone: u8) -> u16 {
        match self {
            Shape { revoked: true, .. } => 401,
            Shape {
                zone: Some(granted),
                ..
            } if *granted != zone => 403,
            _ => 200,
        }
    }
}

impl Token {
    /// What it may be: as it was, or as the change in doubt would make it; nothing in between.
    pub fn possible(&self) -> Vec<Shape> {
        let changed = self.doubt.map(|change| self.shape.after(change));
        [Some(self.shape.clone()), changed]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The statuses that are right where this zone is asked for.
    pub fn statuses(&self, zone: u8) -> Vec<u16> {
        self.possible()
            .iter()
            .map(|shape| shape.status(zone))
            .collect()
    }

    /// Whether its client may change it: it is live, and nothing is in doubt.
    pub fn is_changeable(&self) -> bool {
        !self.shape.revoked && self.doubt.is_none()
    }
}
