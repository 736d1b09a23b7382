//! `GET /v1/events`.
use super::enter;
use super::fields::parsed;
use super::page::{max_rows, page};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use uuid::Uuid;

const LIST: &str = "\
    select e.id::text, row_to_json(e)::text from pgtoken.list_events(\
        token_id => $1, user_id => $2, workspace_id => $3, after => $4, max_rows => $5, as_user => $6) as e";

/// The audit log, newest first.
pub async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&["token_id", "user_id", "workspace_id", "after", "max_rows"])?;
    let most = max_rows(&query)?;
    let workspace_id = query
        .get("workspace_id")
        .or(manager.workspace_id.as_deref());
    let rows = database
        .rows(
            LIST,
            &[
                &parsed::<Uuid>(&query, "token_id", "a UUID")?,
                &query.get("user_id"),
                &workspace_id,
                &parsed::<Uuid>(&query, "after", "the next of the page before")?,
                &most,
                &manager.as_user,
            ],
        )
        .await?;
    Ok(page(&rows, most))
}
