//! Everything that a function of pgtoken refuses, with its SQLSTATE and message.

use pgrx::pg_sys::errcodes::PgSqlErrorCode;
use pgrx::pg_sys::panic::ErrorReport;
use pgtoken_rules::{Code, Excess};

/// Why a function refuses; the message begins with the argument that is to blame.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 22023: a bad value, or an unknown user, workspace, target, scope or permission.
    #[error("{argument}: {problem}")]
    Invalid {
        /// The argument.
        argument: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
        /// The statement that helps.
        hint: Option<&'static str>,
    },
    /// 42501: not allowed.
    #[error("{argument}: {problem}")]
    Forbidden {
        /// The argument.
        argument: &'static str,
        /// Who may not do what.
        problem: String,
    },
    /// P0002: no such row, or none that the user may see.
    #[error("{argument}: not found: {what}")]
    NotFound {
        /// The argument.
        argument: &'static str,
        /// What was looked for.
        what: String,
    },
    /// 55000: the token has ended.
    #[error("{argument}: {problem}")]
    Ended {
        /// The argument.
        argument: &'static str,
        /// How it ended.
        problem: String,
    },
    /// 55000: the library has no shared memory.
    #[error("pgtoken is not in shared_preload_libraries")]
    NotPreloaded,
    /// 25006: management in a transaction that may not write.
    #[error(
        "transaction: is read-only, or the server is a standby; tokens are managed on the primary"
    )]
    ReadOnly,
    /// 28000, 42501 or 53400: `require_token` of a token that does not verify.
    #[error("token: {}", .0.as_str())]
    Refused(Code, Option<i32>),
    /// XX000: the operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] pgtoken_format::RandomError),
    /// XX000: SPI failed in a way that is no ERROR of a statement.
    #[error("pgtoken: {0}")]
    Spi(#[from] pgrx::spi::Error),
}

impl Error {
    /// A bad value.
    pub fn invalid(argument: &'static str, problem: impl Into<String>) -> Error {
        Error::Invalid {
            argument,
            problem: problem.into(),
            hint: None,
        }
    }

    /// A value that names what doesn't exist, with the statement that helps.
    pub fn unknown(
        argument: &'static str,
        problem: impl Into<String>,
        hint: &'static str,
    ) -> Error {
        Error::Invalid {
            argument,
            problem: problem.into(),
            hint: Some(hint),
        }
    }

    /// Something that the caller may not do.
    pub fn forbidden(argument: &'static str, problem: impl Into<String>) -> Error {
        Error::Forbidden {
            argument,
            problem: problem.into(),
        }
    }

    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Error::Invalid { .. } => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            Error::Forbidden { .. } => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Error::NotFound { .. } => PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
            Error::Ended { .. } | Error::NotPreloaded => {
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
            }
            Error::ReadOnly => PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            Error::Refused(code, _) => match code.status() {
                401 => PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
                429 => PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                _ => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            },
            Error::Random(_) | Error::Spi(_) => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Invalid { hint, .. } => hint.map(Into::into),
            Error::NotPreloaded => Some(crate::settings::preload_hint()),
            Error::Refused(_, Some(seconds)) => Some(format!("retry after {seconds} seconds")),
            _ => None,
        }
    }
}

impl From<Excess> for Error {
    fn from(excess: Excess) -> Error {
        Error::forbidden(excess.argument, excess.problem)
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> ErrorReport {
        let report = ErrorReport::new(error.sqlstate(), error.to_string(), "pgtoken");
        match error.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        }
    }
}
