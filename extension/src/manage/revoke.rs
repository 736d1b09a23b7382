//! Revoking: one, by secret, or many.

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::json;

use super::check;
use super::event::{self, Detail};
use super::existing::{self, Right, find_by_digest, tokens_row};
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::Row;
use crate::verify::Presented;

#[pg_extern(sql = false)]
fn revoke_token(
    id: Option<Uuid>,
    reason: Option<&str>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<Row, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let reason = check::reason("reason", reason)?;
    let row = Spi::connect_mut(|client| {
        let (id, _, _) = existing::find(client, &caller, id, Right::SeeAndRevoke)?;
        revoke_and_record(client, &caller, &[id], reason.as_deref())?;
        tokens_row(client, id)
    })?;
    Ok(row)
}

#[pg_extern(sql = false)]
fn revoke_secret(
    token: Option<&str>,
    reason: Option<&str>,
    actor: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let row = revoke_presented(Presented::text(token), reason, actor)?;
    Ok(SetOfIterator::new(row))
}

#[pg_extern(sql = false)]
fn revoke_digest(
    digest: Option<&[u8]>,
    reason: Option<&str>,
    actor: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let row = revoke_presented(Presented::digest(digest), reason, actor)?;
    Ok(SetOfIterator::new(row))
}

fn revoke_presented(
    presented: Presented,
    reason: Option<&str>,
    actor: Option<&str>,
) -> Result<Option<Row>, Error> {
    let caller = Caller::anyone(actor)?;
    let reason = check::reason("reason", reason)?;
    let Presented::Digest(digest) = presented else {
        return Ok(None);
    };
    Spi::connect_mut(|client| {
        let Some(id) = find_by_digest(client, &digest)? else {
            return Ok(None);
        };
        revoke_and_record(client, &caller, &[id], reason.as_deref())?;
        tokens_row(client, id).map(Some)
    })
}

/// Live tokens that fit all filters given and that the user, if there is one, may revoke.
const FILTER: &str = "
    select t.id
    from pgtoken.token as t
    left join pgtoken.token_use as u on u.token_id = t.id
    where t.revoked_at is null
      and (t.expires_at is null or t.expires_at > clock_timestamp())
      and ($1 is null or t.id = any ($1))
      and ($2 is null or t.user_id = $2)
      and ($3 is null or t.workspace_id = $3)
      and ($4 is null or t.scope = $4)
      and ($5 is null or t.created_at < $5)
      and ($6 is null or (t.created_at < $6 and (u.last_used_at is null or u.last_used_at < $6)))
      and ($7 is null or t.user_id = $7 or t.workspace_id in (
          select m.workspace_id from pgtoken.member as m where m.user_id = $7 and m.manages_tokens
      ))
    order by t.id";

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn revoke_tokens(
    ids: Option<Vec<Option<Uuid>>>,
    user_id: Option<&str>,
    workspace_id: Option<&str>,
    scope: Option<&str>,
    issued_before: Option<TimestampWithTimeZone>,
    unused_since: Option<TimestampWithTimeZone>,
    reason: Option<&str>,
    dry_run: Option<bool>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<SetOfIterator<'static, Uuid>, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let reason = check::reason("reason", reason)?;
    let ids: Option<Vec<Uuid>> = ids.map(|ids| ids.into_iter().flatten().collect());
    let unfiltered = ids.is_none()
        && [user_id, workspace_id, scope].iter().all(Option::is_none)
        && [issued_before, unused_since].iter().all(Option::is_none);
    if unfiltered {
        return Err(Error::invalid(
            "ids",
            "at least one filter must be given: ids, user_id, workspace_id, scope, issued_before or unused_since",
        )
        .into());
    }
    let revoked = Spi::connect_mut(|client| {
        let fitting: Vec<Uuid> = client
            .select(
                FILTER,
                None,
                &[
                    ids.into(),
                    user_id.into(),
                    workspace_id.into(),
                    scope.into(),
                    issued_before.into(),
                    unused_since.into(),
                    caller.as_user.as_deref().into(),
                ],
            )?
            .map(|row| row.get(1))
            .collect::<Result<Option<_>, _>>()?
            .unwrap_or_default();
        if dry_run.unwrap_or(false) {
            return Ok::<_, Error>(fitting);
        }
        revoke_and_record(client, &caller, &fitting, reason.as_deref())
    })?;
    Ok(SetOfIterator::new(revoked))
}

/// Revokes those that are not revoked yet, writes their events, and returns them.
fn revoke_and_record(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    ids: &[Uuid],
    reason: Option<&str>,
) -> Result<Vec<Uuid>, Error> {
    let revoked = revoke_now(client, caller, ids, reason)?;
    let detail = Detail::of(json!({ "reason": reason }));
    event::record(client, caller, "revoked", &revoked, detail)?;
    Ok(revoked)
}

/// Locks by id, ends, and lets go of the directory: what is revoked no longer follows its owner.
const REVOKE: &str = "
    with locked as (
        select t.id
        from pgtoken.token as t
        where t.id = any ($1) and t.revoked_at is null
        order by t.id
        for no key update
    )
    update pgtoken.token as t
    set revoked_at = clock_timestamp(),
        revoked_by = $2,
        revoke_reason = $3,
        owner_enabled = null,
        workspace_enabled = null,
        owner_scope = null
    from locked
    where t.id = locked.id
    returning t.id";

/// Revokes those that are not revoked yet, and returns them.
pub fn revoke_now(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    ids: &[Uuid],
    reason: Option<&str>,
) -> Result<Vec<Uuid>, Error> {
    Ok(client
        .update(
            REVOKE,
            None,
            &[
                ids.to_vec().into(),
                caller.actor.as_str().into(),
                reason.into(),
            ],
        )?
        .map(|row| row.get(1))
        .collect::<Result<Option<_>, _>>()?
        .unwrap_or_default())
}
