//! What is issued is recognised, nothing else is, and no text does harm.

mod sample;

use pgtoken_format::{MAX_TEXT_LEN, Prefix, REGEX, Shape, classify, digest};
use proptest::prelude::*;
use regex::Regex;

#[test]
fn texts_are_refused_unseen_from_513_bytes_on() {
    assert_eq!(MAX_TEXT_LEN, 512);
    assert_eq!(classify(&[b'a'; 512]), Shape::Foreign);
    assert_eq!(classify(&[b'a'; 513]), Shape::Malformed);
    assert_eq!(classify(&[0xff; 100_000]), Shape::Malformed);
}

#[test]
fn scanner_finds_exactly_the_token_in_a_line_of_source() {
    let regex = Regex::new(REGEX).expect("published regular expression is valid");
    for token in sample::tokens() {
        let token = String::from_utf8(token).expect("tokens are ASCII");
        for line in [
            format!("Authorization: Bearer {token}"),
            format!("export TOKEN={token}"),
            format!(r#"{{"token":"{token}"}}"#),
            format!("curl https://example.org/?key={token}&page=2"),
        ] {
            let found: Vec<&str> = regex.find_iter(&line).map(|found| found.as_str()).collect();
            assert_eq!(found, [token.as_str()], "{line}");
        }
        assert!(
            !regex.is_match(&format!("{token}0")),
            "a longer word is no token"
        );
    }
}

proptest! {
    #[test]
    fn everything_issued_is_recognised(token in sample::any_token()) {
        prop_assert_eq!(classify(&token), Shape::Own);
        prop_assert!(matches_whole(std::str::from_utf8(&token)?));
    }

    #[test]
    fn regex_matches_exactly_what_is_issued_given_the_prefix_rule(text in any_near_miss()) {
        let prefix_is_short = text.len() <= Prefix::MAX_LEN + 1 + 49;
        prop_assert_eq!(
            matches_whole(&text) && prefix_is_short,
            classify(text.as_bytes()) != Shape::Foreign
        );
    }

    #[test]
    fn prefix_rule_is_the_published_one(text in "[a-zA0-9_é-]{0,30}") {
        let rule = Regex::new("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")?;
        prop_assert_eq!(
            Prefix::parse(&text).is_ok(),
            rule.is_match(&text) && text.len() <= Prefix::MAX_LEN
        );
    }

    #[test]
    fn any_bytes_are_classified(text in prop::collection::vec(any::<u8>(), 0..600)) {
        classify(&text);
        digest(&text);
    }

    #[test]
    fn any_bytes_around_a_token_are_classified(
        before in prop::collection::vec(any::<u8>(), 0..3),
        token in sample::any_token(),
        after in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        classify(&[before, token, after].concat());
    }
}

/// Texts around the border of the shape, on both sides of it.
fn any_near_miss() -> impl Strategy<Value = String> {
    let prefix = prop_oneof![sample::any_prefix(), "[a-z0-9_]{0,26}", "[a-zA-Zé-]{0,4}"];
    let digits =
        prop_oneof![3 => "[0-9A-Za-z]{49}", 1 => "[0-9A-Za-z_]{47,51}", 1 => "[0-9a-zé]{49}"];
    (
        prefix,
        prop_oneof![4 => Just("_"), 1 => Just(""), 1 => Just("__")],
        digits,
    )
        .prop_map(|(prefix, border, digits)| format!("{prefix}{border}{digits}"))
}

fn matches_whole(text: &str) -> bool {
    let regex = Regex::new(REGEX).expect("published regular expression is valid");
    regex.find(text).is_some_and(|found| found.as_str() == text)
}
