//! Tokens to try claims on.

use pgtoken_format::{Prefix, Token};
use proptest::prelude::*;

/// A few tokens as bytes, the extremes among them.
#[allow(
    dead_code,
    reason = "not every test file tries claims on chosen tokens"
)]
pub fn tokens() -> Vec<Vec<u8>> {
    let bytes = [
        [0; 32],
        [0xff; 32],
        std::array::from_fn(|i| i as u8),
        [0x5a; 32],
    ];
    ["a", "pgt", "pv_live", "abcdefghijkl_nopqrstuvwx"]
        .iter()
        .flat_map(|prefix| bytes.iter().map(|bytes| token(prefix, bytes)))
        .collect()
}

/// Any token under any prefix, as bytes.
pub fn any_token() -> impl Strategy<Value = Vec<u8>> {
    (any_prefix(), any::<[u8; 32]>()).prop_map(|(prefix, bytes)| token(&prefix, &bytes))
}

/// Any prefix.
pub fn any_prefix() -> impl Strategy<Value = String> {
    "[a-z](_?[a-z0-9]){0,23}".prop_filter("at most 24 characters", |text| text.len() <= 24)
}

fn token(prefix: &str, bytes: &[u8; 32]) -> Vec<u8> {
    let prefix = Prefix::parse(prefix).expect("samples have valid prefixes");
    Token::from_bytes(&prefix, bytes).as_str().into()
}
