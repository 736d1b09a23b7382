//! A token that is there: finding it for the caller, and locking it.

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;

use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{self, Row};

/// What management reads of a token before it changes it.
#[derive(Clone, Debug)]
pub struct Existing {
    /// The token's id.
    pub id: Uuid,
    /// Its owner.
    pub user_id: String,
    /// Its workspace.
    pub workspace_id: Option<String>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// When it expires.
    pub expires_at: Option<TimestampWithTimeZone>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// The user with whose authority it was switched off; `None` is an administrator's.
    pub disabled_as: Option<String>,
}

/// What a user may do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See it and revoke it: the owner, and members who manage the workspace's tokens.
    SeeAndRevoke,
    /// Change it: the owner only, since rotating or widening would yield what the owner holds.
    Change,
}

const FIND: &str = "
    select t.user_id, t.workspace_id, t.user_id = $2,
           exists (
               select from pgtoken.member as m
               where m.workspace_id = t.workspace_id and m.user_id = $2 and m.manages_tokens
           )
    from pgtoken.token as t
    where t.id = $1";

const LOCK: &str = "
    select t.revoked_at is not null, t.expires_at, t.disabled_at is not null, t.disabled_as
    from pgtoken.token as t
    where t.id = $1
    for no key update";

/// Finds a token that the caller may see, without locking it; another's token is not found.
pub fn find(
    client: &SpiClient<'_>,
    caller: &Caller,
    id: Option<Uuid>,
    right: Right,
) -> Result<(Uuid, String, Option<String>), Error> {
    let id = super::check::required("id", id)?;
    let found = client
        .select(FIND, None, &[id.into(), caller.as_user.as_deref().into()])?
        .first();
    if found.is_empty() {
        return Err(not_found(id));
    }
    let owns = caller.is_administrator() || found.get(3)? == Some(true);
    let manages: bool = found.get(4)?.unwrap_or(false);
    if !owns && !manages {
        return Err(not_found(id));
    }
    if !owns && right == Right::Change {
        return Err(Error::forbidden(
            "as_user",
            "may see and revoke this token of the workspace, and only its owner may change it",
        ));
    }
    let user_id: Option<String> = found.get(1)?;
    Ok((id, user_id.unwrap_or_default(), found.get(2)?))
}

/// Locks a token that was found, and reads what may have changed meanwhile.
pub fn lock(
    client: &mut SpiClient<'_>,
    (id, user_id, workspace_id): (Uuid, String, Option<String>),
) -> Result<Existing, Error> {
    let row = client.update(LOCK, None, &[id.into()])?.first();
    if row.is_empty() {
        return Err(not_found(id));
    }
    Ok(Existing {
        id,
        user_id,
        workspace_id,
        revoked: row.get(1)?.unwrap_or(true),
        expires_at: row.get(2)?,
        disabled: row.get(3)?.unwrap_or(true),
        disabled_as: row.get(4)?,
    })
}

impl Existing {
    /// Refuses a token that was revoked or has expired.
    pub fn check_alive(&self) -> Result<(), Error> {
        let expired = self
            .expires_at
            .is_some_and(|at| at.into_inner() <= pg::now());
        let how = match (self.revoked, expired) {
            (true, _) => "was revoked",
            (false, true) => "has expired",
            (false, false) => return Ok(()),
        };
        Err(Error::Ended {
            argument: "id",
            problem: format!("token {} {how}; issue a new one", self.id),
        })
    }
}

/// The token with this digest, as last committed.
pub fn find_by_digest(
    client: &mut SpiClient<'_>,
    digest: &[u8; 32],
) -> Result<Option<Uuid>, Error> {
    let found = client.update(
        "select t.id from pgtoken.token as t where t.digest = $1",
        None,
        &[digest.to_vec().into()],
    )?;
    if found.is_empty() {
        return Ok(None);
    }
    Ok(found.first().get_one()?)
}

/// The row of `pgtoken.tokens` of a token that is there.
pub fn tokens_row(client: &SpiClient<'_>, id: Uuid) -> Result<Row, Error> {
    let rows = Row::all(client.select(
        "select t from pgtoken.tokens as t where t.id = $1",
        None,
        &[id.into()],
    )?)?;
    rows.into_iter().next().ok_or_else(|| not_found(id))
}

/// The one answer for what is not there and for what the caller may not see.
pub fn not_found(id: Uuid) -> Error {
    Error::NotFound {
        argument: "id",
        what: format!("token {id}"),
    }
}

/// The id of a token that the caller may see.
pub fn find_visible(
    client: &SpiClient<'_>,
    caller: &Caller,
    id: Option<Uuid>,
) -> Result<Uuid, Error> {
    find(client, caller, id, Right::SeeAndRevoke).map(|(id, _, _)| id)
}
