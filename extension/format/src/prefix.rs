//! What a token begins with.

extern crate alloc;

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

/// The part of a token before its last `_`: says whose token it is (`pgt`, `pv_live`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(String);

/// Why a text is no prefix. Does not repeat the text, which may be a token pasted by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// Longer than [`Prefix::MAX_LEN`].
    #[error("is too long, at most {} characters are allowed", Prefix::MAX_LEN)]
    TooLong,
    /// Not groups of letters and digits joined by single underscores.
    #[error(
        "must be lower case letters and digits, a letter first, \
         with single underscores only in between, such as pgt or pv_live"
    )]
    Malformed,
}

impl Prefix {
    /// The most characters a prefix may have.
    pub const MAX_LEN: usize = 24;

    /// Accepts `^[a-z][a-z0-9]*(_[a-z0-9]+)*$` of at most [`Prefix::MAX_LEN`] characters.
    pub fn parse(text: &str) -> Result<Prefix, PrefixError> {
        check(text.as_bytes())?;
        Ok(Prefix(text.to_owned()))
    }

    /// The prefix without the `_` that follows it in a token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The prefix rule, for bytes that nobody has looked at yet.
pub(crate) fn check(text: &[u8]) -> Result<(), PrefixError> {
    if text.len() > Prefix::MAX_LEN {
        return Err(PrefixError::TooLong);
    }
    if !text.first().is_some_and(u8::is_ascii_lowercase) {
        return Err(PrefixError::Malformed);
    }
    if !text.split(|byte| *byte == b'_').all(is_group) {
        return Err(PrefixError::Malformed);
    }
    Ok(())
}

fn is_group(group: &[u8]) -> bool {
    !group.is_empty()
        && group
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn prefixes_of_the_rule_are_kept_as_they_are() {
        for text in [
            "a",
            "pgt",
            "pv_live",
            "st2",
            "a_1_b",
            "abcdefghijklmnopqrstuvwx",
        ] {
            assert_eq!(Prefix::parse(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "_", "_a", "a_", "a__b", "1a", "A", "aB", "a-b", "a b", " a", "a\n", "é", "a\0",
        ] {
            assert_eq!(Prefix::parse(text), Err(PrefixError::Malformed), "{text:?}");
        }
        assert_eq!(
            Prefix::parse("abcdefghijklmnopqrstuvwxy"),
            Err(PrefixError::TooLong)
        );
    }

    #[test]
    fn refusal_says_what_is_allowed() {
        assert_eq!(
            PrefixError::TooLong.to_string(),
            "is too long, at most 24 characters are allowed"
        );
        assert_eq!(
            PrefixError::Malformed.to_string(),
            "must be lower case letters and digits, a letter first, \
             with single underscores only in between, such as pgt or pv_live"
        );
    }
}
