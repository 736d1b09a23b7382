//! Results as text, for claims that compare them.
use crate::error::{describe, error_of};
use postgres::{Client, SimpleQueryMessage};

/// The rows of the last query of a script as text, columns joined by `|`; null is `∅`.
#[track_caller]
pub fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client
        .simple_query(sql)
        .unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)));
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => rows.clear(),
            SimpleQueryMessage::Row(row) => rows.push(
                (0..row.len())
                    .map(|column| row.get(column).unwrap_or("∅"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            _ => {}
        }
    }
    rows
}

/// The only row of a query, as [`rows`] writes it.
#[track_caller]
pub fn row(client: &mut Client, sql: &str) -> String {
    let mut rows = rows(client, sql);
    assert_eq!(rows.len(), 1, "one row: {sql}: {rows:?}");
    rows.remove(0)
}

/// How a statement ends: `ok`, or the SQLSTATE it fails with.
#[track_caller]
pub fn outcome(client: &mut Client, sql: &str) -> String {
    let result = client.simple_query(sql);
    if result.is_ok() {
        "ok".to_owned()
    } else {
        error_of(result).code
    }
}
