//! Requests of every route that the contract has, from sensible to hostile.
use super::value::{Known, pick, rare, word};
use pgtoken_tests::checkout;
use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::{Map, Value, json};

/// An operation of `openapi.json`.
pub struct Operation {
    method: String,
    path: String,
    query: Vec<String>,
    /// The media type of its body and the names of its fields.
    body: Option<(String, Vec<String>)>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

const METHODS: &[&str] = &["get", "put", "post", "delete", "patch"];

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

const HOSTILE: &[&str] = &[
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

/// Every operation, as the contract says.
pub fn operations() -> Vec<Operation> {
    let text = std::fs::read_to_string(checkout().join("facade/reference/openapi.json"));
    let document: Value = serde_json::from_str(&text.expect("it is there")).expect("JSON");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in METHODS {
            let any_method = item["get"]["x-any-method"] == true;
            let operation = &item[if any_method { "get" } else { method }];
            if operation.is_null() {
                continue;
            }
            let parameters = operation["parameters"].as_array();
            let parameters = parameters
                .into_iter()
                .flatten()
                .map(|p| resolved(&document, p));
            let query = parameters.filter(|p| p["in"] == "query");
            let content = operation["requestBody"]["content"].as_object();
            let body = content.and_then(|content| content.iter().next());
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                query: query.map(|p| text_of(&p["name"])).collect(),
                body: body.map(|(kind, body)| {
                    let schema = resolved(&document, &body["schema"]);
                    let fields = schema["properties"].as_object().expect("fields");
                    (kind.clone(), fields.keys().cloned().collect())
                }),
            });
        }
    }
    operations
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(place) => document.pointer(&place[1..]).expect("it is there"),
        None => value,
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

impl Operation {
    /// A request with these header lines of the caller.
    pub fn request(&self, chance: &mut SmallRng, known: &Known, caller: &[String]) -> Request {
        let mut headers = caller.to_vec();
        let id = match chance.random_range(0..10) {
            0 => "x".to_owned(),
            1 => encoded(word(chance, HOSTILE)),
            _ => pick(chance, &known.ids).clone(),
        };
        let mut target = self.path.replace("{id}", &id).replace("{policy}", &id);
        let mut separator = '?';
        for name in &self.query {
            if chance.random_bool(0.3) {
                let value = plain(&value(chance, known, name));
                target.push_str(&format!("{separator}{name}={}", encoded(&value)));
                separator = '&';
            }
        }
        if rare(chance, 20) {
            headers.push(format!(
                "Idempotency-Key: {}",
                printable(word(chance, HOSTILE))
            ));
            headers.push(format!(
                "Pgtoken-Actor: {}",
                printable(word(chance, HOSTILE))
            ));
        }
        let mut body = String::new();
        if let Some((kind, fields)) = &self.body {
            headers.push(format!("Content-Type: {kind}"));
            body = match kind.as_str() {
                "application/json" => json_of(chance, known, fields),
                _ => form_of(chance, known, fields),
            };
        }
        Request {
            method: self.method.clone(),
            target,
            headers,
            body,
        }
    }
}

fn json_of(chance: &mut SmallRng, known: &Known, fields: &[String]) -> String {
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

fn form_of(chance: &mut SmallRng, known: &Known, fields: &[String]) -> String {
    let mut pairs = Vec::new();
    for field in fields {
        if chance.random_bool(0.8) {
            let value = plain(&value(chance, known, field));
            pairs.push(format!("{field}={}", encoded(&value)));
        }
    }
    pairs.join("&")
}

fn value(chance: &mut SmallRng, known: &Known, name: &str) -> Value {
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

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

impl Request {
    /// As it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let (method, target, body) = (&self.method, &self.target, &self.body);
        let headers: String = self
            .headers
            .iter()
            .map(|line| format!("{line}\r\n"))
            .collect();
        let length = body.len();
        format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }
}
