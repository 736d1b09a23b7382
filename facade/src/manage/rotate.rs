//! `POST /v1/tokens/{id}/rotate`.
use super::fields::{Span, Time};
use super::{created, enter, id};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use serde::Deserialize;

const ROTATE: &str = "\
    select t.id::text, row_to_json(t)::text from pgtoken.rotate_token(\
        id => $1, overlap => coalesce($2::text::interval, '0'), ttl => $3::text::interval, \
        expires_at => $4::text::timestamptz, prefix => $5, as_user => $6, actor => $7) as t";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    overlap: Option<Span>,
    ttl: Option<Span>,
    expires_at: Option<Time>,
    prefix: Option<String>,
}

/// Issues a successor: 201 with its secret, once.
pub async fn answer(app: &App, mut request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json_or_default().await?;
    let rows = database
        .rows(
            ROTATE,
            &[
                &id(segment)?,
                &body.overlap.map(|overlap| overlap.0),
                &body.ttl.map(|ttl| ttl.0),
                &body.expires_at.map(|time| time.0),
                &body.prefix,
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    let row = rows.first().expect("the function returns a row");
    Ok(created(app, row.get(0), row.get(1)))
}
