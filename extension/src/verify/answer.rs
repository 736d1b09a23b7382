//! From a decision to a verdict: the rate, and what is recorded.

use pgtoken_rules::{Code, Rate};

use super::decide::{Decision, decide};
use super::question::{Presented, Question};
use super::vocabulary::vocabulary;
use crate::error::Error;
use crate::pg::{self, Found, TokenRow, Verdict};
use crate::usage::{self, Admission};

/// A verdict, and its code and wait where it is a refusal.
pub struct Answer {
    /// The row to return.
    pub verdict: Verdict,
    /// Why not, and after how many seconds to try again.
    pub refusal: Option<(Code, Option<i32>)>,
}

/// Answers one question; with `consume`, takes from the rate and records the use or the denial.
pub fn answer(
    presented: Presented,
    question: &Question<'_>,
    consume: bool,
) -> Result<Answer, Error> {
    if !usage::is_preloaded() {
        return Err(Error::NotPreloaded);
    }
    let vocabulary = vocabulary();
    let now = pg::now();
    let answer = match decide(presented, question, &vocabulary, now) {
        Decision::Unknown(code) => {
            if consume {
                usage::deny(None, code, now);
            }
            Answer::refused(Verdict::denied(code), code, None)
        }
        Decision::Denied(code, id) => {
            if consume {
                usage::deny(Some(id.as_bytes()), code, now);
            }
            let verdict = match code {
                Code::WrongWorkspace => Verdict::denied(code),
                _ => Verdict::denied_token(code, id, None),
            };
            Answer::refused(verdict, code, None)
        }
        Decision::Allowed(token, effect) => match admit(&token, question, consume, now) {
            Admission::Admitted => Answer {
                verdict: Verdict::valid(token, effect),
                refusal: None,
            },
            Admission::Limited { retry_after } => {
                let id = TokenRow::new(token.tuple()).id();
                Answer::refused(
                    Verdict::denied_token(Code::RateLimited, id, Some(retry_after)),
                    Code::RateLimited,
                    Some(retry_after),
                )
            }
        },
    };
    Ok(answer)
}

fn admit(token: &Found, question: &Question<'_>, consume: bool, now: i64) -> Admission {
    let token = TokenRow::new(token.tuple());
    let rate = token
        .rate()
        .map(|(limit, window_us)| Rate { limit, window_us });
    let id = token.id();
    if consume {
        let client = question.client_addr.map(|client| client.parts());
        usage::admit(id.as_bytes(), rate, client, now)
    } else {
        usage::would_admit(id.as_bytes(), rate)
    }
}

impl Answer {
    fn refused(verdict: Verdict, code: Code, retry_after: Option<i32>) -> Answer {
        Answer {
            verdict,
            refusal: Some((code, retry_after)),
        }
    }
}
