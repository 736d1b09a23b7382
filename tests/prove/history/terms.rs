//! What there is on a stage, what can be asked and done there, and how it can end.
use pgtoken_rules::Code;

/// How many zones the one target of a stage may have.
pub const ZONES: u8 = 3;

/// What each token of a stage is to be.
pub const CASTING: [Role; 8] = [
    Role::new(Kind::Free, Birth::Issued),
    Role::new(Kind::Ladder(Rung::Full), Birth::Issued),
    Role::new(Kind::Ladder(Rung::Write), Birth::Issued),
    Role::new(Kind::Ladder(Rung::Full), Birth::Imported),
    Role::new(Kind::Confined, Birth::Issued),
    Role::new(Kind::Confined, Birth::Issued),
    Role::new(Kind::Confined, Birth::Issued),
    Role::new(Kind::Confined, Birth::Imported),
];

/// A scope on the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    Read,
    Write,
    Full,
}

/// A scope that can be asked for, or be in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Rung(Rung),
    Agency,
}

/// What a token is to be and how it comes into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    pub kind: Kind,
    pub birth: Birth,
}

impl Role {
    const fn new(kind: Kind, birth: Birth) -> Role {
        Role { kind, birth }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `read`, without workspace.
    Free,
    /// A scope of the ladder, in the workspace.
    Ladder(Rung),
    /// `agency`, in the workspace: confined to the target or to zones of it.
    Confined,
}

/// How a token comes into being. The text of one that is imported is known, and asked about, before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    Issued,
    Imported,
}

/// Zones of the target, a bit each.
pub type Zones = u8;

/// What a confined token may act on; of the others, which know nothing of grants, `Whole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grants {
    Whole,
    Zones(Zones),
}

/// What is asked about a token.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub token: usize,
    pub scope: Option<Scope>,
    pub place: Place,
}

/// Where a token is to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    Target,
    Zone(u8),
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub code: Code,
    pub scope: Option<Scope>,
    pub zone: Option<u8>,
}

/// What is done to tokens and to their owner; the index is that of the token.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Issue(usize, Grants),
    Import(usize),
    Revoke(usize),
    Enable(usize, bool),
    Grant(usize, Grants),
    EnableUser(bool),
    EnableWorkspace(bool),
    /// The member's scope, higher or lower.
    Promote(Rung),
    Leave,
    Join(Rung),
    AddZone(u8),
    DropZone(u8),
}

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The directory had no such row to change, or had it already.
    Nothing,
    /// 42501
    Forbidden,
    /// 22023
    Invalid,
    /// P0002
    NotFound,
    /// 55000
    Ended,
}
