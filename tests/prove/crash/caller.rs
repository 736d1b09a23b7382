//! Requests, and whether they were answered.
use pgtoken_tests::{Facade, Http, HttpAnswer};
use serde_json::Value;
use std::time::Instant;

/// A connection to the facade, which is opened again where it breaks.
pub struct Caller {
    /// The last time that something was not answered.
    pub last_refused: Option<Instant>,
    url: String,
    http: Http,
}

impl Caller {
    pub fn new(facade: &Facade) -> Caller {
        let url = facade.url("");
        Caller {
            last_refused: None,
            http: Http::connect(&url).expect("the facade listens"),
            url,
        }
    }

    /// Sends JSON, or nothing where it is null, with a bearer.
    pub fn send(
        &mut self,
        secret: &str,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &Value,
    ) -> Option<HttpAnswer> {
        let bearer = format!("Authorization: Bearer {secret}");
        let mut all = vec![bearer.as_str()];
        all.extend(headers);
        if body.is_null() {
            return self.ask(method, path, &all, "");
        }
        all.push("Content-Type: application/json");
        self.ask(method, path, &all, &body.to_string())
    }

    /// The answer; none if there is none, or if it says that there is none.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Option<HttpAnswer> {
        let answer = match self.http.ask(method, path, headers, body) {
            Ok(answer) if answer.status != 503 => return Some(answer),
            answer => answer,
        };
        self.last_refused = Some(Instant::now());
        if answer.is_err() {
            self.http = Http::connect(&self.url).expect("the facade listens");
        }
        None
    }
}
