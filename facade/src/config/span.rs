//! Durations and counts.
use super::ConfigError;
use std::time::Duration;

/// A duration such as `5s` or `8h`, of at most a day.
pub fn duration(variable: &'static str, text: &str) -> Result<Duration, ConfigError> {
    let duration = pgtoken_rules::parse_duration(text)
        .map_err(|error| ConfigError::bad(variable, format!("`{text}`: {error}")))?;
    let allowed = Duration::from_millis(10)..=Duration::from_secs(86_400);
    if allowed.contains(&duration) {
        return Ok(duration);
    }
    Err(ConfigError::bad(
        variable,
        format!("is `{text}`, and must be from 10 ms to 24 h"),
    ))
}

/// A whole number in a range.
pub fn count(
    variable: &'static str,
    text: &str,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<usize, ConfigError> {
    match text.trim().parse() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => Err(ConfigError::bad(
            variable,
            format!(
                "is `{text}`, and must be a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            ),
        )),
    }
}
