//! Who may be issued what.

use crate::vocabulary::{Authority, Vocabulary};

/// What a token would be given.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The scope; `None` is permissions only.
    pub scope: Option<&'a str>,
    /// The permissions.
    pub permissions: &'a [String],
}

/// The argument that asks for too much, and why it is too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The name of the argument.
    pub argument: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}

/// Whose authority a wish is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantor {
    /// An administrator gives it: what only administrators give is allowed.
    Administrator,
    /// A user asks for it.
    User,
}

/// Whether somebody who holds `authority` can have, or give away as `grantor`, what is wished.
///
/// Every word of the wish must be known. `who` names the holder in the message.
pub fn within_authority(
    vocabulary: &Vocabulary,
    wish: Wish<'_>,
    authority: Authority<'_>,
    grantor: Grantor,
    who: &str,
) -> Result<(), Excess> {
    if let Some(scope) = wish.scope {
        scope_within(vocabulary, scope, authority, grantor, who).map_err(|problem| Excess {
            argument: "scope",
            problem,
        })?;
    }
    for permission in wish.permissions {
        permission_within(vocabulary, permission, authority, grantor, who).map_err(|problem| {
            Excess {
                argument: "permissions",
                problem,
            }
        })?;
    }
    Ok(())
}

fn scope_within(
    vocabulary: &Vocabulary,
    name: &str,
    authority: Authority<'_>,
    grantor: Grantor,
    who: &str,
) -> Result<(), String> {
    let Some(scope) = vocabulary.scope(name) else {
        return Err(format!("\"{name}\" is not a scope"));
    };
    if scope.rank.is_none() && scope.member_scope.is_none() && grantor == Grantor::User {
        return Err(format!("only an administrator issues \"{name}\""));
    }
    let Authority::Member(held) = authority else {
        return Ok(());
    };
    let needed = match (scope.rank, &scope.member_scope) {
        (Some(_), _) => name,
        (None, Some(needed)) => needed,
        (None, None) => return Ok(()),
    };
    if vocabulary.includes(held, needed) {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" needs \"{needed}\" in the workspace, and {who} has \"{held}\" there"
    ))
}

fn permission_within(
    vocabulary: &Vocabulary,
    name: &str,
    authority: Authority<'_>,
    grantor: Grantor,
    who: &str,
) -> Result<(), String> {
    let Some(permission) = vocabulary.permission(name) else {
        return Err(format!("\"{name}\" is not a permission"));
    };
    match (&permission.member_scope, authority) {
        (None, _) if grantor == Grantor::User => {
            Err(format!("only an administrator gives \"{name}\""))
        }
        (None, _) => Ok(()),
        (Some(needed), Authority::Member(held)) if vocabulary.includes(held, needed) => Ok(()),
        (Some(needed), Authority::Member(held)) => Err(format!(
            "\"{name}\" needs \"{needed}\" in the workspace, and {who} has \"{held}\" there"
        )),
        (Some(needed), Authority::Unbound) => Err(format!(
            "\"{name}\" needs \"{needed}\" in a workspace, and the token has no workspace"
        )),
    }
}
