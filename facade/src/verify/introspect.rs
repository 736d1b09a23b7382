//! `POST /v1/introspect`: RFC 7662.
//!
//! `active` is what a verification would say now, from `client_addr` if the form has it; a confined
//! token is asked about in its own scope. `scope` holds the scope in effect, then the permissions.
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use pgtoken_format::{Shape, classify, digest};
use std::net::IpAddr;

/// No row unless the token verifies. Nothing is consumed and nothing recorded.
const INTROSPECT: &str = "
select jsonb_strip_nulls(jsonb_build_object(
           'active', true,
           'scope', nullif(concat_ws(' ', v.scope, nullif(array_to_string(v.permissions, ' '), '')), ''),
           'username', t.user_name,
           'token_type', 'Bearer',
           'exp', floor(extract(epoch from v.expires_at))::bigint,
           'iat', floor(extract(epoch from t.created_at))::bigint,
           'sub', v.user_id,
           'jti', v.token_id,
           'workspace_id', v.workspace_id))::text
from pgtoken.inspect_digest(digest => $1) as t
cross join lateral (
    select * from pgtoken.verify_digest(digest => $1, client_addr => $2, consume => false)
    union all
    select * from pgtoken.verify_digest(digest => $1, scope => t.scope, client_addr => $2, consume => false)
) as v
where v.valid
limit 1";

/// The one answer for whatever is not active.
const INACTIVE: &str = r#"{"active":false}"#;

/// Answers it.
pub async fn answer(app: &App, mut request: Request) -> Result<Response, Problem> {
    app.callers.verifier(&request).await?;
    let form = request.form(&["token", "client_addr"]).await?;
    let Some(token) = form.get("token") else {
        return Err(Problem::bad_field("/token", "is missing"));
    };
    let client_addr = form
        .get("client_addr")
        .map(str::parse::<IpAddr>)
        .transpose();
    let client_addr =
        client_addr.map_err(|_| Problem::bad_field("/client_addr", "must be an IP address"))?;
    if classify(token.as_bytes()) == Shape::Malformed {
        return Ok(response::json(INACTIVE));
    }
    let rows = app
        .verification
        .rows(
            INTROSPECT,
            &[&digest(token.as_bytes()).as_slice(), &client_addr],
        )
        .await?;
    match rows.first() {
        Some(row) => Ok(response::json(row.get::<_, String>(0))),
        None => Ok(response::json(INACTIVE)),
    }
}
