//! The routes that ask about tokens.
//!
//! *Invariant*: a caller who may not verify learns of a token that is not good nothing but that;
//! and what is not known to be allowed is denied.
pub mod batch;
pub mod forward_auth;
mod headers;
pub mod introspect;
pub mod own_token;
mod question;
mod requirement;
pub mod revocation;
pub mod single;

use crate::app::App;
use crate::problem::Problem;
use crate::verifier::Unanswered;
use std::net::IpAddr;

/// For gateways and clients that ask too often.
pub fn too_many_guesses(seconds: u64) -> Problem {
    let detail = "too many unknown credentials came from this address";
    Problem::too_many_requests("too_many_guesses", detail, seconds)
}

/// Refuses an address that guessed too often, before anything is looked up.
fn check_guesses(app: &App, address: IpAddr) -> Result<(), Problem> {
    let Some(wait) = app.guesses.wait(address) else {
        return Ok(());
    };
    app.metrics.count_refused_guess();
    Err(too_many_guesses(wait.as_secs() + 1))
}

/// Whether a verdict is about a credential that nothing is known of.
fn is_guess(code: &str) -> bool {
    code == "not_found" || code == "malformed"
}

impl From<Unanswered> for Problem {
    fn from(error: Unanswered) -> Problem {
        match error {
            Unanswered::Unavailable => Problem::unavailable(),
            Unanswered::Busy => {
                Problem::try_later("busy", "too many questions are waiting already")
            }
        }
    }
}
