//! What pgtoken promises, as a machine that does one thing at a time: a user in a workspace and the user's tokens.
//!
//! It is written from the README and knows nothing of tables, keys and locks.
use super::terms::{
    CASTING, Change, Grants, Kind, Outcome, Place, Question, Rung, Scope, Verdict, ZONES, Zones,
};
use pgtoken_rules::Code;

/// Everything that a verdict depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    user_enabled: bool,
    workspace_enabled: bool,
    member: Option<Rung>,
    zones: Zones,
    tokens: [Option<Token>; CASTING.len()],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Token {
    enabled: bool,
    revoked: bool,
    grants: Grants,
}

impl State {
    /// How a stage is set: everybody at work, all zones there, no token yet.
    pub fn new() -> State {
        State {
            user_enabled: true,
            workspace_enabled: true,
            member: Some(Rung::Full),
            zones: (1 << ZONES) - 1,
            tokens: [None; CASTING.len()],
        }
    }

    /// The answer to a question in this state: the first rule that is broken, in the order of the contract.
    pub fn verdict(&self, question: Question) -> Verdict {
        match self.decide(question) {
            Ok((scope, zone)) => Verdict {
                code: Code::Valid,
                scope: Some(scope),
                zone,
            },
            Err(code) => Verdict {
                code,
                scope: None,
                zone: None,
            },
        }
    }

    fn decide(&self, question: Question) -> Result<(Scope, Option<u8>), Code> {
        let token = self.tokens[question.token].ok_or(Code::NotFound)?;
        let kind = CASTING[question.token].kind;
        if token.revoked {
            return Err(Code::Revoked);
        }
        if !token.enabled {
            return Err(Code::Disabled);
        }
        if !self.user_enabled {
            return Err(Code::OwnerDisabled);
        }
        if kind != Kind::Free && !self.workspace_enabled {
            return Err(Code::WorkspaceDisabled);
        }
        let scope = match (kind, self.member) {
            (Kind::Free, _) => Scope::Rung(Rung::Read),
            (_, None) => return Err(Code::NotAMember),
            (Kind::Ladder(given), Some(held)) => Scope::Rung(given.min(held)),
            (Kind::Confined, Some(Rung::Read)) => return Err(Code::InsufficientScope),
            (Kind::Confined, Some(_)) => Scope::Agency,
        };
        let suffices = match (scope, question.scope) {
            (Scope::Rung(held), Some(Scope::Rung(asked))) => held >= asked,
            (Scope::Agency, Some(Scope::Agency)) | (Scope::Rung(_), None) => true,
            (Scope::Agency, None) => question.place != Place::Nowhere,
            _ => false,
        };
        if !suffices {
            return Err(Code::InsufficientScope);
        }
        let zone = match kind {
            Kind::Confined => self.zone_of_confined(token.grants, question.place)?,
            Kind::Ladder(_) => self.zone_of_unconfined(question.place)?,
            Kind::Free if question.place == Place::Nowhere => None,
            Kind::Free => return Err(Code::TargetForbidden),
        };
        Ok((scope, zone))
    }

    fn zone_of_unconfined(&self, place: Place) -> Result<Option<u8>, Code> {
        match place {
            Place::Zone(zone) if self.zones & bit(zone) == 0 => Err(Code::ZoneForbidden),
            Place::Zone(zone) => Ok(Some(zone)),
            Place::Nowhere | Place::Target => Ok(None),
        }
    }

    fn zone_of_confined(&self, grants: Grants, place: Place) -> Result<Option<u8>, Code> {
        let Grants::Zones(granted) = grants else {
            return self.zone_of_unconfined(place);
        };
        if granted == 0 {
            return Err(Code::TargetForbidden);
        }
        match place {
            Place::Nowhere => Ok(None),
            Place::Target if granted.count_ones() > 1 => Err(Code::ZoneRequired),
            Place::Target => Ok(Some(granted.trailing_zeros() as u8)),
            Place::Zone(zone) if granted & bit(zone) == 0 => Err(Code::ZoneForbidden),
            Place::Zone(zone) => Ok(Some(zone)),
        }
    }

    /// What a change makes of this state, and how it ends.
    pub fn after(&self, change: Change) -> (State, Outcome) {
        let mut next = *self;
        let outcome = next.apply(change);
        (next, outcome.unwrap_or_else(|refusal| refusal))
    }

    fn apply(&mut self, change: Change) -> Result<Outcome, Outcome> {
        match change {
            Change::Issue(token, grants) => {
                self.check_owner(CASTING[token].kind)?;
                self.check_zones(grants)?;
                self.tokens[token] = Some(Token::new(grants));
            }
            Change::Import(token) => {
                self.tokens[token].get_or_insert(Token::new(Grants::Whole));
            }
            Change::Revoke(token) => self.token(token)?.revoked = true,
            Change::Enable(token, enabled) => self.living(token)?.enabled = enabled,
            Change::Grant(token, grants) => {
                self.token(token)?;
                self.check_zones(grants)?;
                self.living(token)?.grants = grants;
            }
            Change::EnableUser(enabled) => self.user_enabled = enabled,
            Change::EnableWorkspace(enabled) => self.workspace_enabled = enabled,
            Change::Promote(rung) => {
                self.member.ok_or(Outcome::Nothing)?;
                self.member = Some(rung);
            }
            Change::Leave => _ = self.member.take().ok_or(Outcome::Nothing)?,
            Change::Join(_) if self.member.is_some() => return Err(Outcome::Nothing),
            Change::Join(rung) => self.member = Some(rung),
            Change::AddZone(zone) if self.zones & bit(zone) != 0 => return Err(Outcome::Nothing),
            Change::AddZone(zone) => self.zones |= bit(zone),
            Change::DropZone(zone) if self.zones & bit(zone) == 0 => return Err(Outcome::Nothing),
            Change::DropZone(zone) => self.drop_zone(zone),
        }
        Ok(Outcome::Done)
    }

    fn drop_zone(&mut self, zone: u8) {
        self.zones &= !bit(zone);
        for token in self.tokens.iter_mut().flatten() {
            if let Grants::Zones(granted) = &mut token.grants {
                *granted &= !bit(zone);
            }
        }
    }

    /// Nobody is issued more than its owner has.
    fn check_owner(&self, kind: Kind) -> Result<(), Outcome> {
        let suffices = match (kind, self.member) {
            (Kind::Free, _) => self.user_enabled,
            (_, None) => false,
            (Kind::Ladder(given), Some(held)) => held >= given && self.is_at_work(),
            (Kind::Confined, Some(held)) => held >= Rung::Write && self.is_at_work(),
        };
        if suffices {
            Ok(())
        } else {
            Err(Outcome::Forbidden)
        }
    }

    fn is_at_work(&self) -> bool {
        self.user_enabled && self.workspace_enabled
    }

    fn check_zones(&self, grants: Grants) -> Result<(), Outcome> {
        match grants {
            Grants::Zones(zones) if zones & !self.zones != 0 => Err(Outcome::Invalid),
            _ => Ok(()),
        }
    }

    fn token(&mut self, token: usize) -> Result<&mut Token, Outcome> {
        self.tokens[token].as_mut().ok_or(Outcome::NotFound)
    }

    fn living(&mut self, token: usize) -> Result<&mut Token, Outcome> {
        let token = self.token(token)?;
        if token.revoked {
            Err(Outcome::Ended)
        } else {
            Ok(token)
        }
    }
}

impl Token {
    fn new(grants: Grants) -> Token {
        Token {
            enabled: true,
            revoked: false,
            grants,
        }
    }
}

fn bit(zone: u8) -> Zones {
    1 << zone
}
