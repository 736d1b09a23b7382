//! What PostgreSQL said when it refused.
use std::fmt;

/// The fields of a PostgreSQL error that pgtoken promises something about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// The SQLSTATE, such as `22023`.
    pub code: String,
    /// MESSAGE.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What went wrong, in one line: the client's own text hides the server's message.
pub(crate) fn describe(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |server| format!("{server} ({})", server.code().code()),
    )
}

/// The error of a statement that has to fail; panics when it succeeded or the connection broke.
#[track_caller]
pub fn error_of<T>(result: Result<T, postgres::Error>) -> SqlError {
    let error = result.err().expect("the statement should have failed");
    let error = error
        .as_db_error()
        .unwrap_or_else(|| panic!("not an error of the server: {error}"));
    SqlError {
        code: error.code().code().to_owned(),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
    }
}
