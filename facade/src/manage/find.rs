//! `POST /v1/tokens/find`: a body, since a token in a URL ends up in logs.
use super::enter;
use super::page::all;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use serde::Deserialize;

const FIND: &str =
    "select row_to_json(t)::text from pgtoken.find_token(text => $1, as_user => $2) as t";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
}

/// Whose is this? An id, a whole token, a digest in hex, or the first characters.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json().await?;
    let rows = database.rows(FIND, &[&body.text, &manager.as_user]).await?;
    Ok(all(&rows))
}
