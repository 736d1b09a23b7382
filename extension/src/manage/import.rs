//! Taking over tokens of another system.

use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use pgtoken_rules::is_key;
use serde_json::json;

use super::check;
use super::directory;
use super::draft::{Draft, Life};
use super::event::{self, Detail};
use super::existing::{find_by_digest, tokens_row};
use super::insert::{Origin, insert};
use super::issue::parse_grants;
use super::lifetime::check_writable;
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{self, Cidrs, Jsonb, Row};
use crate::verify::vocabulary;

const MAX_START: usize = 31;

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn import_token(
    digest: Option<&[u8]>,
    user_id: Option<&str>,
    name: Option<&str>,
    start: Option<&str>,
    scope: Option<&str>,
    workspace_id: Option<&str>,
    permissions: Option<Vec<Option<String>>>,
    grants: Option<Jsonb>,
    auto_publish: Option<bool>,
    created_at: Option<TimestampWithTimeZone>,
    created_by: Option<&str>,
    expires_at: Option<TimestampWithTimeZone>,
    revoked_at: Option<TimestampWithTimeZone>,
    revoke_reason: Option<&str>,
    last_used_at: Option<TimestampWithTimeZone>,
    use_count: Option<i64>,
    allowed_addrs: Option<Cidrs>,
    rate_limit: Option<i32>,
    rate_window: Option<Interval>,
    metadata: Option<Jsonb>,
    id: Option<Uuid>,
    digest_rule: Option<&str>,
    actor: Option<&str>,
) -> Result<Row, ErrorReport> {
    let caller = Caller::manager(None, actor)?;
    let expires_at = expires_at.filter(|at| at.into_inner() != i64::MAX);
    check_writable("created_at", created_at)?;
    check_writable("expires_at", expires_at)?;
    check_writable("revoked_at", revoked_at)?;
    let used = Used {
        last_used_at: last_used_at.filter(TimestampWithTimeZone::is_finite),
        count: use_count.unwrap_or(0),
    };
    let digest = digest_of(digest, digest_rule)?;
    let origin = Origin {
        id,
        digest,
        start: start_of(start, &digest)?,
        created_at,
        created_by: creator(created_by, &caller)?,
        revoked: revocation(revoked_at, revoke_reason, &caller)?,
        rotated_from: None,
        request: None,
    };
    let row = Spi::connect_mut(|client| {
        let draft = Draft {
            name: check::name(name)?,
            user_id: check::required("user_id", user_id)?.to_owned(),
            workspace_id: workspace_id.map(str::to_owned),
            scope: scope.map(str::to_owned),
            permissions: check::permissions(permissions)?,
            grants: parse_grants(grants)?,
            auto_publish: auto_publish.unwrap_or(false),
            expires_at,
            rate: check::rate(rate_limit, rate_window)?,
            allowed_addrs: check::networks(client, allowed_addrs)?,
            metadata: check::metadata(metadata)?,
        };
        import(client, &caller, &draft, &origin, &used)
    })?;
    Ok(row)
}

fn import(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    draft: &Draft,
    origin: &Origin,
    used: &Used,
) -> Result<Row, Error> {
    if let Some(known) = find_by_digest(client, &origin.digest)? {
        return tokens_row(client, known);
    }
    used.check()?;
    let ended = origin.revoked.is_some()
        || draft
            .expires_at
            .is_some_and(|at| at.into_inner() <= pg::now());
    let life = if ended { Life::Ended } else { Life::Live };
    let owner = directory::lock_owner(client, &draft.user_id, draft.workspace_id.as_deref(), None)?;
    draft.check_words(&vocabulary(), life)?;
    draft.lock_grants(client)?;

    if let Some(id) = insert(client, draft, origin, &owner)? {
        used.insert(client, id)?;
        let detail = Detail::of(json!({ "scope": draft.scope, "start": origin.start }));
        event::record(client, caller, "imported", &[id], detail)?;
        return tokens_row(client, id);
    }
    // A concurrent twin imported it, or the id is that of another token.
    match find_by_digest(client, &origin.digest)? {
        Some(known) => tokens_row(client, known),
        None => Err(Error::invalid("id", "is already that of another token")),
    }
}

fn digest_of(digest: Option<&[u8]>, rule: Option<&str>) -> Result<[u8; 32], Error> {
    if rule != Some("sha256") {
        return Err(Error::invalid(
            "digest_rule",
            "must be sha256, the only rule there is",
        ));
    }
    let digest = check::required("digest", digest)?;
    <[u8; 32]>::try_from(digest).map_err(|_| {
        Error::invalid(
            "digest",
            format!(
                "has {} bytes and must have 32, as SHA-256 gives; decode('…', 'hex') reads hexadecimal text",
                digest.len()
            ),
        )
    })
}

fn start_of(start: Option<&str>, digest: &[u8; 32]) -> Result<Option<String>, Error> {
    let length = start.map_or(0, |start| start.chars().count());
    if length > MAX_START {
        return Err(Error::invalid(
            "start",
            format!(
                "has {length} characters; the first {MAX_START} at most are allowed, never the whole token"
            ),
        ));
    }
    if start.is_some_and(|start| start.chars().any(char::is_control)) {
        return Err(Error::invalid("start", "must have no control characters"));
    }
    if start.is_some_and(|start| pgtoken_format::digest(start.as_bytes()) == *digest) {
        return Err(Error::invalid(
            "start",
            "is the whole token; give the first characters only",
        ));
    }
    Ok(start.map(str::to_owned))
}

/// Who issued it in the former system, else the caller.
fn creator(created_by: Option<&str>, caller: &Caller) -> Result<String, Error> {
    match created_by {
        None => Ok(caller.actor.clone()),
        Some(creator) if is_key(creator) => Ok(creator.to_owned()),
        Some(_) => Err(Error::invalid(
            "created_by",
            "must be 1 to 200 characters without control characters",
        )),
    }
}

type Revocation = Option<(TimestampWithTimeZone, String, Option<String>)>;

fn revocation(
    at: Option<TimestampWithTimeZone>,
    reason: Option<&str>,
    caller: &Caller,
) -> Result<Revocation, Error> {
    let reason = check::reason("revoke_reason", reason)?;
    match at {
        Some(at) => Ok(Some((at, caller.actor.clone(), reason))),
        None if reason.is_some() => Err(Error::invalid(
            "revoke_reason",
            "is given without revoked_at",
        )),
        None => Ok(None),
    }
}

/// Use in the former system.
struct Used {
    last_used_at: Option<TimestampWithTimeZone>,
    count: i64,
}

impl Used {
    fn check(&self) -> Result<(), Error> {
        if self.count < 0 {
            return Err(Error::invalid(
                "use_count",
                format!("is {}; 0 or more are allowed", self.count),
            ));
        }
        Ok(())
    }

    fn insert(&self, client: &mut SpiClient<'_>, id: Uuid) -> Result<(), Error> {
        if self.last_used_at.is_none() && self.count == 0 {
            return Ok(());
        }
        client.update(
            "insert into pgtoken.token_use (token_id, last_used_at, use_count) values ($1, $2, $3)",
            None,
            &[id.into(), self.last_used_at.into(), self.count.into()],
        )?;
        Ok(())
    }
}
