//! Durations as people write them in settings.

use std::fmt;
use std::time::Duration;

/// The longest duration that a setting takes: 1,000 years.
const LONGEST: Duration = Duration::from_secs(365_250 * 86_400);

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// The text has another form.
    Unreadable,
    /// Zero, or over 1,000 years.
    OutOfRange,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DurationError::Unreadable => {
                "a duration is a number of seconds, or numbers with units: 90 days, 12h, 30 min, 1h 30m"
            }
            DurationError::OutOfRange => "a duration is longer than zero and at most 1000 years",
        })
    }
}

impl std::error::Error for DurationError {}

/// Reads `90 days`, `90d`, `1h 30m`, `30 min`, or a bare number of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let duration = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // Units are tried as written first: `M` is a month and `m` a minute.
        Err(_) => humantime::parse_duration(text)
            .or_else(|_| humantime::parse_duration(&text.to_lowercase()))
            .map_err(|_| DurationError::Unreadable)?,
    };
    if duration.is_zero() || duration > LONGEST {
        return Err(DurationError::OutOfRange);
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    #[test]
    fn what_people_write_is_understood() {
        for (text, seconds) in [
            ("90 days", 90 * DAY),
            ("90d", 90 * DAY),
            ("90 Days", 90 * DAY),
            ("1 day", DAY),
            ("2 weeks", 14 * DAY),
            ("1h", 3600),
            ("1h 30m", 5400),
            ("30 min", 1800),
            ("30min", 1800),
            ("3600", 3600),
            (" 3600 ", 3600),
            ("10 s", 10),
            ("10 seconds", 10),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "abc",
            "-1",
            "-1 day",
            "1.5",
            "d",
            "90 d d",
            "9999999999999999999999",
            "90 days, 1h",
        ] {
            assert_eq!(
                parse_duration(text),
                Err(DurationError::Unreadable),
                "{text}"
            );
        }
        for text in ["0", "0 days", "1001 years", "18446744073709551615"] {
            assert_eq!(
                parse_duration(text),
                Err(DurationError::OutOfRange),
                "{text}"
            );
        }
    }
}
