//! What an error of the database means over HTTP: one table.
//!
//! | SQLSTATE | status | code | detail |
//! |---|---|---|---|
//! | 22023 bad value or unknown name | 422 | `invalid_value` | the message, and its argument as pointer |
//! | 22xxx other bad data, 54xxx too large | 422 | `invalid_value` | the message |
//! | 42501 not allowed, said by pgtoken | 403 | `not_allowed` | the message |
//! | P0002 | 404 | `not_found` | the message |
//! | 55000 the token has ended | 409 | `token_ended` | the message |
//! | 25006 a standby, or read-only | 503 | `read_only` | fixed |
//! | 40001, 40P01, 55P03 another transaction was first | 503 | `busy` | fixed |
//! | 57014 statement timeout, or no answer in time | 503 | `timeout` | fixed |
//! | 08xxx, 53xxx, 57Pxx, 28xxx, 3D000, no connection, library not preloaded | 503 | `unavailable` | fixed |
//! | 42501 said by PostgreSQL: the facade's role lacks a right; anything else | 500 | `internal` | fixed |
//!
//! Each 503 has `Retry-After`. DETAIL and HINT stay in the database.
use crate::database::DatabaseError;
use crate::problem::Problem;
use hyper::StatusCode;
use std::error::Error;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::WrongType;
use tracing::{error, warn};

/// Arguments that are no field of a request: the facade gives them.
const OWN_ARGUMENTS: [&str; 5] = ["id", "as_user", "actor", "request_id", "transaction"];

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Problem {
        let problem = match &error {
            DatabaseError::Connect(_) => Problem::unavailable(),
            DatabaseError::Timeout(_) => too_late(),
            DatabaseError::Query(query) => match query.as_db_error() {
                Some(refusal) => of_refusal(refusal),
                // A parameter or result of another type than expected is a mistake of ours.
                None if query.source().is_some_and(|cause| cause.is::<WrongType>()) => {
                    Problem::internal()
                }
                None => Problem::unavailable(),
            },
        };
        match problem.status() {
            StatusCode::INTERNAL_SERVER_ERROR => error!(%error, "the database refused"),
            StatusCode::SERVICE_UNAVAILABLE => warn!(%error, "the database cannot be asked"),
            _ => {}
        }
        problem
    }
}

fn of_refusal(refusal: &DbError) -> Problem {
    let message = refusal.message();
    let said_by_pgtoken = argument_of(message).is_some();
    let code = refusal.code();
    match *code {
        SqlState::INVALID_PARAMETER_VALUE => told("invalid_value", 422, message),
        SqlState::INSUFFICIENT_PRIVILEGE if said_by_pgtoken => told("not_allowed", 403, message),
        SqlState::NO_DATA_FOUND => told("not_found", 404, message),
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE if said_by_pgtoken => {
            told("token_ended", 409, message)
        }
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => Problem::unavailable(),
        SqlState::READ_ONLY_SQL_TRANSACTION => Problem::try_later(
            "read_only",
            "tokens are managed on the primary, and this database only reads",
        ),
        SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::LOCK_NOT_AVAILABLE => {
            Problem::try_later("busy", "another change was first; try again")
        }
        SqlState::QUERY_CANCELED => too_late(),
        SqlState::UNDEFINED_DATABASE => Problem::unavailable(),
        _ => match &code.code()[..2] {
            "22" | "54" => told("invalid_value", 422, message),
            "08" | "28" | "53" => Problem::unavailable(),
            "57" => Problem::unavailable(),
            _ => Problem::internal(),
        },
    }
}

/// The database's own words, which name the argument first.
fn told(code: &'static str, status: u16, message: &str) -> Problem {
    let status = StatusCode::from_u16(status).expect("the table has statuses");
    let problem = Problem::new(status, code, message.to_owned());
    match argument_of(message) {
        Some((argument, why)) if !OWN_ARGUMENTS.contains(&argument) => {
            problem.at(format!("/{argument}"), why)
        }
        _ => problem,
    }
}

fn too_late() -> Problem {
    Problem::try_later("timeout", "the database did not answer in time")
}

/// `<argument>: <what is wrong>`, as pgtoken says it.
fn argument_of(message: &str) -> Option<(&str, &str)> {
    let (argument, why) = message.split_once(": ")?;
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    (!argument.is_empty() && argument.chars().all(is_name)).then_some((argument, why))
}
