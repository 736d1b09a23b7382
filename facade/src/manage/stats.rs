//! `GET /v1/stats`.
use super::{enter, one};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

const STATS: &str = "\
    select row_to_json(s)::text from pgtoken.token_stats(workspace_id => $1, as_user => $2) as s";

/// Counts of tokens and of their use.
pub async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&["workspace_id"])?;
    let workspace_id = query
        .get("workspace_id")
        .or(manager.workspace_id.as_deref());
    let rows = database
        .rows(STATS, &[&workspace_id, &manager.as_user])
        .await?;
    Ok(one(&rows))
}
