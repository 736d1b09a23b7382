//! `GET /metrics`.
use crate::app::App;
use crate::metrics::UsageFigure;
use crate::problem::Problem;
use crate::response::{self, Response};
use tracing::warn;

/// The columns of the view as numbers; a time as seconds since 1970.
const USAGE: &str = "
select key, case jsonb_typeof(value) when 'number' then (value #>> '{}')::float8
                else extract(epoch from (value #>> '{}')::timestamptz)::float8 end
from pgtoken.usage_stats as s, jsonb_each(jsonb_strip_nulls(to_jsonb(s)))";

/// Answers it: an outage of the database costs the figures of the database, and no others.
pub async fn answer(app: &App) -> Result<Response, Problem> {
    let usage = match &app.management {
        Some(database) => database.rows(USAGE, &[]).await.unwrap_or_else(|error| {
            warn!(%error, "the view usage_stats cannot be read");
            Vec::new()
        }),
        None => Vec::new(),
    };
    let usage: Vec<UsageFigure> = usage
        .iter()
        .map(|row| UsageFigure {
            name: row.get(0),
            value: row.get(1),
        })
        .collect();
    let pool = app.management.as_ref().map(|database| database.state());
    let text = app.metrics.text(pool, &usage);
    Ok(response::typed(
        text,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    ))
}
