//! `POST /v1/tokens/{id}/revoke`, and `DELETE /v1/tokens/{id}`, which gives no reason.
use super::{enter, id, one};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use serde::Deserialize;

const REVOKE: &str = "\
    select row_to_json(t)::text \
    from pgtoken.revoke_token(id => $1, reason => $2, as_user => $3, actor => $4) as t";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    reason: Option<String>,
}

/// Ends a token for good; again, it stays as it ended.
pub async fn answer(app: &App, mut request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json_or_default().await?;
    let rows = database
        .rows(
            REVOKE,
            &[
                &id(segment)?,
                &body.reason,
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    Ok(one(&rows))
}
