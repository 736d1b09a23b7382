//! Rotating: a successor with everything that the token has.

use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use pgtoken_format::{Prefix, Token};
use pgtoken_rules::Grants;
use serde_json::json;

use super::check::{self, RateLimit};
use super::directory;
use super::draft::{Draft, Life};
use super::event::{self, Detail};
use super::existing::{self, Existing, Right};
use super::insert::{Origin, insert, issued_row};
use super::issue::check_count;
use super::lifetime;
use super::revoke;
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{self, Jsonb, Row};
use crate::verify::vocabulary;

const SUPERSEDED: &str = "superseded";

#[pg_extern(sql = false)]
fn rotate_token(
    id: Option<Uuid>,
    overlap: Option<Interval>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    prefix: Option<&str>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let row = Spi::connect_mut(|client| {
        let found = existing::find(client, &caller, id, Right::Change)?;
        let owner = directory::lock_owner(client, &found.1, found.2.as_deref(), None)?;
        let old = existing::lock(client, found)?;
        check_rotatable(&old)?;
        let now = pg::now();
        let until = end_of_overlap(client, overlap, now)?;
        let (mut draft, start) = read_draft(client, &old)?;
        let inherited = draft.expires_at;
        draft.expires_at = lifetime::of_successor(client, ttl, expires_at, inherited, now)?;
        let vocabulary = vocabulary();
        draft.check_words(&vocabulary, Life::Live)?;
        draft.check_owner(&vocabulary, &owner)?;
        if lifetime::is_later(draft.expires_at, inherited) {
            check_later_end(draft.check_issuer(client, &vocabulary, &owner, &caller))?;
        }
        draft.lock_grants(client)?;

        retire(client, &caller, &old, until)?;
        check_count(client, &old.user_id)?;
        let token = Token::generate(&prefix_of(prefix, start.as_deref())?)?;
        let origin = Origin {
            rotated_from: Some(old.id),
            ..Origin::issued(&token, &caller.actor)
        };
        let successor = insert(client, &draft, &origin, &owner)?
            .expect("a new token has a new id, a new digest and no request");
        record(client, &caller, &old, successor, until)?;
        issued_row(client, Some(token.as_str()), successor)
    })?;
    Ok(SetOfIterator::new(row))
}

fn check_rotatable(old: &Existing) -> Result<(), Error> {
    old.check_alive()?;
    if old.disabled {
        return Err(Error::Ended {
            argument: "id",
            problem: format!("token {} is disabled; enable it before rotating it", old.id),
        });
    }
    Ok(())
}

/// A user prolongs only what it could issue itself: what an administrator gave for a time ends with it.
fn check_later_end(issuing: Result<(), Error>) -> Result<(), Error> {
    match issuing {
        Err(Error::Forbidden { problem, .. }) => Err(Error::forbidden(
            "expires_at",
            format!("is later than the old token's, and {problem}"),
        )),
        other => other,
    }
}

/// Until when the old token stays valid; `None` ends it now.
fn end_of_overlap(
    client: &SpiClient<'_>,
    overlap: Option<Interval>,
    now: lifetime::Micros,
) -> Result<Option<lifetime::Micros>, Error> {
    let Some(overlap) = overlap else {
        return Ok(None);
    };
    match overlap.as_micros() {
        0 => Ok(None),
        ..0 => Err(Error::invalid("overlap", "must not be negative")),
        _ => lifetime::after(client, "overlap", overlap, now).map(Some),
    }
}

const READ: &str = "
    select t.name, t.scope, t.permissions, t.grants, t.auto_publish, t.expires_at,
           t.rate_limit, t.rate_window_seconds, t.metadata,
           case when cardinality(t.allowed_addrs) > 0 then t.allowed_addrs end, t.start
    from pgtoken.tokens as t
    where t.id = $1";

/// What the successor has, and the start of the old token's text.
fn read_draft(
    client: &mut SpiClient<'_>,
    old: &Existing,
) -> Result<(Draft, Option<String>), Error> {
    let row = client.update(READ, None, &[old.id.into()])?.first();
    let limit: Option<i32> = row.get(7)?;
    let seconds: Option<i32> = row.get(8)?;
    let grants: Option<Jsonb> = row.get(4)?;
    let grants = grants.unwrap_or_else(|| Jsonb("{}".to_owned()));
    let draft = Draft {
        name: row.get(1)?.unwrap_or_default(),
        user_id: old.user_id.clone(),
        workspace_id: old.workspace_id.clone(),
        scope: row.get(2)?,
        permissions: row.get(3)?.unwrap_or_default(),
        grants: Grants::parse(&grants.0).map_err(|problem| Error::invalid("id", problem))?,
        auto_publish: row.get(5)?.unwrap_or(false),
        expires_at: row.get(6)?,
        rate: limit
            .zip(seconds)
            .map(|(limit, seconds)| RateLimit { limit, seconds }),
        metadata: check::metadata(row.get(9)?)?,
        allowed_addrs: row.get(10)?,
    };
    Ok((draft, row.get(11)?))
}

/// The prefix given, else that of the old token, else that of the setting.
fn prefix_of(given: Option<&str>, start: Option<&str>) -> Result<Prefix, Error> {
    let inherited = start
        .and_then(|start| start.rsplit_once('_'))
        .and_then(|(prefix, _)| Prefix::parse(prefix).ok());
    match (given, inherited) {
        (None, Some(inherited)) => Ok(inherited),
        (given, _) => check::prefix(given),
    }
}

/// Ends the old token now, or lets it live on until `until` at most.
fn retire(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    old: &Existing,
    until: Option<lifetime::Micros>,
) -> Result<(), Error> {
    match until {
        None => {
            revoke::revoke_now(client, caller, &[old.id], Some(SUPERSEDED))?;
        }
        Some(until) => {
            client.update(
                "update pgtoken.token set expires_at = least(expires_at, $2) where id = $1",
                None,
                &[old.id.into(), lifetime::timestamp(until).into()],
            )?;
        }
    }
    Ok(())
}

fn record(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    old: &Existing,
    successor: Uuid,
    until: Option<lifetime::Micros>,
) -> Result<(), Error> {
    let overlap = until.map_or("none", |_| "until its new expires_at");
    let ends = match until.map(lifetime::timestamp) {
        None => None,
        Some(until) if lifetime::is_later(Some(until), old.expires_at) => {
            lifetime::text(client, old.expires_at)?
        }
        until => lifetime::text(client, until)?,
    };
    let detail = Detail::of(json!({
        "successor": successor.to_string(),
        "overlap": overlap,
        "expires_at": ends,
    }));
    event::record(client, caller, "rotated", &[old.id], detail)?;
    let detail = Detail::of(json!({ "rotated_from": old.id.to_string() }));
    event::record(client, caller, "issued", &[successor], detail)
}
