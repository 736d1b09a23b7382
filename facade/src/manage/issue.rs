//! `POST /v1/tokens`.
use super::fields::{Network, Span, Time, networks, nullable};
use super::{created, enter};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use serde::Deserialize;
use serde_json::Value;

const ISSUE: &str = "\
    select t.id::text, t.token is null, row_to_json(t)::text from pgtoken.issue_token(\
        name => $1, user_id => $2, scope => $3, workspace_id => $4, \
        permissions => coalesce($5::text[], '{}'), grants => coalesce($6::jsonb, '{}'), auto_publish => coalesce($7, false), \
        ttl => $8::text::interval, expires_at => $9::text::timestamptz, \
        rate_limit => $10, rate_window => coalesce($11::text::interval, '1 min'), \
        allowed_addrs => coalesce($12::text[]::cidr[], '{}'), metadata => coalesce($13::jsonb, '{}'), \
        prefix => $14, request_id => $15, as_user => $16, actor => $17) as t";

/// The arguments of `issue_token`; absent ones have its defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: Option<String>,
    user_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    scope: Option<Option<String>>,
    workspace_id: Option<String>,
    permissions: Option<Vec<String>>,
    grants: Option<Value>,
    auto_publish: Option<bool>,
    ttl: Option<Span>,
    expires_at: Option<Time>,
    rate_limit: Option<i32>,
    rate_window: Option<Span>,
    allowed_addrs: Option<Vec<Network>>,
    metadata: Option<Value>,
    prefix: Option<String>,
}

/// Issues a token: 201 with the secret, once. The same `Idempotency-Key` again: 200 without it.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let request_id = request.text("idempotency-key")?.map(str::to_owned);
    let body: Body = request.json().await?;
    // Absent, the scope is the default; null, there is none.
    let scope = body.scope.unwrap_or_else(|| Some("read".to_owned()));
    // A user issues for itself and where it is active, unless it says otherwise.
    let user_id = body.user_id.or_else(|| manager.as_user.clone());
    let workspace_id = body.workspace_id.or(manager.workspace_id);
    let rows = database
        .rows(
            ISSUE,
            &[
                &body.name,
                &user_id,
                &scope,
                &workspace_id,
                &body.permissions,
                &body.grants,
                &body.auto_publish,
                &body.ttl.map(|ttl| ttl.0),
                &body.expires_at.map(|time| time.0),
                &body.rate_limit,
                &body.rate_window.map(|window| window.0),
                &body.allowed_addrs.map(networks),
                &body.metadata,
                &body.prefix,
                &request_id,
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    let row = rows.first().expect("the function returns a row");
    if row.get(1) {
        return Ok(response::json(row.get::<_, String>(2)));
    }
    Ok(created(app, row.get(0), row.get(2)))
}
