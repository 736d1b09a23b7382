//! SQL expressions of each type, from sensible to hostile. Each can be evaluated: what is refused is
//! refused by pgtoken, not on the way to it.
use super::hostile::{
    ADDRESSES, HUGE_JSONS, INTEGERS, INTERVALS, JSONS, NETWORKS, TEXTS, TIMES, UUIDS, WORDS,
};
use rand::RngExt;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

/// What the arguments can refer to.
#[derive(Default)]
pub struct Known {
    /// Texts of tokens, of which some still verify.
    pub tokens: Vec<String>,
    /// Their ids.
    pub ids: Vec<String>,
}

/// One huge value in so many: each takes milliseconds.
const HUGE: u32 = 4_000;

/// An expression for an argument of this name and type.
pub fn value(chance: &mut SmallRng, known: &Known, name: &str, kind: &str) -> String {
    if chance.random_bool(0.08) {
        return format!("null::{kind}");
    }
    match kind.strip_suffix("[]") {
        Some(element) => array(chance, known, name, element),
        None => scalar(chance, known, name, kind),
    }
}

fn scalar(chance: &mut SmallRng, known: &Known, name: &str, kind: &str) -> String {
    let one = |chance: &mut SmallRng, of: &[&str]| word(chance, of).to_owned();
    match kind {
        "text" => text(chance, known, name),
        "bytea" => digest(chance, known),
        "uuid" if !known.ids.is_empty() && chance.random_bool(0.7) => {
            format!("'{}'::uuid", pick(chance, &known.ids))
        }
        "uuid" => format!("'{}'::uuid", one(chance, UUIDS)),
        "boolean" => one(chance, &["true", "false"]),
        "integer" => format!("({})::integer", one(chance, INTEGERS)),
        "bigint" if chance.random_bool(0.2) => "9223372036854775807::bigint".to_owned(),
        "bigint" => format!("({})::bigint", one(chance, INTEGERS)),
        "jsonb" if rare(chance, HUGE / 8) => one(chance, HUGE_JSONS),
        "jsonb" => format!("{}::jsonb", quoted(&one(chance, JSONS))),
        "interval" => format!("'{}'::interval", one(chance, INTERVALS)),
        "timestamp with time zone" => format!("'{}'::timestamptz", one(chance, TIMES)),
        "inet" => format!("'{}'::inet", one(chance, ADDRESSES)),
        "cidr" => format!("'{}'::cidr", one(chance, NETWORKS)),
        other => panic!("no values are known for {other}"),
    }
}

/// The words that make sense under another name, in the plural too.
fn words(name: &str) -> Option<&'static [&'static str]> {
    let found = WORDS
        .iter()
        .find(|(known, _)| name == *known || name.strip_suffix('s') == Some(known));
    found.map(|(_, words)| *words)
}

fn text(chance: &mut SmallRng, known: &Known, name: &str) -> String {
    if rare(chance, HUGE) {
        return "repeat('x', 1048576)".to_owned();
    }
    let is_of_token = matches!(name, "token" | "tokens" | "text");
    if !known.tokens.is_empty() && (is_of_token && chance.random_bool(0.8) || rare(chance, 50)) {
        let token = pick(chance, &known.tokens).clone();
        return quoted(&damaged(chance, token));
    }
    match words(name) {
        Some(words) if chance.random_bool(0.75) => quoted(word(chance, words)),
        _ => word(chance, TEXTS).to_owned(),
    }
}

/// A token as it is, or almost.
fn damaged(chance: &mut SmallRng, mut token: String) -> String {
    let place = chance.random_range(0..token.len());
    match chance.random_range(0..12) {
        0 => token.truncate(place),
        1 => token.replace_range(place..=place, "x"),
        2 => token.insert(place, 'é'),
        3 => token = token.to_uppercase(),
        4 => token = token.replacen("pgt", "pv_live", 1),
        5 => token.push('0'),
        6 => token = format!(" {token}"),
        7 => token = format!("{token}{token}"),
        8 => drop(token.remove(place)),
        _ => {}
    }
    token
}

fn digest(chance: &mut SmallRng, known: &Known) -> String {
    if rare(chance, HUGE) {
        return "decode(repeat('00', 1048576), 'hex')".to_owned();
    }
    if known.tokens.is_empty() || chance.random_bool(0.3) {
        let others = [
            "''::bytea",
            "'\\x00'::bytea",
            "sha224('x')",
            "sha512('x')",
            "sha256('x')",
            "decode(repeat('ff', 32), 'hex')",
        ];
        return (*pick(chance, &others)).to_owned();
    }
    format!("sha256('{}')", pick(chance, &known.tokens))
}

fn array(chance: &mut SmallRng, known: &Known, name: &str, element: &str) -> String {
    if rare(chance, HUGE) {
        let one = value(chance, known, name, element);
        return format!("array_fill({one}::{element}, array[20000])");
    }
    let several = chance.random_range(0..4);
    let mut elements: Vec<String> = (0..several)
        .map(|_| value(chance, known, name, element))
        .collect();
    let list = |elements: &[String]| format!("array[{}]::{element}[]", elements.join(", "));
    match chance.random_range(0..20) {
        0 => format!("'[5:6]={{null,null}}'::{element}[]"),
        1 => format!("'[-2147483648:-2147483647]={{null,null}}'::{element}[]"),
        2 if several > 0 => format!("array[{0}, {0}]", list(&elements)),
        3 => {
            elements.push("null".to_owned());
            list(&elements)
        }
        _ => list(&elements),
    }
}

/// A string constant.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One of several.
pub fn pick<'v, T>(chance: &mut SmallRng, values: &'v [T]) -> &'v T {
    values.choose(chance).expect("there is one")
}

/// True once in so many.
pub fn rare(chance: &mut SmallRng, many: u32) -> bool {
    chance.random_range(0..many) == 0
}

/// One of several words.
pub fn word<'v>(chance: &mut SmallRng, words: &[&'v str]) -> &'v str {
    words.choose(chance).expect("there is one")
}
