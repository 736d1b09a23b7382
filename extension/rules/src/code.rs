//! The codes of verdicts.

/// Why a verification ended as it did; the text and status are the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The request may proceed.
    Valid,
    /// Not a token text: wrong checksum, too long, or no text at all.
    Malformed,
    /// No token has this text.
    NotFound,
    /// Ended for good.
    Revoked,
    /// Past its expiry.
    Expired,
    /// Switched off.
    Disabled,
    /// Its owner is disabled.
    OwnerDisabled,
    /// Its workspace is disabled.
    WorkspaceDisabled,
    /// Its owner is no longer a member of its workspace.
    NotAMember,
    /// Its rate is used up.
    RateLimited,
    /// It is bound to another workspace than the one asked, or to none.
    WrongWorkspace,
    /// The scope in effect does not include the one asked.
    InsufficientScope,
    /// A permission asked is not in effect.
    InsufficientPermissions,
    /// The target asked is not granted, or not in its workspace.
    TargetForbidden,
    /// Several zones of the target are granted and none was asked.
    ZoneRequired,
    /// The zone asked is not granted.
    ZoneForbidden,
    /// The client address is not in its networks, or was not given.
    AddressForbidden,
}

impl Code {
    /// Every code, in the order of its number.
    pub const ALL: [Code; 17] = [
        Code::Valid,
        Code::Malformed,
        Code::NotFound,
        Code::Revoked,
        Code::Expired,
        Code::Disabled,
        Code::OwnerDisabled,
        Code::WorkspaceDisabled,
        Code::NotAMember,
        Code::RateLimited,
        Code::WrongWorkspace,
        Code::InsufficientScope,
        Code::InsufficientPermissions,
        Code::TargetForbidden,
        Code::ZoneRequired,
        Code::ZoneForbidden,
        Code::AddressForbidden,
    ];

    /// The text of the code, as in `verdict.code`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Valid => "valid",
            Code::Malformed => "malformed",
            Code::NotFound => "not_found",
            Code::Revoked => "revoked",
            Code::Expired => "expired",
            Code::Disabled => "disabled",
            Code::OwnerDisabled => "owner_disabled",
            Code::WorkspaceDisabled => "workspace_disabled",
            Code::NotAMember => "not_a_member",
            Code::RateLimited => "rate_limited",
            Code::WrongWorkspace => "wrong_workspace",
            Code::InsufficientScope => "insufficient_scope",
            Code::InsufficientPermissions => "insufficient_permissions",
            Code::TargetForbidden => "target_forbidden",
            Code::ZoneRequired => "zone_required",
            Code::ZoneForbidden => "zone_forbidden",
            Code::AddressForbidden => "address_forbidden",
        }
    }

    /// The HTTP status that fits: 200, 401, 403 or 429.
    pub const fn status(self) -> u16 {
        match self {
            Code::Valid => 200,
            Code::Malformed
            | Code::NotFound
            | Code::Revoked
            | Code::Expired
            | Code::Disabled
            | Code::OwnerDisabled
            | Code::WorkspaceDisabled
            | Code::NotAMember => 401,
            Code::RateLimited => 429,
            Code::WrongWorkspace
            | Code::InsufficientScope
            | Code::InsufficientPermissions
            | Code::TargetForbidden
            | Code::ZoneRequired
            | Code::ZoneForbidden
            | Code::AddressForbidden => 403,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_at_its_number() {
        for (number, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, number, "{}", code.as_str());
        }
    }
}
