//! Whether a token that was found is alive, and whether its scope is enough.

use crate::code::Code;
use crate::vocabulary::{Authority, Scope, Vocabulary};

/// What the token's own row says of its life and its owner; times in microseconds on one clock.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Whether it was revoked.
    pub revoked: bool,
    /// From when it no longer verifies.
    pub expires_at: Option<i64>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether its owner is at work; `None` counts as no.
    pub owner_enabled: Option<bool>,
    /// The workspace that it is bound to.
    pub workspace_id: Option<&'a str>,
    /// Whether that workspace is at work; `None` counts as no.
    pub workspace_enabled: Option<bool>,
    /// The owner's present ladder scope in that workspace; `None` is not a member.
    pub owner_scope: Option<&'a str>,
}

impl<'a> Standing<'a> {
    /// The authority that the token draws on at `now`, or the first reason why it has none.
    pub fn authority(&self, now: i64) -> Result<Authority<'a>, Code> {
        if self.revoked {
            return Err(Code::Revoked);
        }
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Code::Expired);
        }
        if self.disabled {
            return Err(Code::Disabled);
        }
        if self.owner_enabled != Some(true) {
            return Err(Code::OwnerDisabled);
        }
        if self.workspace_id.is_none() {
            return Ok(Authority::Unbound);
        }
        if self.workspace_enabled != Some(true) {
            return Err(Code::WorkspaceDisabled);
        }
        self.owner_scope
            .map(Authority::Member)
            .ok_or(Code::NotAMember)
    }
}

/// Whether the scope in effect is enough for a caller that asks for `asked` and perhaps for a target.
///
/// A confined token never gets in by accident: the caller must ask for its scope by name, or for a target.
pub fn scope_suffices(
    vocabulary: &Vocabulary,
    given: Option<&str>,
    in_effect: Option<&Scope>,
    asked: Option<&str>,
    target_asked: bool,
) -> bool {
    let confined = match given.map(|given| vocabulary.scope(given)) {
        None => false,
        Some(Some(scope)) => scope.confined,
        // A scope that is gone may have been a confined one.
        Some(None) => return false,
    };
    if confined && in_effect.is_none() {
        return false;
    }
    match asked {
        Some(asked) => vocabulary.satisfies(in_effect, asked),
        None => !confined || target_asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive() -> Standing<'static> {
        Standing {
            revoked: false,
            expires_at: None,
            disabled: false,
            owner_enabled: Some(true),
            workspace_id: Some("w"),
            workspace_enabled: Some(true),
            owner_scope: Some("write"),
        }
    }

    #[test]
    fn the_first_reason_is_given() {
        let all = Standing {
            revoked: true,
            expires_at: Some(1),
            disabled: true,
            owner_enabled: Some(false),
            workspace_enabled: Some(false),
            owner_scope: None,
            ..alive()
        };
        assert_eq!(all.authority(2), Err(Code::Revoked));
        let all = Standing {
            revoked: false,
            ..all
        };
        assert_eq!(all.authority(2), Err(Code::Expired));
        let all = Standing {
            expires_at: None,
            ..all
        };
        assert_eq!(all.authority(2), Err(Code::Disabled));
        let all = Standing {
            disabled: false,
            ..all
        };
        assert_eq!(all.authority(2), Err(Code::OwnerDisabled));
        let all = Standing {
            owner_enabled: Some(true),
            ..all
        };
        assert_eq!(all.authority(2), Err(Code::WorkspaceDisabled));
        let all = Standing {
            workspace_enabled: Some(true),
            ..all
        };
        assert_eq!(all.authority(2), Err(Code::NotAMember));
        assert_eq!(alive().authority(2), Ok(Authority::Member("write")));
    }

    #[test]
    fn a_token_expires_at_its_very_microsecond() {
        let token = Standing {
            expires_at: Some(10),
            ..alive()
        };
        assert!(token.authority(9).is_ok());
        assert_eq!(token.authority(10), Err(Code::Expired));
    }

    #[test]
    fn unknown_authority_counts_as_none() {
        assert_eq!(
            Standing {
                owner_enabled: None,
                ..alive()
            }
            .authority(0),
            Err(Code::OwnerDisabled)
        );
        assert_eq!(
            Standing {
                workspace_enabled: None,
                ..alive()
            }
            .authority(0),
            Err(Code::WorkspaceDisabled)
        );
    }

    #[test]
    fn a_confined_token_gets_in_only_where_it_is_meant() {
        let agency = Scope {
            name: "agency".into(),
            rank: None,
            confined: true,
            member_scope: Some("write".into()),
        };
        let words = Vocabulary::new(vec![agency.clone()], vec![]);
        let suffices = |in_effect, asked, target| {
            scope_suffices(&words, Some("agency"), in_effect, asked, target)
        };
        assert!(suffices(Some(&agency), Some("agency"), false));
        assert!(suffices(Some(&agency), None, true));
        assert!(!suffices(Some(&agency), None, false));
        assert!(!suffices(Some(&agency), Some("read"), true));
        assert!(!suffices(None, None, true));
    }

    #[test]
    fn a_token_whose_scope_is_gone_gets_in_nowhere() {
        let words = Vocabulary::new(vec![], vec![]);
        assert!(!scope_suffices(&words, Some("gone"), None, None, false));
        assert!(!scope_suffices(&words, Some("gone"), None, None, true));
        assert!(scope_suffices(&words, None, None, None, false));
    }
}
