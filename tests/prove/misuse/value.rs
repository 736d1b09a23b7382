//! SQL expressions of each type, from sensible to hostile. Each can be evaluated: what is refused is
//! refused by pgtoken, not on the way to it.
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

const WORDS: &[(&str, &[&str])] = &[
    (
        "user_id",
        &["olga", "mia", "leo", "dora", "stan", "robot", "nobody"],
    ),
    (
        "as_user",
        &["olga", "mia", "leo", "dora", "stan", "robot", "nobody"],
    ),
    ("workspace_id", &["acme", "globex", "shut", "none"]),
    (
        "scope",
        &[
            "read",
            "write",
            "full",
            "agency",
            "vault",
            "break_glass",
            "review",
            "root",
        ],
    ),
    (
        "permissions",
        &["upload", "publish", "audit", "upload publish", "fly"],
    ),
    ("target", &["lobby", "windows", "roof", "none"]),
    ("target_id", &["lobby", "windows", "roof", "none"]),
    ("zone", &["main", "ticker", "left", "none"]),
    (
        "state",
        &[
            "active",
            "suspended",
            "disabled",
            "expired",
            "revoked",
            "Active",
        ],
    ),
    (
        "sort",
        &[
            "name",
            "created_at desc",
            "use_count asc",
            "name; drop table x",
            "digest",
        ],
    ),
    (
        "prefix",
        &["pgt", "pv_live", "P", "a__b", "aaaaaaaaaaaaaaaaaaaaaaaaa"],
    ),
    ("digest_rule", &["sha256", "md5", ""]),
    ("name", &["t", "a name", " padded "]),
    ("reason", &["why", "superseded"]),
    ("request_id", &["r1", "r2", "r3"]),
    ("actor", &["dba@acme.example", "postgres"]),
    ("search", &["t", "pgt_", "%", "_"]),
    ("text", &["pgt_", "pv_live_", "sk-"]),
    ("after", &["olga", "leo"]),
];

const TEXTS: &[&str] = &[
    "''",
    "' '",
    "E'\\t\\n\\r'",
    "E'\\x01'",
    "E'a\\x7fb'",
    "U&'\\FFFF'",
    "U&'\\+10FFFF'",
    "U&'\\0301\\0301'",
    "U&'\\202Egpt_'",
    "U&'\\FEFF'",
    "'null'",
    "'%'",
    "'_'",
    "'\\'",
    "'$1'",
    "'{}'",
    "'[]'",
    "'{\"a\"'",
    "'-1'",
    "'1e309'",
    "'NaN'",
    "'infinity'",
    "''');drop table pgtoken.token;--'",
    "repeat('x', 200)",
    "repeat('x', 201)",
    "repeat('é', 200)",
    "repeat('x', 512)",
    "repeat('x', 513)",
    "repeat('a_', 12)",
    "'pgt_' || repeat('0', 49)",
    "'pgt_' || repeat('z', 49)",
    "'_' || repeat('0', 49)",
    "repeat('pgt_', 100)",
    "repeat('(', 5000)",
    "repeat(chr(128512), 100)",
    "repeat(' ', 300)",
];

const JSONS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1.5e300",
    "1e400",
    "\"windows\"",
    "[\"windows\"]",
    "{\"windows\": true}",
    "{\"windows\": [\"main\"]}",
    "{\"windows\": [\"main\", \"main\", \"ticker\"], \"lobby\": true}",
    "{\"windows\": []}",
    "{\"windows\": null}",
    "{\"windows\": false}",
    "{\"windows\": \"main\"}",
    "{\"windows\": [null]}",
    "{\"windows\": [1]}",
    "{\"windows\": [[\"main\"]]}",
    "{\"windows\": {\"main\": true}}",
    "{\"windows\": 1}",
    "{\"windows\": true, \"windows\": [\"main\"]}",
    "{\"\": true}",
    "{\"roof\": true}",
    "{\"none\": true}",
    "{\"windows\": [\"none\"]}",
    "{\"\\u0001\": true}",
    "{\"windows\": [\"\"]}",
    "{\"a\": 1, \"b\": {\"c\": [1, 2, {\"d\": null}]}}",
    "[{\"user_id\": \"olga\", \"scope\": \"read\"}]",
    "[{\"user_id\": \"olga\", \"scope\": \"full\", \"manages_tokens\": true}, {\"user_id\": \"mia\", \"scope\": \"full\"}]",
    "[{\"user_id\": \"olga\"}]",
    "[{\"user_id\": null}]",
    "[{\"user_id\": \"olga\", \"scope\": 1}]",
    "[{\"user_id\": \"olga\", \"scope\": \"agency\"}]",
    "[{\"user_id\": \"olga\", \"scope\": \"read\", \"manages_tokens\": \"yes\"}]",
    "[{\"user_id\": \"nobody\", \"scope\": \"read\"}]",
    "[\"olga\", \"olga\"]",
    "[{\"target_id\": \"windows\", \"name\": \"W\"}, \"lobby\"]",
    "[{\"target_id\": \"roof\"}]",
    "[{\"target_id\": \"new\", \"name\": 1}]",
    "[{\"zone_id\": \"main\"}, \"ticker\"]",
    "[{\"zone_id\": \"main\", \"stray\": 1}]",
    "[1, [], {}, null]",
];

const HUGE_JSONS: &[&str] = &[
    "(repeat('[', 3000) || repeat(']', 3000))::jsonb",
    "jsonb_build_object('windows', (select jsonb_agg('z' || n) from generate_series(1, 20000) as n))",
    "(select jsonb_object_agg('t' || n, true) from generate_series(1, 1001) as n)",
    "(select jsonb_agg('e' || n) from generate_series(1, 3000) as n)",
    "jsonb_build_object(repeat('k', 300000), repeat('v', 300000))",
];

const INTERVALS: &[&str] = &[
    "0",
    "1 microsecond",
    "1 second",
    "-1 second",
    "1 minute",
    "90 days",
    "31 days",
    "31 days 1 second",
    "1 mon",
    "-1 mon 40 days",
    "1 year -365 days",
    "2147483647 days",
    "-2147483648 days",
    "178000000 years",
    "-178000000 years",
    "2147483647 mons 2147483647 days 2562047788:00:54.775807",
];

const TIMES: &[&str] = &[
    "infinity",
    "-infinity",
    "epoch",
    "yesterday",
    "tomorrow",
    "2999-12-31 00:00+00",
    "4713-01-01 00:00+00 BC",
    "294276-12-31 23:59:59.999999+00",
    "now",
];

const ADDRESSES: &[&str] = &[
    "10.0.0.1",
    "10.1.2.3/8",
    "0.0.0.0/0",
    "255.255.255.255",
    "::",
    "::1",
    "::/0",
    "::ffff:10.0.0.1",
    "2001:db8::1/64",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

const NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "10.0.0.1/32",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "::/0",
    "::1/128",
    "2001:db8::/32",
    "fe80::/10",
];

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "50",
    "1000",
    "1001",
    "2147483647",
    "-2147483648",
];

const UUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "018f6f6a-7c1e-7b3a-9d0f-5b1f2a3c4d5e",
];

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
