//! `POST /v1/tokens/find`: a body, since a token in a URL ends up in logs.
//!
//! *Invariant*: the text of a token that is there never leaves this process, since the server may log
//! parameters of statements. What was pasted is looked for by its digest; only what is no token is
//! looked for as what it says, and of a long text no more than a `start` can show.
use super::enter;
use super::page::all;
use crate::app::App;
use crate::database::{Database, DatabaseError};
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use pgtoken_format::{Prefix, digest};
use serde::Deserialize;
use tokio_postgres::Row;
use uuid::Uuid;

const FIND: &str =
    "select row_to_json(t)::text, t.start from pgtoken.find_token(text => $1, as_user => $2) as t";

/// Digits of a token in its `start`.
const START_DIGITS: usize = 6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
}

/// Whose is this? An id, a whole token, a digest in hex, or the first characters.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json().await?;
    let rows = find(database, body.text.trim(), manager.as_user.as_deref()).await?;
    Ok(all(&rows))
}

async fn find(
    database: &Database,
    text: &str,
    as_user: Option<&str>,
) -> Result<Vec<Row>, DatabaseError> {
    let token = format!("\\x{}", hex(&digest(text.as_bytes())));
    let rows = database.rows(FIND, &[&token, &as_user]).await?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    if Uuid::try_parse(text).is_ok() || is_digest(text) {
        return database.rows(FIND, &[&text, &as_user]).await;
    }
    let mut rows = database.rows(FIND, &[&fragment(text), &as_user]).await?;
    rows.retain(|row| begins_alike(text, row.get(1)));
    Ok(rows)
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("\\x").unwrap_or(text);
    digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// As much of a text as its `start` would have, if it were a token: what stands where a prefix does,
/// and six digits.
fn fragment(text: &str) -> &str {
    let place_of_prefix = text.chars().take(Prefix::MAX_LEN + 1);
    let prefix = place_of_prefix
        .enumerate()
        .filter(|(_, c)| !c.is_ascii_alphanumeric())
        .last()
        .map_or(0, |(i, _)| i + 1);
    let end = text.char_indices().nth(prefix + START_DIGITS);
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

fn begins_alike(text: &str, start: Option<&str>) -> bool {
    start.is_some_and(|start| text.starts_with(start) || start.starts_with(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragment_is_no_longer_than_a_start() {
        for (text, expected) in [
            ("pgt_abcdefghijklmnop", "pgt_abcdef"),
            ("pv_live_abcdefghijkl", "pv_live_abcdef"),
            ("sk-proj-abcdefghijkl", "sk-proj-abcdef"),
            ("abcdefghijklmnop", "abcdef"),
            ("pgt_abc", "pgt_abc"),
            ("pgt_", "pgt_"),
            ("", ""),
            ("äöüäöüäöüäöü", "äöüäöüäöüäöü"),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaa_abcdefghijkl",
                "aaaaaaaaaaaaaaaaaaaaaaaa_abcdef",
            ),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa_abcdefghijkl", "aaaaaa"),
        ] {
            assert_eq!(fragment(text), expected);
        }
    }
}
