//! What a client does after a crash: it asks again for what it was given, and tries every token.
use super::client::{Client, Request, issued, status_of};
use super::token::Token;
use pgtoken_tests::VERIFIER_SECRET;
use serde_json::{Value, json};

/// Questions in one `/v1/verify/batch`.
const BATCH: usize = 400;

/// Requests that are repeated, beside those in doubt.
const REPEATED: usize = 20;

impl Client {
    /// After a crash: a request that is repeated gets the token that was issued for it, or, where it was in doubt and
    /// none was, a token. `known` is that token's id by key.
    pub fn repeat(&mut self, known: impl Fn(&str) -> Option<String>) {
        let doubtful = std::mem::take(&mut self.requests);
        let with_key = self.tokens.iter().rev().filter_map(|token| {
            Some(Request {
                key: token.key.clone()?,
                // What it was issued with; the first zone may have been replaced.
                zone: token
                    .shape
                    .events
                    .eq("issued")
                    .then_some(token.shape.zone)?,
            })
        });
        let acknowledged: Vec<Request> = with_key.take(REPEATED).collect();
        for request in doubtful.into_iter().chain(acknowledged) {
            self.judged += 1;
            let Some(answer) = self.request(&request) else {
                self.wrong.push(format!("no answer to {request:?}"));
                continue;
            };
            let token = issued(&answer, request.zone);
            match known(&request.key) {
                Some(id) => {
                    let is_same = answer.status == 200 && token.id == id && token.text.is_none();
                    if !is_same {
                        self.wrong
                            .push(format!("{request:?} made {id}, and then {answer:?}"));
                    }
                }
                None if self.expect(201, &answer, &request.key) => self.tokens.push(Token {
                    key: Some(request.key),
                    ..token
                }),
                None => {}
            }
        }
    }

    /// Asks about every token.
    pub fn use_all(&mut self) {
        let tokens = self.tokens.clone();
        let with_text: Vec<&Token> = tokens.iter().filter(|token| token.text.is_some()).collect();
        for tokens in with_text.chunks(BATCH) {
            let questions: Vec<Value> = tokens
                .iter()
                .map(|token| json!({ "token": token.text, "target": "t", "zone": "z0" }))
                .collect();
            let body = json!({ "questions": questions });
            let answer = self
                .caller
                .send(VERIFIER_SECRET, "POST", "/v1/verify/batch", &[], &body);
            let Some(answer) = answer else {
                self.wrong.push("no answer long after the crash".to_owned());
                continue;
            };
            let verdicts = answer.json();
            let verdicts = verdicts["verdicts"].as_array().expect("a list of verdicts");
            assert_eq!(verdicts.len(), tokens.len());
            for (token, verdict) in tokens.iter().zip(verdicts) {
                self.judge(token, 0, status_of(verdict));
            }
        }
    }
}
