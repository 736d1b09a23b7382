//! `GET /v1/tokens` and `GET /v1/tokens/{id}`.
use super::fields::{parsed, time_of};
use super::page::{max_rows, page};
use super::{enter, id, one};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use uuid::Uuid;

const LIST: &str = "\
    select t.id::text, row_to_json(t)::text from pgtoken.list_tokens(\
        user_id => $1, workspace_id => $2, scope => $3, target_id => $4, state => $5, search => $6, \
        expires_before => $7::text::timestamptz, unused_since => $8::text::timestamptz, \
        sort => coalesce($9, 'created_at desc'), after => $10, max_rows => $11, as_user => $12) as t";

const GET: &str =
    "select row_to_json(t)::text from pgtoken.get_token(id => $1, as_user => $2) as t";

const PARAMETERS: [&str; 11] = [
    "user_id",
    "workspace_id",
    "scope",
    "target_id",
    "state",
    "search",
    "expires_before",
    "unused_since",
    "sort",
    "after",
    "max_rows",
];

/// Tokens that fit all filters given.
pub async fn list(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&PARAMETERS)?;
    let most = max_rows(&query)?;
    let workspace_id = query
        .get("workspace_id")
        .or(manager.workspace_id.as_deref());
    let rows = database
        .rows(
            LIST,
            &[
                &query.get("user_id"),
                &workspace_id,
                &query.get("scope"),
                &query.get("target_id"),
                &query.get("state"),
                &query.get("search"),
                &time_of(&query, "expires_before")?,
                &time_of(&query, "unused_since")?,
                &query.get("sort"),
                &parsed::<Uuid>(&query, "after", "the next of the page before")?,
                &most,
                &manager.as_user,
            ],
        )
        .await?;
    Ok(page(&rows, most))
}

/// One token.
pub async fn show(app: &App, request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    request.query(&[])?;
    let rows = database
        .rows(GET, &[&id(segment)?, &manager.as_user])
        .await?;
    Ok(one(&rows))
}
