//! Fields of bodies and queries that have a form of their own. The database takes them as text.
use crate::problem::Problem;
use crate::request::{Fields, pointer};
use ipnet::IpNet;
use serde::de::{Deserialize, Deserializer, Error};
use std::net::IpAddr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in RFC 3339.
pub struct Time(pub String);

/// A duration in ISO 8601, or a number and a unit: `90d`.
pub struct Span(pub String);

/// A network, or an address.
pub struct Network(pub String);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Time, D::Error> {
        time(&String::deserialize(source)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Span, D::Error> {
        let text = String::deserialize(source)?;
        if is_number_and_unit(&text) || is_iso_8601(&text) {
            return Ok(Span(text));
        }
        Err(D::Error::custom(format_args!(
            "`{text}` is not a duration such as P90D, PT12H, 90d, 12h or 30m"
        )))
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Network, D::Error> {
        let text = String::deserialize(source)?;
        let network: Option<IpNet> = text.parse().ok();
        let network = network.or_else(|| text.parse::<IpAddr>().map(IpNet::from).ok());
        match network {
            Some(network) if network == network.trunc() => Ok(Network(network.to_string())),
            Some(network) => Err(D::Error::custom(format_args!(
                "`{text}` has bits right of the mask; the network is {}",
                network.trunc()
            ))),
            None => Err(D::Error::custom(format_args!(
                "`{text}` is not a network such as 10.0.0.0/8 or an address"
            ))),
        }
    }
}

/// A field that may be null: absent is `None`, null is `Some(None)`.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(source).map(Some)
}

/// A field that may be absent, and null no more than other values of another type.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    source: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(source).map(Some)
}

/// The texts of networks.
pub fn networks(networks: Vec<Network>) -> Vec<String> {
    networks.into_iter().map(|network| network.0).collect()
}

/// A time in a query.
pub fn time_of(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Problem> {
    let time = fields.get(name).map(time).transpose();
    time.map(|time| time.map(|time| time.0))
        .map_err(|why| Problem::bad_field(pointer(name), why))
}

/// Anything else in a query that has a form: a whole number, a UUID.
pub fn parsed<T: std::str::FromStr>(
    fields: &Fields<'_>,
    name: &str,
    form: &str,
) -> Result<Option<T>, Problem> {
    let value = fields.get(name).map(str::parse).transpose();
    value.map_err(|_| Problem::bad_field(pointer(name), format!("must be {form}")))
}

fn time(text: &str) -> Result<Time, String> {
    // Written anew, since PostgreSQL reads more forms than one.
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .map(Time)
        .ok_or_else(|| format!("`{text}` is not a time in RFC 3339 such as 2030-01-31T00:00:00Z"))
}

fn is_number_and_unit(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    is_number(digits) && matches!(unit, "s" | "m" | "h" | "d" | "w")
}

/// `P`, years, months, weeks, days, then `T`, hours, minutes, seconds; each at most once, in this order.
fn is_iso_8601(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P') else {
        return false;
    };
    let (date, clock) = match text.split_once('T') {
        Some((_, "")) => return false,
        Some((date, clock)) => (date, clock),
        None => (text, ""),
    };
    !text.is_empty() && has_units(date, "YMWD") && has_units(clock, "HMS")
}

fn has_units(text: &str, units: &str) -> bool {
    let mut units = units.chars();
    text.split_inclusive(|c: char| c.is_ascii_alphabetic())
        .all(|part| {
            let (number, unit) = part.split_at(part.len() - 1);
            is_number(number) && units.any(|known| unit.starts_with(known))
        })
}

/// Few enough digits for every unit.
fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_span(text: &str) -> bool {
        serde_json::from_value::<Span>(text.into()).is_ok()
    }

    #[test]
    fn durations_are_iso_8601_or_a_number_and_a_unit() {
        for good in [
            "90d",
            "12h",
            "30m",
            "1s",
            "2w",
            "P90D",
            "PT12H",
            "P1Y2M3W4DT5H6M7S",
        ] {
            assert!(is_span(good), "{good}");
        }
        for bad in [
            "", "P", "PT", "90", "d", "-1d", "90 days", "P1D2Y", "P1DT", "P1H", "1é", "é",
        ] {
            assert!(!is_span(bad), "{bad}");
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        assert!(
            time("2030-01-31T00:00:00Z").is_ok() && time("2030-01-31T00:00:00.5+02:00").is_ok()
        );
        assert!(time("2030-01-31").is_err() && time("infinity").is_err() && time("now").is_err());
    }

    #[test]
    fn networks_end_where_their_mask_does() {
        let network = |text: &str| {
            serde_json::from_value::<Network>(text.into())
                .map(|n| n.0)
                .ok()
        };
        assert_eq!(network("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(network("2001:db8::1").as_deref(), Some("2001:db8::1/128"));
        assert_eq!(network("10.0.0.1/8"), None);
    }
}
