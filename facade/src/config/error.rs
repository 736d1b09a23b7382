//! Why a configuration cannot be used, in one line.
use crate::address::AddressError;
use thiserror::Error;

/// What is wrong, and in which variable.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A flag is unknown or lacks its value.
    #[error("{0}")]
    Flags(String),
    /// `.env` is there and cannot be read. The parser's own message would show the line.
    #[error(".env: {}", dotenv_cause(.0))]
    DotEnv(dotenvy::Error),
    /// There is no default for the database.
    #[error("PGTOKEN_DATABASE_URL: is not set; give it as postgres://user@host:port/database")]
    NoDatabase,
    /// A database's address cannot be used.
    #[error("{0}: {1}")]
    Database(&'static str, AddressError),
    /// Any other variable.
    #[error("{variable}: {problem}")]
    Variable {
        /// Which.
        variable: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
}

impl ConfigError {
    /// A value that will not do.
    pub fn bad(variable: &'static str, problem: impl Into<String>) -> ConfigError {
        ConfigError::Variable {
            variable,
            problem: problem.into(),
        }
    }
}

fn dotenv_cause(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::LineParse(_, position) => {
            format!("a line is not NAME=value (at character {position} of it)")
        }
        other => other.to_string(),
    }
}
