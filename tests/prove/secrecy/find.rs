//! Finding tokens that nobody named, by their shape and checksum.
use pgtoken_format::{Prefix, Shape, classify};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// `_` and 49 digits.
const TAIL: usize = 50;

static CANDIDATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?-u:_[0-9A-Za-z]{49})").expect("a pattern"));

/// Every genuine token in a line: of our shape, with the right checksum, which nothing has by chance.
pub fn tokens(line: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(candidate) = CANDIDATE.find_at(line, from) {
        let (underscore, end) = (candidate.start(), candidate.start() + TAIL);
        let first = underscore.saturating_sub(Prefix::MAX_LEN);
        let starts = (first..underscore).filter(|start| classify(&line[*start..end]) == Shape::Own);
        found.extend(starts.map(|start| String::from_utf8_lossy(&line[start..end]).into_owned()));
        from = underscore + 1;
    }
    found
}
