//! `POST /v1/tokens/revoke`.
use super::enter;
use super::fields::Time;
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const REVOKE: &str = "\
    select pgtoken.revoke_tokens(\
        ids => $1, user_id => $2, workspace_id => $3, scope => $4, issued_before => $5::text::timestamptz, \
        unused_since => $6::text::timestamptz, reason => $7, dry_run => $8, as_user => $9, actor => $10)";

/// The arguments of `revoke_tokens`: filters, at least one. No claim fills in what is absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    ids: Option<Vec<Uuid>>,
    user_id: Option<String>,
    workspace_id: Option<String>,
    scope: Option<String>,
    issued_before: Option<Time>,
    unused_since: Option<Time>,
    reason: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer {
    ids: Vec<Uuid>,
    count: usize,
    dry_run: bool,
}

/// Ends every live token that fits all filters, or only says which.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json().await?;
    let rows = database
        .rows(
            REVOKE,
            &[
                &body.ids,
                &body.user_id,
                &body.workspace_id,
                &body.scope,
                &body.issued_before.map(|time| time.0),
                &body.unused_since.map(|time| time.0),
                &body.reason,
                &body.dry_run,
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    Ok(response::json_of(&Answer {
        count: ids.len(),
        ids,
        dry_run: body.dry_run,
    }))
}
