//! When a token expires, and how long the settings let it live.

use std::time::Duration;

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::spi::SpiClient;

use super::check;
use crate::error::Error;
use crate::settings;

/// Microseconds since 2000; i64::MAX is infinity.
pub type Micros = i64;

/// The first moments of the years 1 and 10000.
const YEAR_1: Micros = -63_082_281_600_000_000;
const YEAR_10000: Micros = 252_455_616_000_000_000;

/// Far enough from the last time that PostgreSQL knows.
const LONGEST_SPAN: i128 = 8_000 * 365 * 86_400 * 1_000_000;

/// When a new token expires: as given, else after the default; never beyond the longest that is allowed.
pub fn of_new_token(
    client: &SpiClient<'_>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    now: Micros,
) -> Result<Option<TimestampWithTimeZone>, Error> {
    if let Some((argument, at)) = given(client, ttl, expires_at, now)? {
        return within_bounds(argument, at, now);
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
    if let Some((argument, at)) = given(client, ttl, expires_at, now)? {
        return within_bounds(argument, at, now);
    }
    let inherited = inherited.map_or(Micros::MAX, TimestampWithTimeZone::into_inner);
    let latest = micros(settings::max_ttl()).map_or(Micros::MAX, |max| now.saturating_add(max));
    Ok(finite(inherited.min(latest)))
}

/// What `ttl` or `expires_at` say, and which of them, if either is given: a time in the future or infinity.
fn given(
    client: &SpiClient<'_>,
    ttl: Option<Interval>,
    expires_at: Option<TimestampWithTimeZone>,
    now: Micros,
) -> Result<Option<(&'static str, Micros)>, Error> {
    match (ttl, expires_at) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::invalid(
            "ttl",
            "cannot be given together with expires_at",
        )),
        (Some(ttl), None) => Ok(Some(("ttl", after(client, "ttl", ttl, now)?))),
        (None, Some(at)) if at.into_inner() <= now => {
            Err(Error::invalid("expires_at", "must lie in the future"))
        }
        (None, Some(at)) => Ok(Some(("expires_at", at.into_inner()))),
    }
}

/// Whether one expiry is later than another; none is the latest.
pub fn is_later(
    expires_at: Option<TimestampWithTimeZone>,
    than: Option<TimestampWithTimeZone>,
) -> bool {
    let micros = |at: Option<TimestampWithTimeZone>| at.map_or(Micros::MAX, |at| at.into_inner());
    micros(expires_at) > micros(than)
}

/// Refuses a time that RFC 3339, and so HTTP, cannot write: its years have four digits.
pub fn check_writable(
    argument: &'static str,
    at: Option<TimestampWithTimeZone>,
) -> Result<(), Error> {
    match at.map(TimestampWithTimeZone::into_inner) {
        Some(at) if !(YEAR_1..YEAR_10000).contains(&at) => Err(Error::invalid(
            argument,
            "must be a time between the years 1 and 9999",
        )),
        _ => Ok(()),
    }
}

/// A time, unless it lies beyond the longest that is allowed; infinity is no expiry.
pub fn within_bounds(
    argument: &'static str,
    at: Micros,
    now: Micros,
) -> Result<Option<TimestampWithTimeZone>, Error> {
    if let Some(max) = micros(settings::max_ttl())
        && at > now.saturating_add(max)
    {
        return Err(Error::invalid(
            argument,
            "is later than pgtoken.max_ttl allows from now",
        ));
    }
    let at = finite(at);
    check_writable(argument, at)?;
    Ok(at)
}

/// The time `span` after `now`, by the calendar; it lies in the future.
pub fn after(
    client: &SpiClient<'_>,
    argument: &'static str,
    span: Interval,
    now: Micros,
) -> Result<Micros, Error> {
    let wrong = || Error::invalid(argument, "must be longer than zero and at most 8000 years");
    if !(0..=LONGEST_SPAN).contains(&span.as_micros()) {
        return Err(wrong());
    }
    let sum: Option<TimestampWithTimeZone> = client
        .select(
            "select $1 + $2",
            None,
            &[timestamp(now).into(), span.into()],
        )?
        .first()
        .get_one()?;
    let at = check::required(argument, sum)?.into_inner();
    if at <= now {
        return Err(wrong());
    }
    Ok(at)
}

fn micros(duration: Option<Duration>) -> Option<Micros> {
    duration.map(|duration| Micros::try_from(duration.as_micros()).unwrap_or(Micros::MAX))
}

fn finite(at: Micros) -> Option<TimestampWithTimeZone> {
    (at != Micros::MAX).then(|| timestamp(at))
}

/// A time as the log writes it.
pub fn text(
    client: &SpiClient<'_>,
    at: Option<TimestampWithTimeZone>,
) -> Result<Option<String>, Error> {
    Ok(client
        .select("select to_jsonb($1) #>> '{}'", None, &[at.into()])?
        .first()
        .get_one()?)
}

/// A timestamp of PostgreSQL.
pub fn timestamp(at: Micros) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(at)
        .unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}
