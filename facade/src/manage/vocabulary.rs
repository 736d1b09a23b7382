//! `GET /v1/scopes` and `/v1/permissions`: the words that tokens are made of, the same for everybody.
use super::enter;
use super::page::all;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

const SCOPES: &str =
    "select row_to_json(s)::text from pgtoken.scope as s order by s.rank nulls last, s.name";

const PERMISSIONS: &str =
    "select row_to_json(p)::text from pgtoken.permission as p order by p.name";

/// Scopes: the ladder from its lowest rung, then the others.
pub async fn scopes(app: &App, request: Request) -> Result<Response, Problem> {
    list(app, request, SCOPES).await
}

/// Permissions by name.
pub async fn permissions(app: &App, request: Request) -> Result<Response, Problem> {
    list(app, request, PERMISSIONS).await
}

async fn list(app: &App, request: Request, statement: &str) -> Result<Response, Problem> {
    let (_, database) = enter(app, &request).await?;
    request.query(&[])?;
    Ok(all(&database.rows(statement, &[]).await?))
}
