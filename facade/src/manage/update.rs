//! `PATCH /v1/tokens/{id}`.
use super::fields::{Network, Span, Time, given, networks, nullable};
use super::{enter, id, one};
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use serde::Deserialize;
use serde_json::Value;

const UPDATE: &str = "\
    select row_to_json(t)::text from pgtoken.update_token(\
        id => $1, name => $2, metadata => $3, expires_at => $4::text::timestamptz, enabled => $5, \
        rate_limit => $6, rate_window => $7::text::interval, allowed_addrs => $8::text[]::cidr[], \
        as_user => $9, actor => $10) as t";

/// The arguments of `update_token`; absent ones stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Value>,
    #[serde(default, deserialize_with = "nullable")]
    expires_at: Option<Option<Time>>,
    #[serde(default, deserialize_with = "given")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    rate_limit: Option<Option<i32>>,
    #[serde(default, deserialize_with = "given")]
    rate_window: Option<Span>,
    #[serde(default, deserialize_with = "nullable")]
    allowed_addrs: Option<Option<Vec<Network>>>,
}

/// Changes what is given; null clears the expiry, the rate or the networks.
pub async fn answer(app: &App, mut request: Request, segment: &str) -> Result<Response, Problem> {
    let (manager, database) = enter(app, &request).await?;
    let body: Body = request.json().await?;
    let expires_at = body.expires_at.map(|time| match time {
        Some(time) => time.0,
        None => "infinity".to_owned(),
    });
    let allowed_addrs = body.allowed_addrs.map(Option::unwrap_or_default);
    let rows = database
        .rows(
            UPDATE,
            &[
                &id(segment)?,
                &body.name,
                &body.metadata,
                &expires_at,
                &body.enabled,
                &body.rate_limit.map(Option::unwrap_or_default),
                &body.rate_window.map(|window| window.0),
                &allowed_addrs.map(networks),
                &manager.as_user,
                &manager.actor,
            ],
        )
        .await?;
    Ok(one(&rows))
}
