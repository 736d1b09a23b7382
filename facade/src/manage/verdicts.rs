//! `GET /v1/verdicts`: how verifications ended, by reason and hour or day.
use super::enter;
use super::fields::time_of;
use super::page::all;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

const LIST: &str = "\
    select row_to_json(v)::text from pgtoken.verdict_usage as v \
    where ($1::text is null or v.bucket >= $1::text::timestamptz) \
      and ($2::text is null or v.bucket < $2::text::timestamptz) \
    order by v.bucket, v.code";

/// For administrators: verdicts are counted for the whole database, unknown tokens too.
pub async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    if manager.as_user.is_some() {
        return Err(Problem::insufficient_scope(
            "verdicts are counted for all workspaces together: this takes an administrator",
        ));
    }
    let query = request.query(&["since", "until"])?;
    let (since, until) = (time_of(&query, "since")?, time_of(&query, "until")?);
    Ok(all(&database.rows(LIST, &[&since, &until]).await?))
}
