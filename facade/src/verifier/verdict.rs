//! The answer to one question: the row as it came, read where it is needed.
use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

/// The columns that [`super::batch::ASK_MANY`] selects.
const CODE: usize = 1;
const STATUS: usize = 2;
const TOKEN_ID: usize = 3;
const USER_ID: usize = 4;
const WORKSPACE_ID: usize = 5;
const SCOPE: usize = 6;
const PERMISSIONS: usize = 7;
const TARGET: usize = 8;
const ZONE: usize = 9;
const AUTO_PUBLISH: usize = 10;
const EXPIRES_AT: usize = 11;
const METADATA: usize = 12;
const RETRY_AFTER: usize = 13;

/// A verdict. Texts are borrowed from the message that the database sent.
pub struct Verdict(Option<Row>);

impl Verdict {
    /// The verdict that takes no question to the database.
    pub(super) fn malformed() -> Verdict {
        Verdict(None)
    }

    pub(super) fn answered(row: Row) -> Verdict {
        Verdict(Some(row))
    }

    /// Whether the request may proceed. The one place that decides so, by code and status both.
    pub fn is_valid(&self) -> bool {
        self.status() == 200 && self.code() == "valid"
    }

    /// `valid`, or the first rule that was broken.
    pub fn code(&self) -> &str {
        match &self.0 {
            Some(row) => row.get(CODE),
            None => "malformed",
        }
    }

    /// The HTTP status that fits.
    pub fn status(&self) -> i16 {
        match &self.0 {
            Some(row) => row.get(STATUS),
            None => 401,
        }
    }

    /// The token's id.
    pub fn token_id(&self) -> Option<Uuid> {
        self.0.as_ref()?.get(TOKEN_ID)
    }

    /// Its owner.
    pub fn user_id(&self) -> Option<&str> {
        self.text(USER_ID)
    }

    /// The workspace that it is bound to.
    pub fn workspace_id(&self) -> Option<&str> {
        self.text(WORKSPACE_ID)
    }

    /// The scope in effect.
    pub fn scope(&self) -> Option<&str> {
        self.text(SCOPE)
    }

    /// The permissions in effect.
    pub fn permissions(&self) -> Option<Vec<&str>> {
        self.0.as_ref()?.get(PERMISSIONS)
    }

    /// The target asked.
    pub fn target(&self) -> Option<&str> {
        self.text(TARGET)
    }

    /// The zone asked, or the only one granted of the target.
    pub fn zone(&self) -> Option<&str> {
        self.text(ZONE)
    }

    /// Whether what is done with the token is published at once.
    pub fn auto_publish(&self) -> Option<bool> {
        self.0.as_ref()?.get(AUTO_PUBLISH)
    }

    /// When the token ends, in RFC 3339 as the database writes it.
    pub fn expires_at(&self) -> Option<&str> {
        self.text(EXPIRES_AT)
    }

    /// The application's own object, as JSON.
    pub fn metadata(&self) -> Option<&RawValue> {
        let text = self.text(METADATA)?;
        Some(serde_json::from_str(text).expect("jsonb prints JSON"))
    }

    /// Seconds to wait, where the token is limited.
    pub fn retry_after(&self) -> Option<i32> {
        self.0.as_ref()?.get(RETRY_AFTER)
    }

    fn text(&self, column: usize) -> Option<&str> {
        self.0.as_ref()?.get(column)
    }
}
