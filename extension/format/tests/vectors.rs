//! vectors.json and the README, which other implementations rely on, say what this crate does.

use pgtoken_format::{Prefix, REGEX, Shape, Token, classify, digest};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    regex: String,
    issued: Vec<Issued>,
    texts: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    prefix: String,
    bytes: String,
    token: String,
    start: String,
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    why: String,
    text: String,
    shape: String,
}

#[test]
fn issued_tokens_are_those_of_the_vectors() {
    for vector in vectors().issued {
        let prefix = Prefix::parse(&vector.prefix).expect(&vector.prefix);
        let token = Token::from_bytes(&prefix, &from_hex(&vector.bytes));
        assert_eq!(token.as_str(), vector.token);
        assert_eq!(token.start(), vector.start);
        assert_eq!(token.digest(), from_hex(&vector.sha256));
        assert_eq!(digest(vector.token.as_bytes()), from_hex(&vector.sha256));
        assert_eq!(classify(vector.token.as_bytes()), Shape::Own);
    }
}

#[test]
fn other_texts_are_classified_as_the_vectors_say() {
    for vector in vectors().texts {
        let shape = match classify(vector.text.as_bytes()) {
            Shape::Own => "own",
            Shape::Malformed => "malformed",
            Shape::Foreign => "foreign",
        };
        assert_eq!(shape, vector.shape, "{}: {}", vector.why, vector.text);
    }
}

#[test]
fn one_regular_expression_is_published_everywhere() {
    assert_eq!(vectors().regex, REGEX);
    assert!(include_str!("../README.md").contains(&format!("\n{REGEX}\n")));
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors.json")).expect("vectors.json has this shape")
}

fn from_hex(hex: &str) -> [u8; 32] {
    assert_eq!(hex.len(), 64, "{hex}");
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect(hex))
}
