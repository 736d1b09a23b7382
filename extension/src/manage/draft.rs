//! A token to be: everything that is stored of it but its digest.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;
use pgtoken_rules::{Authority, Grantor, Grants, Vocabulary, Wish, within_authority};

use super::check::RateLimit;
use super::directory::{self, Owner};
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{Cidrs, Jsonb};

/// A token to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// 1 to 100 characters.
    pub name: String,
    /// Its owner.
    pub user_id: String,
    /// Its workspace.
    pub workspace_id: Option<String>,
    /// Its scope; `None` is permissions only.
    pub scope: Option<String>,
    /// Its permissions, duplicates folded.
    pub permissions: Vec<String>,
    /// What it may act on, for a confined scope.
    pub grants: Grants,
    /// Whether what is done with it is published at once.
    pub auto_publish: bool,
    /// When it expires.
    pub expires_at: Option<TimestampWithTimeZone>,
    /// Its rate.
    pub rate: Option<RateLimit>,
    /// Its networks; `None` is anywhere.
    pub allowed_addrs: Option<Cidrs>,
    /// The application's own object.
    pub metadata: Jsonb,
}

/// A confined scope needs grants, except for a token that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It will verify, or may again.
    Live,
    /// It is taken over as a record.
    Ended,
}

impl Draft {
    /// Whether scope, permissions, grants and auto_publish are known words that go together.
    pub fn check_words(&self, vocabulary: &Vocabulary, life: Life) -> Result<(), Error> {
        let confined = match &self.scope {
            None => false,
            Some(name) => {
                vocabulary
                    .scope(name)
                    .ok_or_else(|| {
                        Error::unknown(
                            "scope",
                            format!("there is no scope \"{name}\""),
                            "select name, description from pgtoken.scope",
                        )
                    })?
                    .confined
            }
        };
        for permission in &self.permissions {
            if vocabulary.permission(permission).is_none() {
                return Err(Error::unknown(
                    "permissions",
                    format!("there is no permission \"{permission}\""),
                    "insert into pgtoken.permission (name, description) values (…)",
                ));
            }
        }
        self.check_confinement(confined, life)
    }

    fn check_confinement(&self, confined: bool, life: Life) -> Result<(), Error> {
        let scope = self.scope.as_deref().unwrap_or("none");
        if confined && self.workspace_id.is_none() {
            return Err(Error::invalid(
                "workspace_id",
                format!(
                    "scope \"{scope}\" is confined to targets of a workspace, which must be given"
                ),
            ));
        }
        if confined && self.grants.is_empty() && life == Life::Live {
            return Err(Error::invalid(
                "grants",
                format!("scope \"{scope}\" is confined and needs at least one target"),
            ));
        }
        if !confined && !self.grants.is_empty() {
            return Err(Error::invalid(
                "grants",
                format!("scope \"{scope}\" is not confined and has no grants"),
            ));
        }
        if !confined && self.auto_publish {
            return Err(Error::invalid(
                "auto_publish",
                format!(
                    "scope \"{scope}\" is not confined; only a confined scope can publish at once"
                ),
            ));
        }
        Ok(())
    }

    /// Locks the targets and zones that are granted; all must exist.
    pub fn lock_grants(&self, client: &mut SpiClient<'_>) -> Result<(), Error> {
        match &self.workspace_id {
            Some(workspace_id) => directory::lock_grants(client, workspace_id, &self.grants),
            None => Ok(()),
        }
    }

    /// Whether its owner could be issued it now: for everybody.
    pub fn check_owner(&self, vocabulary: &Vocabulary, owner: &Owner) -> Result<(), Error> {
        let authority = owner.authority(&self.user_id, self.workspace_id.as_deref())?;
        let who = format!("user \"{}\"", self.user_id);
        Ok(within_authority(
            vocabulary,
            self.wish(),
            authority,
            Grantor::Administrator,
            &who,
        )?)
    }

    /// Whether the caller may issue it: an administrator anything, a user only inside a workspace, for itself or for
    /// a service user of a workspace whose tokens it manages, up to its own scope and permissions.
    pub fn check_issuer(
        &self,
        client: &mut SpiClient<'_>,
        vocabulary: &Vocabulary,
        owner: &Owner,
        caller: &Caller,
    ) -> Result<(), Error> {
        let Some(as_user) = caller.as_user.as_deref() else {
            return Ok(());
        };
        let Some(workspace_id) = self.workspace_id.as_deref() else {
            return Err(Error::forbidden(
                "workspace_id",
                "only an administrator issues a token without a workspace",
            ));
        };
        let Some(member) = directory::lock_member(client, workspace_id, as_user)? else {
            return Err(Error::forbidden(
                "as_user",
                format!("user \"{as_user}\" is not a member of workspace \"{workspace_id}\""),
            ));
        };
        let serves = owner.service_of.as_deref() == Some(workspace_id) && member.manages_tokens;
        if as_user != self.user_id && !serves {
            return Err(Error::forbidden(
                "user_id",
                format!(
                    "user \"{as_user}\" may issue for itself, and for service users of workspaces whose tokens it manages, not for \"{}\"",
                    self.user_id
                ),
            ));
        }
        let who = format!("user \"{as_user}\"");
        Ok(within_authority(
            vocabulary,
            self.wish(),
            Authority::Member(&member.scope),
            Grantor::User,
            &who,
        )?)
    }

    fn wish(&self) -> Wish<'_> {
        Wish {
            scope: self.scope.as_deref(),
            permissions: &self.permissions,
        }
    }
}
