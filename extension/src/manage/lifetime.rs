//! When a token expires, and how long the settings let it live.

use std::time::Duration;

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::spi::SpiClient;

use super::check;
use crate::error::Error;
use crate::settings;

/// Microseconds since 2000; i64::MAX is infinity.
pub type Micros = i64;

/// When a new token expires: as given, else after the default; never beyond the longest that is allowed.
pub fn of_new_token(
    client: &SpiClient<'_>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    now: Micros,
) -> Result<Option<TimestampWithTimeZone>, Error> {
    if let Some(given) = given(client, ttl, expires_at, now)? {
        return within_max_ttl(given, now);
    }
    let ttl = match (micros(settings::default_ttl()), micros(settings::max_ttl())) {
        (Some(default), Some(max)) => Some(default.min(max)),
        (default, max) => default.or(max),
    };
    Ok(ttl.map(|micros| timestamp(now.saturating_add(micros))))
}

/// When the successor of a token expires: as given, else with it, but never beyond the longest that is allowed.
pub fn of_successor(
    client: &SpiClient<'_>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    inherited: Option<TimestampWithTimeZone>,
    now: Micros,
) -> Result<Option<TimestampWithTimeZone>, Error> {
    if let Some(given) = given(client, ttl, expires_at, now)? {
        return within_max_ttl(given, now);
    }
    let inherited = inherited.map_or(Micros::MAX, TimestampWithTimeZone::into_inner);
    let latest = micros(settings::max_ttl()).map_or(Micros::MAX, |max| now.saturating_add(max));
    Ok(finite(inherited.min(latest)))
}

/// What `ttl` or `expires_at` say, if either is given: a time in the future or infinity.
pub fn given(
    client: &SpiClient<'_>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    now: Micros,
) -> Result<Option<Micros>, Error> {
    let (argument, at) = match (ttl, expires_at) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "ttl",
                "cannot be given together with expires_at",
            ));
        }
        (Some(ttl), None) => ("ttl", after(client, ttl, now)?),
        (None, Some(at)) => ("expires_at", at.into_inner()),
    };
    if at <= now {
        return Err(Error::invalid(argument, "must lie in the future"));
    }
    Ok(Some(at))
}

/// A time, unless it lies beyond the longest that is allowed; infinity is no expiry.
pub fn within_max_ttl(at: Micros, now: Micros) -> Result<Option<TimestampWithTimeZone>, Error> {
    if let Some(max) = micros(settings::max_ttl())
        && at > now.saturating_add(max)
    {
        return Err(Error::invalid(
            "expires_at",
            "is later than pgtoken.max_ttl allows from now",
        ));
    }
    Ok(finite(at))
}

/// The time `ttl` after `now`, by the calendar.
fn after(client: &SpiClient<'_>, ttl: Interval, now: Micros) -> Result<Micros, Error> {
    let sum: Option<TimestampWithTimeZone> = client
        .select("select $1 + $2", None, &[timestamp(now).into(), ttl.into()])?
        .first()
        .get_one()?;
    Ok(check::required("ttl", sum)?.into_inner())
}

fn micros(duration: Option<Duration>) -> Option<Micros> {
    duration.map(|duration| Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX))
}

fn finite(at: Micros) -> Option<TimestampWithTimeZone> {
    (at != Micros::MAX).then(|| timestamp(at))
}

/// A timestamp of PostgreSQL.
pub fn timestamp(at: Micros) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(at)
        .unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}
