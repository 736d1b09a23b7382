//! A client who manages tokens of one user over HTTP, uses them, and remembers every answer.
use super::caller::Caller;
use super::token::{Change, Shape, Token};
use pgtoken_tests::{ADMIN_SECRET, Dice, Facade, HttpAnswer, VERIFIER_SECRET, wait_until};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// Zones of the target `t`.
pub const ZONES: u64 = 3;

/// One client with its user.
pub struct Client {
    pub user: String,
    pub tokens: Vec<Token>,
    /// What was asked for and not answered.
    pub requests: Vec<Request>,
    /// Answers that are right in no state that the token may have been in.
    pub wrong: Vec<String>,
    /// Answers that were judged.
    pub judged: u64,
    pub caller: Caller,
    dice: Dice,
    issued: u64,
}

/// Issuing a token.
#[derive(Clone, Debug)]
pub struct Request {
    pub key: String,
    pub zone: Option<u8>,
}

impl Client {
    pub fn new(n: u64, facade: &Facade) -> Client {
        Client {
            user: format!("user-{n}"),
            tokens: Vec::new(),
            requests: Vec::new(),
            wrong: Vec::new(),
            judged: 0,
            caller: Caller::new(facade),
            dice: Dice::seeded(n),
            issued: 0,
        }
    }

    /// Changes and uses tokens until it is over, and counts the changes that were acknowledged.
    pub fn work(&mut self, over: &AtomicBool, made: &AtomicUsize) {
        while !over.load(Ordering::Relaxed) {
            // Until something is answered again, there is no use in doubting more.
            wait_until(PATIENCE, "the facade answers", || {
                self.use_a_token().is_some() || over.load(Ordering::Relaxed)
            });
            if self.change_something().is_some() {
                made.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn change_something(&mut self) -> Option<()> {
        let zone = self.dice.roll(ZONES) as u8;
        let live: Vec<usize> = (0..self.tokens.len())
            .filter(|i| self.tokens[*i].is_changeable())
            .collect();
        // Few live tokens, each changed again and again.
        if live.len() < 10 {
            let is_confined = self.dice.roll(2) == 0;
            return self.issue(is_confined.then_some(zone));
        }
        let token = live[self.dice.roll(live.len() as u64) as usize];
        match self.dice.roll(5) {
            0 => self.make(token, Change::Revoke),
            1..3 if self.tokens[token].shape.zone.is_some() => {
                self.make(token, Change::Grant(zone))
            }
            _ => self.make(token, Change::Rotate),
        }
    }

    /// Asks about a token; none if there is no verdict.
    fn use_a_token(&mut self) -> Option<()> {
        let texts = self.tokens.iter().filter(|token| token.text.is_some());
        let recent: Vec<Token> = texts.rev().take(20).cloned().collect();
        if recent.is_empty() {
            return Some(());
        }
        let token = &recent[self.dice.roll(recent.len() as u64) as usize];
        let text = token.text.as_ref().expect("it was chosen so");
        let zone = self.dice.roll(ZONES) as u8;
        let status = if self.dice.roll(2) == 0 {
            let path = format!("/v1/forward-auth?target=t&zone=z{zone}");
            let header = format!("X-API-Key: {text}");
            self.caller.ask("GET", &path, &[&header], "")?.status
        } else {
            let body = json!({ "token": text, "target": "t", "zone": format!("z{zone}") });
            let answer = self
                .caller
                .send(VERIFIER_SECRET, "POST", "/v1/verify", &[], &body)?;
            status_of(&answer.json())
        };
        self.judge(token, zone, status);
        Some(())
    }

    /// Whether the status is right in a state that the token may be in.
    pub fn judge(&mut self, token: &Token, zone: u8, status: u16) {
        self.judged += 1;
        if !token.statuses(zone).contains(&status) {
            self.wrong
                .push(format!("{status} for zone {zone} of {token:?}"));
        }
    }

    fn issue(&mut self, zone: Option<u8>) -> Option<()> {
        self.issued += 1;
        let key = format!("{}-{}", self.user, self.issued);
        let request = Request { key, zone };
        let Some(answer) = self.request(&request) else {
            self.requests.push(request);
            return None;
        };
        if self.expect(201, &answer, &request.key) {
            self.tokens.push(Token {
                key: Some(request.key),
                ..issued(&answer, zone)
            });
        }
        Some(())
    }

    /// Asks for a token.
    pub fn request(&mut self, request: &Request) -> Option<HttpAnswer> {
        let mut body = json!({ "name": "t", "user_id": self.user, "workspace_id": "w" });
        if let Some(zone) = request.zone {
            body["scope"] = json!("agency");
            body["grants"] = grants(zone);
        }
        let key = format!("Idempotency-Key: {}", request.key);
        self.caller
            .send(ADMIN_SECRET, "POST", "/v1/tokens", &[&key], &body)
    }

    fn make(&mut self, i: usize, change: Change) -> Option<()> {
        let Token { id, shape, .. } = self.tokens[i].clone();
        let path = format!("/v1/tokens/{id}");
        let (method, path, body, status) = match change {
            Change::Revoke => ("DELETE", path, Value::Null, 200),
            Change::Rotate => ("POST", format!("{path}/rotate"), json!({}), 201),
            Change::Grant(zone) => {
                let body = json!({ "grants": grants(zone) });
                ("PUT", format!("{path}/grants"), body, 200)
            }
        };
        let Some(answer) = self.caller.send(ADMIN_SECRET, method, &path, &[], &body) else {
            self.tokens[i].doubt = Some(change);
            return None;
        };
        if self.expect(status, &answer, &id) {
            self.tokens[i].shape = shape.after(change);
            if let Change::Rotate = change {
                self.tokens.push(Token {
                    rotated_from: Some(id),
                    ..issued(&answer, shape.zone)
                });
            }
        }
        Some(())
    }

    /// Whether the answer is the one that the state allows.
    pub fn expect(&mut self, status: u16, answer: &HttpAnswer, what: &str) -> bool {
        self.judged += 1;
        if answer.status != status {
            self.wrong
                .push(format!("{status} expected for {what}: {answer:?}"));
        }
        answer.status == status
    }
}

/// The token of an answer.
pub fn issued(answer: &HttpAnswer, zone: Option<u8>) -> Token {
    let row = answer.json();
    let text = |field: &str| row[field].as_str().map(str::to_owned);
    Token {
        id: text("id").unwrap_or_default(),
        text: text("token"),
        key: None,
        rotated_from: None,
        shape: Shape::new(zone),
        doubt: None,
    }
}

fn grants(zone: u8) -> Value {
    json!({ "t": [format!("z{zone}")] })
}

/// The status of a verdict.
pub fn status_of(verdict: &Value) -> u16 {
    let status = verdict["status"].as_u64().expect("a verdict has a status");
    status.try_into().expect("a status has three digits")
}
