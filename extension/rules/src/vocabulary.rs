//! Scopes and permissions, and what an owner's present authority makes of them.

/// A scope, as in `pgtoken.scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The word.
    pub name: String,
    /// Place on the ladder; `None` is off it.
    pub rank: Option<i16>,
    /// Whether tokens of this scope act only on targets granted to them.
    pub confined: bool,
    /// Off the ladder: the ladder scope that the owner must hold.
    pub member_scope: Option<String>,
}

/// A permission, as in `pgtoken.permission`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The word.
    pub name: String,
    /// The ladder scope that the owner must hold.
    pub member_scope: Option<String>,
}

/// What the owner of a token holds where the token acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority<'a> {
    /// The token has no workspace: its own scope is in effect.
    Unbound,
    /// The owner is a member of the token's workspace with this ladder scope.
    Member(&'a str),
}

/// All words that are known.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    scopes: Vec<Scope>,
    permissions: Vec<Permission>,
}

impl Vocabulary {
    /// A vocabulary of these words.
    pub fn new(scopes: Vec<Scope>, permissions: Vec<Permission>) -> Vocabulary {
        Vocabulary {
            scopes,
            permissions,
        }
    }

    /// The scope of this name.
    pub fn scope(&self, name: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == name)
    }

    /// The permission of this name.
    pub fn permission(&self, name: &str) -> Option<&Permission> {
        self.permissions
            .iter()
            .find(|permission| permission.name == name)
    }

    /// Whether ladder scope `held` includes ladder scope `needed`; what is not on the ladder includes nothing.
    pub fn includes(&self, held: &str, needed: &str) -> bool {
        match (self.rank(held), self.rank(needed)) {
            (Some(held), Some(needed)) => held >= needed,
            _ => false,
        }
    }

    /// The scope in effect for a token that was given `given` and whose owner now holds `authority`.
    pub fn scope_in_effect(&self, given: &str, authority: Authority<'_>) -> Option<&Scope> {
        let given = self.scope(given)?;
        let Authority::Member(held) = authority else {
            return Some(given);
        };
        match (&given.member_scope, given.rank) {
            (_, Some(rank)) => {
                let held = self.scope(held)?;
                Some(if held.rank? < rank { held } else { given })
            }
            (None, None) => Some(given),
            (Some(needed), None) => self.includes(held, needed).then_some(given),
        }
    }

    /// Whether a permission counts for a token whose owner now holds `authority`.
    pub fn permission_counts(&self, name: &str, authority: Authority<'_>) -> bool {
        let Some(permission) = self.permission(name) else {
            return false;
        };
        match (&permission.member_scope, authority) {
            (None, _) => true,
            (Some(_), Authority::Unbound) => false,
            (Some(needed), Authority::Member(held)) => self.includes(held, needed),
        }
    }

    /// Whether a token with `in_effect` in effect satisfies a caller that asks for `asked`.
    ///
    /// A ladder scope satisfies those at or below it, any other only itself.
    pub fn satisfies(&self, in_effect: Option<&Scope>, asked: &str) -> bool {
        let (Some(in_effect), Some(asked)) = (in_effect, self.scope(asked)) else {
            return false;
        };
        match (in_effect.rank, asked.rank) {
            (Some(in_effect), Some(asked)) => in_effect >= asked,
            _ => in_effect.name == asked.name,
        }
    }

    fn rank(&self, name: &str) -> Option<i16> {
        self.scope(name)?.rank
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str, rank: Option<i16>, confined: bool, member_scope: Option<&str>) -> Scope {
        Scope {
            name: name.into(),
            rank,
            confined,
            member_scope: member_scope.map(Into::into),
        }
    }

    fn vocabulary() -> Vocabulary {
        let permission = |name: &str, member_scope: Option<&str>| Permission {
            name: name.into(),
            member_scope: member_scope.map(Into::into),
        };
        Vocabulary::new(
            vec![
                scope("read", Some(1), false, None),
                scope("write", Some(2), false, None),
                scope("full", Some(3), false, None),
                scope("agency", None, true, Some("write")),
                scope("break_glass", None, false, None),
            ],
            vec![
                permission("upload", None),
                permission("publish", Some("write")),
            ],
        )
    }

    fn in_effect(given: &str, authority: Authority<'_>) -> Option<String> {
        vocabulary()
            .scope_in_effect(given, authority)
            .map(|scope| scope.name.clone())
    }

    #[test]
    fn the_lower_of_token_and_owner_is_in_effect() {
        assert_eq!(
            in_effect("full", Authority::Member("read")).as_deref(),
            Some("read")
        );
        assert_eq!(
            in_effect("read", Authority::Member("full")).as_deref(),
            Some("read")
        );
        assert_eq!(
            in_effect("full", Authority::Unbound).as_deref(),
            Some("full")
        );
    }

    #[test]
    fn a_confined_scope_needs_its_member_scope() {
        assert_eq!(in_effect("agency", Authority::Member("read")), None);
        assert_eq!(
            in_effect("agency", Authority::Member("write")).as_deref(),
            Some("agency")
        );
    }

    #[test]
    fn an_owner_off_the_ladder_holds_nothing() {
        assert_eq!(in_effect("read", Authority::Member("agency")), None);
        assert_eq!(in_effect("read", Authority::Member("")), None);
    }

    #[test]
    fn off_the_ladder_matches_only_itself() {
        let words = vocabulary();
        let agency = words.scope("agency");
        assert!(words.satisfies(agency, "agency"));
        assert!(!words.satisfies(agency, "read"));
        assert!(!words.satisfies(words.scope("full"), "agency"));
        assert!(!words.satisfies(words.scope("full"), "break_glass"));
    }

    #[test]
    fn unknown_and_empty_words_satisfy_nothing() {
        let words = vocabulary();
        assert!(!words.satisfies(words.scope("full"), ""));
        assert!(!words.satisfies(words.scope("full"), "superuser"));
        assert!(!words.satisfies(None, "read"));
    }

    #[test]
    fn a_permission_counts_only_while_the_owner_holds_its_member_scope() {
        let words = vocabulary();
        assert!(words.permission_counts("upload", Authority::Unbound));
        assert!(words.permission_counts("publish", Authority::Member("write")));
        assert!(!words.permission_counts("publish", Authority::Member("read")));
        assert!(!words.permission_counts("publish", Authority::Unbound));
        assert!(!words.permission_counts("unknown", Authority::Member("full")));
    }
}
