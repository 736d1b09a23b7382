//! What a text looks like, before anything is looked up.

use crate::base62;
use crate::checksum::{self, checksum};
use crate::prefix;

/// Longer texts are refused unseen, in bytes.
pub const MAX_TEXT_LEN: usize = 512;

/// Finds tokens in other text, for secret scanners.
/// Matches whatever is issued under any prefix; the one rule that it cannot express is the prefix's
/// greatest length, so the checksum has the last word.
pub const REGEX: &str = r"\b[a-z](?:_?[a-z0-9]){0,23}_[0-9A-Za-z]{49}\b";

/// Random digits of a token: enough for 32 bytes.
pub(crate) const RANDOM_LEN: usize = 43;

/// Digits after the last `_`: the random ones, then the checksum.
pub(crate) const DIGITS_LEN: usize = RANDOM_LEN + checksum::LEN;

/// What a text looks like. Only a lookup tells whether it is a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The shape of an issued token, with the right checksum.
    Own,
    /// The shape of an issued token with a wrong checksum, or longer than [`MAX_TEXT_LEN`]: no
    /// token, no need to look it up.
    Malformed,
    /// Any other text, the empty one too: to be looked up, since imported tokens keep their shapes.
    Foreign,
}

/// Says what a text looks like; any bytes will do.
pub fn classify(text: &[u8]) -> Shape {
    if text.len() > MAX_TEXT_LEN {
        return Shape::Malformed;
    }
    if !has_own_shape(text) {
        return Shape::Foreign;
    }
    match text.split_last_chunk() {
        Some((body, check)) if *check == checksum(body) => Shape::Own,
        _ => Shape::Malformed,
    }
}

/// A valid prefix, `_`, and exactly 49 digits. No digit is a `_`, so this splits at the last one.
fn has_own_shape(text: &[u8]) -> bool {
    let Some((head, digits)) = text.split_last_chunk::<DIGITS_LEN>() else {
        return false;
    };
    let Some(prefix) = head.strip_suffix(b"_") else {
        return false;
    };
    prefix::check(prefix).is_ok() && digits.iter().all(base62::is_digit)
}
