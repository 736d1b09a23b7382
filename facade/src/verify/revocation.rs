//! `POST /v1/revocation`: RFC 7009. Whoever holds a token may end it, and learns nothing else.
use super::check_guesses;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::StatusCode;
use pgtoken_format::{Shape, classify, digest};

const REVOKE: &str = "select id from pgtoken.revoke_digest(digest => $1, actor => 'holder')";

/// Answers it. `token_type_hint` is a hint, and there is one type.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    check_guesses(app, request.client_addr)?;
    let form = request.form(&["token", "token_type_hint"]).await?;
    let Some(token) = form.get("token") else {
        return Err(Problem::bad_field("/token", "is missing"));
    };
    // A facade that only verifies may be on a standby: then the database says that it cannot.
    let database = app.management.as_ref().unwrap_or(&app.verification);
    let is_known = match classify(token.as_bytes()) {
        Shape::Malformed => false,
        Shape::Own | Shape::Foreign => {
            let digest = digest(token.as_bytes());
            !database
                .rows(REVOKE, &[&digest.as_slice()])
                .await?
                .is_empty()
        }
    };
    if !is_known {
        app.guesses.count(request.client_addr);
    }
    Ok(response::empty(StatusCode::OK))
}
