//! `GET /v1/token`: what the caller's own token is. Nothing is consumed and nothing recorded.
use super::check_guesses;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use pgtoken_format::{Shape, classify, digest};

/// Its holder learns what it is for, and not what is written about it for others.
const DESCRIBE: &str = "
select state = 'active', jsonb_build_object(
           'id', id,
           'name', name,
           'start', start,
           'user_id', user_id,
           'user_name', user_name,
           'workspace_id', workspace_id,
           'workspace_name', workspace_name,
           'scope', scope,
           'permissions', permissions,
           'auto_publish', auto_publish,
           'grants', grants,
           'allowed_addrs', allowed_addrs,
           'rate_limit', rate_limit,
           'rate_window_seconds', rate_window_seconds,
           'created_at', created_at,
           'expires_at', expires_at,
           'last_used_at', last_used_at)::text
from pgtoken.inspect_digest(digest => $1)";

/// Answers it.
pub async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    check_guesses(app, request.client_addr)?;
    let Some(token) = request.credential()? else {
        return Err(Problem::unauthenticated());
    };
    if classify(token.as_bytes()) == Shape::Malformed {
        app.guesses.count(request.client_addr);
        return Err(Problem::invalid_token());
    }
    let digest = digest(token.as_bytes());
    let rows = app
        .verification
        .rows(DESCRIBE, &[&digest.as_slice()])
        .await?;
    let Some(row) = rows.first() else {
        app.guesses.count(request.client_addr);
        return Err(Problem::invalid_token());
    };
    if !row.get::<_, bool>(0) {
        return Err(Problem::invalid_token());
    }
    Ok(response::json(row.get::<_, String>(1)))
}
