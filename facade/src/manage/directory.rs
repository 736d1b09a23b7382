//! `GET /v1/users`, `/v1/workspaces`, `/v1/workspaces/{id}/targets`: for pickers.
use super::enter;
use super::page::{all, max_rows, page};
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Request, decoded};
use crate::response::Response;

const USERS: &str = "\
    select u.user_id, row_to_json(u)::text from pgtoken.list_users(\
        search => $1, workspace_id => $2, after => $3, max_rows => $4, as_user => $5) as u";

const WORKSPACES: &str =
    "select row_to_json(w)::text from pgtoken.list_workspaces(as_user => $1) as w";

const TARGETS: &str = "\
    select row_to_json(t)::text from pgtoken.list_targets(workspace_id => $1, as_user => $2) as t";

/// Users by id.
pub async fn users(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&["search", "workspace_id", "after", "max_rows"])?;
    let most = max_rows(&query)?;
    let workspace_id = query
        .get("workspace_id")
        .or(manager.workspace_id.as_deref());
    let rows = database
        .rows(
            USERS,
            &[
                &query.get("search"),
                &workspace_id,
                &query.get("after"),
                &most,
                &manager.as_user,
            ],
        )
        .await?;
    Ok(page(&rows, most))
}

/// Workspaces by id; of one user with `user_id`, which only an administrator asks of somebody else.
pub async fn workspaces(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&["user_id"])?;
    let asked = query.get("user_id");
    let whose = match &manager.as_user {
        None => asked,
        Some(user) if asked.is_none_or(|asked| asked == user) => Some(user.as_str()),
        Some(_) => {
            return Err(Problem::insufficient_scope(
                "user_id: only an administrator asks for the workspaces of somebody else",
            ));
        }
    };
    let rows = database.rows(WORKSPACES, &[&whose]).await?;
    Ok(all(&rows))
}

/// Targets of a workspace with their zones.
pub async fn targets(app: &App, request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    request.query(&[])?;
    let workspace_id = decoded(segment)?;
    let rows = database
        .rows(TARGETS, &[&&*workspace_id, &manager.as_user])
        .await?;
    Ok(all(&rows))
}
