//! `POST /v1/verify`: one question, and 200 whatever the verdict.
use super::question::{Body, VerdictBody};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};

/// Answers it.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    app.callers.verifier(&request).await?;
    let body: Body = request.json().await?;
    let verdict = app.verifier.ask(body.into_question("")?).await?;
    Ok(response::json_of(&VerdictBody::of(&verdict)))
}
