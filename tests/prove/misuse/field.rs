//! What is put into fields and parameters, from sensible to hostile.
use super::value::{Known, pick, rare, word};
use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::{Map, Value, json};

/// Values by the name of a field or parameter; others have those of [`HOSTILE`] only.
const SENSIBLE: &[(&str, &str)] = &[
    ("name", r#"["t", "", " ", "a name", 1, null]"#),
    (
        "user_id",
        r#"["olga", "mia", "nobody", "", 1, null, ["olga"]]"#,
    ),
    ("workspace_id", r#"["acme", "globex", "shut", "", 7, null]"#),
    ("workspace", r#"["acme", "globex", ""]"#),
    (
        "scope",
        r#"["read", "write", "full", "agency", "root", null, {}]"#,
    ),
    (
        "permissions",
        r#"[[], ["upload"], ["publish", "publish"], ["a b"], [null], "upload", {}]"#,
    ),
    ("permission", r#"["upload", "publish", "", "a b"]"#),
    ("target", r#"["windows", "lobby", "roof", "", null]"#),
    ("target_id", r#"["windows", "lobby", ""]"#),
    ("zone", r#"["main", "ticker", "", null]"#),
    (
        "grants",
        r#"[{}, {"windows": ["main"]}, {"windows": true}, {"windows": []}, {"windows": null}, {"": true}, [], "x", 1, null]"#,
    ),
    ("auto_publish", r#"[false, true, null, "true", 1]"#),
    (
        "ttl",
        r#"["90d", "PT1H", "P1Y", "-1d", "999999999w", "P999999999Y", "", 5, null]"#,
    ),
    ("overlap", r#"["0s", "1h", "PT999999999H", "-1h", null]"#),
    ("rate_window", r#"["1m", "1s", "31d", "32d", "P1Y", 60]"#),
    (
        "rate_limit",
        r#"[1, 0, -1, 2147483647, 2147483648, 1.5, "1", null]"#,
    ),
    (
        "expires_at",
        r#"["2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "infinity", null, 0]"#,
    ),
    (
        "allowed_addrs",
        r#"[[], ["10.0.0.0/8"], ["::/0"], ["10.0.0.1/8"], ["x"], [null], null]"#,
    ),
    (
        "metadata",
        r#"[{}, {"a": {"b": [1]}}, [], null, "x", {"n": 1e400}, {"n": 123456789012345678901234567890}]"#,
    ),
    ("prefix", r#"["pgt", "pv_live", "P", "", "a__b", null]"#),
    ("reason", r#"["why", "", null, 1]"#),
    ("enabled", r#"[true, false, null, "no"]"#),
    ("dry_run", r#"[true, true, false, null]"#),
    ("ids", r#"[[], ["ID"], ["x"], [null], "ID"]"#),
    (
        "client_addr",
        r#"["10.0.0.1", "::1", "10.0.0.1/8", "localhost", ""]"#,
    ),
    ("consume", r#"[true, false, null, 0]"#),
    ("state", r#"["active", "revoked", "Active", ""]"#),
    (
        "sort",
        r#"["name", "created_at desc", "digest", "name; select 1", ""]"#,
    ),
    (
        "since",
        r#"["2020-01-01T00:00:00Z", "now", "", "9999-12-31T23:59:59Z"]"#,
    ),
    ("until", r#"["2030-01-01T00:00:00Z", "-infinity"]"#),
    (
        "max_rows",
        r#"["1", "1000", "0", "-1", "99999999999", "x"]"#,
    ),
    ("status_429", r#"["429", "200", ""]"#),
    ("actor", r#"["me", "", null]"#),
];

/// Texts that nobody expects.
pub const HOSTILE: &[&str] = &[
    "",
    " ",
    "\u{0}",
    "\u{1}\u{7f}",
    "\u{202e}gpj",
    "\u{ffff}",
    "😀",
    "%",
    "%00",
    "%zz",
    "'; drop table pgtoken.token; --",
    "../../etc/passwd",
    "{}",
    "null",
    "1e309",
    "-1",
    "99999999999999999999",
];

/// A body of some of these fields.
pub fn json_of(chance: &mut SmallRng, known: &Known, fields: &[String]) -> String {
    if rare(chance, 30) {
        let others = [
            "",
            "null",
            "[]",
            "{",
            "{}{}",
            "{\"a\":1,\"a\":2}",
            "\"x\"",
            "{\"\\ud800\":1}",
        ];
        return (*pick(chance, &others)).to_owned();
    }
    if rare(chance, 100) {
        let deep = chance.random_range(1..20_000);
        return format!("{{\"metadata\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
    }
    let mut object = Map::new();
    for field in fields {
        if chance.random_bool(0.5) {
            object.insert(field.clone(), value(chance, known, field));
        }
    }
    Value::Object(object).to_string()
}

/// The same as a form.
pub fn form_of(chance: &mut SmallRng, known: &Known, fields: &[String]) -> String {
    let mut pairs = Vec::new();
    for field in fields {
        if chance.random_bool(0.8) {
            let value = plain(&value(chance, known, field));
            pairs.push(format!("{field}={}", encoded(&value)));
        }
    }
    pairs.join("&")
}

/// A value for a field or parameter of this name.
pub fn value(chance: &mut SmallRng, known: &Known, name: &str) -> Value {
    if rare(chance, 12) {
        return json!(word(chance, HOSTILE));
    }
    if rare(chance, 300) {
        return json!("x".repeat(chance.random_range(1..70_000)));
    }
    match name {
        "token" | "text" | "credential" | "secret" => json!(pick(chance, &known.tokens)),
        "questions" => {
            let fields = [
                "token",
                "scope",
                "permissions",
                "target",
                "zone",
                "client_addr",
            ];
            let several = chance.random_range(0..4);
            let questions = (0..several).map(|_| {
                let fields = fields.iter().filter(|_| chance.random_bool(0.6));
                let fields: Vec<&str> = fields.copied().collect();
                let pairs = fields
                    .into_iter()
                    .map(|f| (f.to_owned(), value(chance, known, f)));
                Value::Object(pairs.collect())
            });
            Value::Array(questions.collect())
        }
        _ => match SENSIBLE.iter().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                // A number too large for JSON's reader is text to this one.
                let values: Result<Vec<Value>, _> =
                    serde_json::from_str(&values.replace("1e400", "1e300"));
                let values = values.expect("JSON");
                // The first is good, so that much is done too.
                let many = if chance.random_bool(0.6) {
                    1
                } else {
                    values.len()
                };
                let value = pick(chance, &values[..many]).clone();
                let text = value
                    .to_string()
                    .replace("ID", pick(chance, &known.ids).as_str());
                serde_json::from_str(&text).expect("JSON")
            }
            None => json!(word(chance, HOSTILE)),
        },
    }
}

/// As it stands in a query.
pub fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded.
pub fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
