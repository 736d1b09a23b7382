//! Lists, page by page.
use super::fields::parsed;
use crate::problem::Problem;
use crate::request::Fields;
use crate::response::{self, Response};
use tokio_postgres::Row;

/// Rows of a page unless the client says how many.
const MAX_ROWS: i32 = 50;

/// How many rows are asked for.
pub fn max_rows(fields: &Fields<'_>) -> Result<i32, Problem> {
    Ok(parsed(fields, "max_rows", "a whole number from 1 to 1000")?.unwrap_or(MAX_ROWS))
}

/// Rows of a cursor and JSON. A full page may be the last one; then the next is empty.
pub fn page(rows: &[Row], max_rows: i32) -> Response {
    let is_full = usize::try_from(max_rows).is_ok_and(|most| rows.len() >= most);
    let cursor: Option<&str> = rows.last().filter(|_| is_full).map(|row| row.get(0));
    let items: Vec<&str> = rows.iter().map(|row| row.get(1)).collect();
    let next = serde_json::to_string(&cursor).expect("a text is JSON");
    response::json(format!(
        "{{\"items\":[{}],\"next\":{next}}}",
        items.join(",")
    ))
}

/// Rows of JSON, all of them.
pub fn all(rows: &[Row]) -> Response {
    let items: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    response::json(format!("{{\"items\":[{}],\"next\":null}}", items.join(",")))
}
