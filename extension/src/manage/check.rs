//! One rule each for the plain values of arguments.

use pgrx::datum::Interval;
use pgrx::spi::SpiClient;
use pgtoken_format::Prefix;

use crate::error::Error;
use crate::pg::{Cidrs, Jsonb};
use crate::settings;

const MAX_PERMISSIONS: usize = 64;
const MAX_NETWORKS: i32 = 64;
const MAX_METADATA_BYTES: usize = 4096;

/// A name of 1 to 100 characters, trimmed.
pub fn name(name: Option<&str>) -> Result<String, Error> {
    let name = name.map(str::trim).unwrap_or_default();
    let length = name.chars().count();
    if !(1..=100).contains(&length) || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "name",
            format!(
                "has {length} characters after trimming; 1 to 100 without control characters are allowed"
            ),
        ));
    }
    Ok(name.to_owned())
}

/// An argument that must be given.
pub fn required<T>(argument: &'static str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(argument, "must be given"))
}

/// A reason of at most 200 characters; an empty one is none.
pub fn reason(argument: &'static str, reason: Option<&str>) -> Result<Option<String>, Error> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let length = reason.map_or(0, |reason| reason.chars().count());
    if length > 200 {
        return Err(Error::invalid(
            argument,
            format!("has {length} characters; at most 200 are allowed"),
        ));
    }
    Ok(reason.map(str::to_owned))
}

/// Permissions without nulls, duplicates folded, at most 64.
pub fn permissions(given: Option<Vec<Option<String>>>) -> Result<Vec<String>, Error> {
    let mut folded: Vec<String> = Vec::new();
    for permission in given.unwrap_or_default() {
        let permission = permission.ok_or_else(|| {
            Error::invalid(
                "permissions",
                "has a null element; names of permissions are allowed",
            )
        })?;
        if !folded.contains(&permission) {
            folded.push(permission);
        }
    }
    if folded.len() > MAX_PERMISSIONS {
        return Err(Error::invalid(
            "permissions",
            format!(
                "has {} elements; at most {MAX_PERMISSIONS} are allowed",
                folded.len()
            ),
        ));
    }
    Ok(folded)
}

/// An object of at most 4 kB.
pub fn metadata(given: Option<Jsonb>) -> Result<Jsonb, Error> {
    let Some(metadata) = given else {
        return Ok(Jsonb("{}".to_owned()));
    };
    if !metadata.0.starts_with('{') {
        return Err(Error::invalid("metadata", "must be a JSON object"));
    }
    if metadata.0.len() > MAX_METADATA_BYTES {
        return Err(Error::invalid(
            "metadata",
            format!(
                "has {} bytes; at most {MAX_METADATA_BYTES} are allowed",
                metadata.0.len()
            ),
        ));
    }
    Ok(metadata)
}

/// So many verifications in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1.
    pub limit: i32,
    /// 1 second to 31 days.
    pub seconds: i32,
}

/// A rate, where a limit is given.
pub fn rate(limit: Option<i32>, window: Option<Interval>) -> Result<Option<RateLimit>, Error> {
    let Some(limit) = limit else {
        return Ok(None);
    };
    if limit < 1 {
        return Err(Error::invalid(
            "rate_limit",
            format!("is {limit}; 1 or more verifications, or null for no limit, are allowed"),
        ));
    }
    let seconds = rate_window(required("rate_window", window)?)?;
    Ok(Some(RateLimit { limit, seconds }))
}

/// A window of whole seconds, 1 second to 31 days.
pub fn rate_window(window: Interval) -> Result<i32, Error> {
    let micros = window.as_micros();
    let seconds = i32::try_from(micros / 1_000_000).unwrap_or(i32::MAX);
    if micros % 1_000_000 != 0 || !(1..=31 * 24 * 3600).contains(&seconds) {
        return Err(Error::invalid(
            "rate_window",
            "must be whole seconds, from 1 second to 31 days",
        ));
    }
    Ok(seconds)
}

/// At most 64 networks without nulls; `None` is none.
pub fn networks(client: &SpiClient<'_>, given: Option<Cidrs>) -> Result<Option<Cidrs>, Error> {
    let Some(networks) = given else {
        return Ok(None);
    };
    let counted = client
        .select(
            "select cardinality($1), exists (select from unnest($1) as n (network) where n.network is null)",
            None,
            &[networks.into()],
        )?
        .first();
    let count: i32 = counted.get(1)?.unwrap_or(0);
    if counted.get(2)?.unwrap_or(true) {
        return Err(Error::invalid(
            "allowed_addrs",
            "has a null element; networks are allowed",
        ));
    }
    if count > MAX_NETWORKS {
        return Err(Error::invalid(
            "allowed_addrs",
            format!("has {count} networks; at most {MAX_NETWORKS} are allowed"),
        ));
    }
    Ok((count > 0).then_some(networks))
}

/// The prefix given, else that of the setting.
pub fn prefix(given: Option<&str>) -> Result<Prefix, Error> {
    let (argument, prefix) = match given {
        Some(prefix) => ("prefix", prefix.to_owned()),
        None => ("pgtoken.prefix", settings::prefix()),
    };
    Prefix::parse(&prefix).map_err(|error| Error::invalid(argument, error.to_string()))
}

/// How many rows a page or a purge may have, where null stands for `usual`.
pub fn max_rows(given: Option<i32>, usual: i32, most: i32) -> Result<i64, Error> {
    let rows = given.unwrap_or(usual);
    if !(1..=most).contains(&rows) {
        return Err(Error::invalid(
            "max_rows",
            format!("is {rows}; 1 to {most} are allowed"),
        ));
    }
    Ok(i64::from(rows))
}
