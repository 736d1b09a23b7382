//! `GET /v1/tokens/{id}/usage`.
use super::fields::time_of;
use super::page::all;
use super::{enter, id};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

const LIST: &str = "\
    select row_to_json(u)::text from pgtoken.list_usage(\
        id => $1, since => $2::text::timestamptz, until => $3::text::timestamptz, as_user => $4) as u";

/// Use of one token by hour or day, oldest first.
pub async fn answer(app: &App, request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let query = request.query(&["since", "until"])?;
    let rows = database
        .rows(
            LIST,
            &[
                &id(segment)?,
                &time_of(&query, "since")?,
                &time_of(&query, "until")?,
                &manager.as_user,
            ],
        )
        .await?;
    Ok(all(&rows))
}
