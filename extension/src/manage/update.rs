//! Changing what can be changed of a token.

use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::json;

use super::check::{self, RateLimit};
use super::event::{self, Detail};
use super::existing::{self, Existing, Right, tokens_row};
use super::lifetime;
use crate::caller::Caller;
use crate::error::Error;
use crate::pg::{self, Cidrs, Jsonb, Row};

/// The window of a rate that is given without one, as in issue_token.
const DEFAULT_WINDOW_SECONDS: i32 = 60;

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn update_token(
    id: Option<Uuid>,
    name: Option<&str>,
    metadata: Option<Jsonb>,
    expires_at: Option<TimestampWithTimeZone>,
    enabled: Option<bool>,
    rate_limit: Option<i32>,
    rate_window: Option<Interval>,
    allowed_addrs: Option<Cidrs>,
    as_user: Option<&str>,
    actor: Option<&str>,
) -> Result<Row, ErrorReport> {
    let caller = Caller::manager(as_user, actor)?;
    let name = name.map(|name| check::name(Some(name))).transpose()?;
    let metadata = match metadata {
        Some(metadata) => Some(check::metadata(Some(metadata))?),
        None => None,
    };
    let row = Spi::connect_mut(|client| {
        let found = existing::find(client, &caller, id, Right::Change)?;
        let token = existing::lock(client, found)?;
        token.check_alive()?;
        let rate = Change::of_rate(client, &token, rate_limit, rate_window)?;
        let change = Change {
            name,
            metadata,
            expires_at: Change::of_expiry(&token, expires_at)?,
            enabled: enabled.filter(|enabled| {
                *enabled == token.disabled || (!enabled && takes_over(&caller, &token))
            }),
            rate,
            allowed_addrs: match allowed_addrs {
                None => None,
                Some(given) => Some(check::networks(client, Some(given))?),
            },
        };
        if let Some(as_user) = caller.as_user.as_deref() {
            change.check_narrower(client, &token, as_user)?;
        }
        change.apply(client, &caller, &token)?;
        tokens_row(client, token.id)
    })?;
    Ok(row)
}

/// Whether an administrator makes a user's switching off its own, so that the user cannot undo it.
fn takes_over(caller: &Caller, token: &Existing) -> bool {
    caller.is_administrator() && token.disabled_as.is_some()
}

/// What is to change; the inner `None` of an option clears.
struct Change {
    name: Option<String>,
    metadata: Option<Jsonb>,
    expires_at: Option<Option<TimestampWithTimeZone>>,
    enabled: Option<bool>,
    rate: Option<Option<RateLimit>>,
    allowed_addrs: Option<Option<Cidrs>>,
}

impl Change {
    fn of_expiry(
        token: &Existing,
        given: Option<TimestampWithTimeZone>,
    ) -> Result<Option<Option<TimestampWithTimeZone>>, Error> {
        let Some(at) = given.map(TimestampWithTimeZone::into_inner) else {
            return Ok(None);
        };
        let now = pg::now();
        if at <= now {
            return Err(Error::invalid(
                "expires_at",
                "must lie in the future; revoke the token to end it now",
            ));
        }
        let unchanged = token.expires_at.map(TimestampWithTimeZone::into_inner) == Some(at);
        if unchanged {
            return Ok(None);
        }
        lifetime::within_bounds("expires_at", at, now).map(Some)
    }

    fn of_rate(
        client: &SpiClient<'_>,
        token: &Existing,
        limit: Option<i32>,
        window: Option<Interval>,
    ) -> Result<Option<Option<RateLimit>>, Error> {
        let window = window.map(check::rate_window).transpose()?;
        let present = present_rate(client, token)?;
        match (limit, window) {
            (None, None) => Ok(None),
            (Some(0), None) => Ok(Some(None)),
            (Some(0), Some(_)) => Err(Error::invalid(
                "rate_window",
                "cannot be given with rate_limit 0, which clears both",
            )),
            (Some(limit), _) if limit < 0 => Err(Error::invalid(
                "rate_limit",
                format!("is {limit}; 1 or more verifications, or 0 for no limit, are allowed"),
            )),
            (Some(limit), window) => {
                let kept = present.map_or(DEFAULT_WINDOW_SECONDS, |rate| rate.seconds);
                let seconds = window.unwrap_or(kept);
                Ok(Some(Some(RateLimit { limit, seconds })))
            }
            (None, Some(seconds)) => match present {
                Some(RateLimit { limit, .. }) => Ok(Some(Some(RateLimit { limit, seconds }))),
                None => Err(Error::invalid(
                    "rate_window",
                    "needs rate_limit, since the token has none",
                )),
            },
        }
    }

    /// Refuses what would widen the token: a user only narrows.
    fn check_narrower(
        &self,
        client: &SpiClient<'_>,
        token: &Existing,
        as_user: &str,
    ) -> Result<(), Error> {
        if self.metadata.is_some() {
            return Err(Error::forbidden(
                "metadata",
                "only an administrator changes it, since applications may read rights from it",
            ));
        }
        if let Some(expires_at) = self.expires_at
            && lifetime::is_later(expires_at, token.expires_at)
        {
            return Err(Error::forbidden(
                "expires_at",
                "a user makes it earlier only",
            ));
        }
        if self.enabled == Some(true) && token.disabled_as.as_deref() != Some(as_user) {
            return Err(Error::forbidden(
                "enabled",
                format!("user \"{as_user}\" did not disable the token and cannot enable it"),
            ));
        }
        if let Some(rate) = self.rate
            && !is_lower(rate, present_rate(client, token)?)
        {
            return Err(Error::forbidden("rate_limit", "a user makes it lower only"));
        }
        match self.allowed_addrs {
            Some(networks) if !is_narrower(client, token, networks)? => Err(Error::forbidden(
                "allowed_addrs",
                "a user makes them narrower only",
            )),
            _ => Ok(()),
        }
    }

