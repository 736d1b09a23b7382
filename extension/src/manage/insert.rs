//! Writing a token and its grants.

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;
use pgtoken_rules::{Grants, Zones};

use super::directory::{Owner, zone_columns};
use super::draft::Draft;
use crate::error::Error;
use crate::pg::Row;

/// How a token comes to be.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its id; `None` makes a new one.
    pub id: Option<Uuid>,
    /// SHA-256 of its text.
    pub digest: [u8; 32],
    /// The first characters of its text.
    pub start: Option<String>,
    /// When it was issued; `None` is now.
    pub created_at: Option<TimestampWithTimeZone>,
    /// Who issued it.
    pub created_by: String,
    /// When it was revoked, by whom and why.
    pub revoked: Option<(TimestampWithTimeZone, String, Option<String>)>,
    /// The token that it replaces.
    pub rotated_from: Option<Uuid>,
    /// The idempotency key, the user it was used for, and a digest of the arguments.
    pub request: Option<RequestKey>,
}

/// What makes a second call the same request.
#[derive(Clone, Debug)]
pub struct RequestKey {
    /// The caller's idempotency key.
    pub id: String,
    /// The user for whom it was used.
    pub as_user: Option<String>,
    /// SHA-256 of the arguments.
    pub digest: [u8; 32],
}

impl Origin {
    /// A token issued now by this actor, whose digest and start are those of a new text.
    pub fn issued(token: &pgtoken_format::Token, actor: &str) -> Origin {
        Origin {
            id: None,
            digest: token.digest(),
            start: Some(token.start().to_owned()),
            created_at: None,
            created_by: actor.to_owned(),
            revoked: None,
            rotated_from: None,
            request: None,
        }
    }
}

/// The directory reaches the token through owner_enabled, workspace_enabled and owner_scope, unless it is revoked.
/// A token with the same digest, id or request is left alone.
const INSERT_TOKEN: &str = "
    insert into pgtoken.token (
        id, digest, start, name, user_id, workspace_id, scope, permissions, auto_publish, metadata,
        allowed_addrs, rate_limit, rate_window, created_at, created_by, expires_at,
        revoked_at, revoked_by, revoke_reason, rotated_from, request_id, request_as, request_digest,
        owner_enabled, workspace_enabled, owner_scope
    )
    values (
        coalesce($1, pgtoken_internal.uuid_v7()), $2, $3, $4, $5, $6, $7, $8, $9, $10,
        coalesce($11, '{}'), $12, make_interval(secs => $13), coalesce($14, clock_timestamp()), $15, $16,
        $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26
    )
    on conflict do nothing
    returning id";

/// Writes the token with its grants; `None` where a token with its digest, id or request is there already.
pub fn insert(
    client: &mut SpiClient<'_>,
    draft: &Draft,
    origin: &Origin,
    owner: &Owner,
) -> Result<Option<Uuid>, Error> {
    let revoked = origin.revoked.as_ref();
    let live = revoked.is_none();
    let request = origin.request.as_ref();
    let inserted = client.update(
        INSERT_TOKEN,
        None,
        &[
            origin.id.into(),
            origin.digest.to_vec().into(),
            origin.start.as_deref().into(),
            draft.name.as_str().into(),
            draft.user_id.as_str().into(),
            draft.workspace_id.as_deref().into(),
            draft.scope.as_deref().into(),
            draft.permissions.clone().into(),
            draft.auto_publish.into(),
            draft.metadata.clone().into(),
            draft.allowed_addrs.into(),
            draft.rate.map(|rate| rate.limit).into(),
            draft.rate.map(|rate| f64::from(rate.seconds)).into(),
            origin.created_at.into(),
            origin.created_by.as_str().into(),
            draft.expires_at.into(),
            revoked.map(|(at, _, _)| *at).into(),
            revoked.map(|(_, by, _)| by.as_str()).into(),
            revoked.and_then(|(_, _, reason)| reason.as_deref()).into(),
            origin.rotated_from.into(),
            request.map(|request| request.id.as_str()).into(),
            request
                .and_then(|request| request.as_user.as_deref())
                .into(),
            request.map(|request| request.digest.to_vec()).into(),
            live.then_some(owner.enabled).into(),
            owner.workspace_enabled.filter(|_| live).into(),
            owner.scope.as_deref().filter(|_| live).into(),
        ],
    )?;
    if inserted.is_empty() {
        return Ok(None);
    }
    let id: Uuid = inserted
        .first()
        .get_one()?
        .expect("a token's id is not null");
    if let Some(workspace_id) = &draft.workspace_id {
        insert_grants(client, id, workspace_id, &draft.grants)?;
    }
    Ok(Some(id))
}

/// Writes the grants of a token that has none.
pub fn insert_grants(
    client: &mut SpiClient<'_>,
    token: Uuid,
    workspace_id: &str,
    grants: &Grants,
) -> Result<(), Error> {
    let (targets, whole): (Vec<&str>, Vec<bool>) = grants
        .iter()
        .map(|(target, zones)| (target, *zones == Zones::Whole))
        .unzip();
    client.update(
        "insert into pgtoken.token_target (token_id, target_id, whole, workspace_id)
         select $1, g.target_id, g.whole, $2
         from unnest($3, $4) as g (target_id, whole)
         order by g.target_id",
        None,
        &[
            token.into(),
            workspace_id.into(),
            targets.into(),
            whole.into(),
        ],
    )?;
    let (targets, zones) = zone_columns(grants);
    client.update(
        "insert into pgtoken.token_zone (token_id, target_id, zone_id)
         select $1, g.target_id, g.zone_id
         from unnest($2, $3) as g (target_id, zone_id)
         order by g.target_id, g.zone_id",
        None,
        &[token.into(), targets.into(), zones.into()],
    )?;
    Ok(())
}

/// The row of a new token: its text, or null where it was issued before, and the columns of `pgtoken.tokens`.
pub fn issued_row(client: &SpiClient<'_>, text: Option<&str>, id: Uuid) -> Result<Vec<Row>, Error> {
    Row::all(client.select(
        "select issued
         from (select $1 as token, t.* from pgtoken.tokens as t where t.id = $2) as issued",
        None,
        &[text.into(), id.into()],
    )?)
}
