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
pub mod verify;

use crate::app::App;
use crate::database::{Database, DatabaseError};
use crate::problem::Problem;
use crate::verifier::Unanswered;
use std::net::IpAddr;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tracing::warn;

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

/// Rows about a token. A text that the encoding of the database cannot hold is no token there.
async fn rows(
    database: &Database,
    statement: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Problem> {
    match database.rows(statement, parameters).await {
        Ok(rows) => Ok(rows),
        Err(DatabaseError::Query(error))
            if error.code() == Some(&SqlState::UNTRANSLATABLE_CHARACTER) =>
        {
            Ok(Vec::new())
        }
        // Whatever it is, it is not the caller's: these statements raise nothing about a token.
        Err(error) => {
            warn!(%error, "a token cannot be looked up");
            Err(Problem::unavailable())
        }
    }
}

impl From<Unanswered> for Problem {
    fn from(error: Unanswered) -> Problem {
        match error {
            Unanswered::Unavailable => Problem::unavailable(),
            Unanswered::Busy => {
                Problem::try_later("busy", "too many questions are waiting already")
            }
            Unanswered::Unrepresentable => Problem::bad_request(
                "a value has a character that the encoding of the database does not have",
            ),
        }
    }
}
