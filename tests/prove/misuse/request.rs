//! Requests of every route that the contract has, from sensible to hostile.
use super::field::{HOSTILE, encoded, form_of, json_of, plain, value};
use super::value::{Known, pick, rare, word};
use pgtoken_tests::checkout;
use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::Value;

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
