//! `PUT /v1/tokens/{id}/grants`.
use super::{enter, id, one};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use serde::Deserialize;
use serde_json::Value;

const GRANT: &str = "\
    select json_build_object('grants', pgtoken.grant_zones(\
        id => $1, grants => $2, as_user => $3, actor => $4))::text";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    grants: Value,
}

/// Replaces what a confined token may act on, and says what is now in force.
pub async fn answer(app: &App, mut request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json().await?;
    let rows = database
        .rows(
            GRANT,
            &[
                &id(segment)?,
                &body.grants,
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    Ok(one(&rows))
}
