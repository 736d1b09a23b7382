//! `POST /v1/verify/batch`: many questions, and their verdicts in the same order.
use super::question::{Body, VerdictBody};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use serde::{Deserialize, Serialize};

/// Questions in one request: as many as a body of 64 kB has room for, a digest and a scope each.
const MAX_QUESTIONS: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Questions {
    questions: Vec<Body>,
}

#[derive(Serialize)]
struct Verdicts<'a> {
    verdicts: Vec<VerdictBody<'a>>,
}

/// Answers it.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    app.callers.verifier(&request).await?;
    let Questions { questions } = request.json().await?;
    if questions.len() > MAX_QUESTIONS {
        let detail = format!(
            "has {} questions, and may have at most {MAX_QUESTIONS}",
            questions.len()
        );
        return Err(Problem::bad_field("/questions", detail));
    }
    let questions = questions.into_iter().enumerate();
    let questions = questions
        .map(|(i, question)| question.into_question(&format!("/questions/{i}")))
        .collect::<Result<_, _>>()?;
    let verdicts = app.verifier.ask_all(questions).await?;
    let verdicts = verdicts.iter().map(VerdictBody::of).collect();
    Ok(response::json_of(&Verdicts { verdicts }))
}