    fn apply(
        self,
        client: &mut SpiClient<'_>,
        caller: &Caller,
        token: &Existing,
    ) -> Result<(), Error> {
        let detail = self.detail(client)?;
        let Some(detail) = detail else {
            return Ok(());
        };
        let rate = self.rate.flatten();
        client.update(
            UPDATE,
            None,
            &[
                token.id.into(),
                self.name.into(),
                self.metadata.into(),
                self.expires_at.is_some().into(),
                self.expires_at.flatten().into(),
                self.enabled.into(),
                caller.actor.as_str().into(),
                caller.as_user.as_deref().into(),
                self.rate.is_some().into(),
                rate.map(|rate| rate.limit).into(),
                rate.map(|rate| f64::from(rate.seconds)).into(),
                self.allowed_addrs.is_some().into(),
                self.allowed_addrs.flatten().into(),
            ],
        )?;
        event::record(client, caller, "updated", &[token.id], detail)
    }

    /// What the log says; `None` where nothing changes.
    fn detail(&self, client: &SpiClient<'_>) -> Result<Option<Detail>, Error> {
        let mut changed = serde_json::Map::new();
        if let Some(name) = &self.name {
            changed.insert("name".into(), json!(name));
        }
        if self.metadata.is_some() {
            changed.insert("metadata".into(), json!("changed"));
        }
        if let Some(at) = self.expires_at {
            let at = lifetime::text(client, at)?;
            changed.insert("expires_at".into(), json!(at.as_deref().unwrap_or("never")));
        }
        if let Some(enabled) = self.enabled {
            changed.insert("enabled".into(), json!(enabled));
        }
        if let Some(rate) = self.rate {
            let (limit, seconds) = rate.map_or((0, 0), |rate| (rate.limit, rate.seconds));
            changed.insert("rate_limit".into(), json!(limit));
            changed.insert("rate_window_seconds".into(), json!(seconds));
        }
        if let Some(networks) = self.allowed_addrs {
            let networks: Option<String> = client
                .select("select coalesce($1, '{}')::text", None, &[networks.into()])?
                .first()
                .get_one()?;
            changed.insert("allowed_addrs".into(), json!(networks));
        }
        if changed.is_empty() {
            return Ok(None);
        }
        Ok(Some(Detail::of(changed.into())))
    }
}

const UPDATE: &str = "
    update pgtoken.token
    set name = coalesce($2, name),
        metadata = coalesce($3, metadata),
        expires_at = case when $4 then $5 else expires_at end,
        disabled_at = case $6 when false then coalesce(disabled_at, clock_timestamp()) when true then null else disabled_at end,
        disabled_by = case $6 when false then $7 when true then null else disabled_by end,
        disabled_as = case $6 when false then $8 when true then null else disabled_as end,
        rate_limit = case when $9 then $10 else rate_limit end,
        rate_window = case when $9 then make_interval(secs => $11) else rate_window end,
        allowed_addrs = case when $12 then coalesce($13, '{}') else allowed_addrs end
    where id = $1";

fn present_rate(client: &SpiClient<'_>, token: &Existing) -> Result<Option<RateLimit>, Error> {
    let row = client
        .select(
            "select t.rate_limit, t.rate_window_seconds from pgtoken.tokens as t where t.id = $1",
            None,
            &[token.id.into()],
        )?
        .first();
    let limit: Option<i32> = row.get(1)?;
    let seconds: Option<i32> = row.get(2)?;
    Ok(limit
        .zip(seconds)
        .map(|(limit, seconds)| RateLimit { limit, seconds }))
}

/// Whether a rate allows no more than another, neither at once nor in the long run; no rate allows everything.
fn is_lower(rate: Option<RateLimit>, than: Option<RateLimit>) -> bool {
    match (rate, than) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(rate), Some(than)) => {
            rate.limit <= than.limit
                && i64::from(rate.limit) * i64::from(than.seconds)
                    <= i64::from(than.limit) * i64::from(rate.seconds)
        }
    }
}

/// Whether every network lies in one that the token has; none is anywhere.
fn is_narrower(
    client: &SpiClient<'_>,
    token: &Existing,
    networks: Option<Cidrs>,
) -> Result<bool, Error> {
    let narrower: Option<bool> = client
        .select(
            "select cardinality(t.allowed_addrs) = 0
                 or (cardinality(coalesce($2, '{}')) > 0 and not exists (
                     select from unnest($2) as given (network)
                     where not exists (
                         select from unnest(t.allowed_addrs) as present (network)
                         where given.network <<= present.network
                     )
                 ))
             from pgtoken.token as t
             where t.id = $1",
            None,
            &[token.id.into(), networks.into()],
        )?
        .first()
        .get_one()?;
    Ok(narrower.unwrap_or(false))
}
