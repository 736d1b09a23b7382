//! Idempotent issuing: the same request issues one token.

use pgrx::Uuid;
use pgrx::spi::SpiClient;
use serde_json::Value;

use super::insert::RequestKey;
use crate::caller::Caller;
use crate::error::Error;

const FIND_REQUEST: &str = "
    select t.id, t.request_digest = $4
    from pgtoken.token as t
    where t.request_id = $1 and t.created_by = $2 and t.request_as is not distinct from $3";

/// The key of a request, where the caller gave an id for it; only then are the arguments looked at.
pub fn key(
    request_id: Option<&str>,
    caller: &Caller,
    arguments: impl FnOnce() -> Result<Value, Error>,
) -> Result<Option<RequestKey>, Error> {
    let Some(id) = request_id else {
        return Ok(None);
    };
    let length = id.chars().count();
    if !(1..=255).contains(&length) {
        return Err(Error::invalid(
            "request_id",
            format!("has {length} characters; 1 to 255 are allowed"),
        ));
    }
    Ok(Some(RequestKey {
        id: id.to_owned(),
        as_user: caller.as_user.clone(),
        digest: pgtoken_format::digest(arguments()?.to_string().as_bytes()),
    }))
}

/// The token that was issued under this request before; other arguments under its id are refused.
pub fn find(
    client: &mut SpiClient<'_>,
    request: &RequestKey,
    caller: &Caller,
) -> Result<Option<Uuid>, Error> {
    // As a writing statement, so that it sees what a concurrent twin has committed while this one waited.
    let found = client
        .update(
            FIND_REQUEST,
            None,
            &[
                request.id.as_str().into(),
                caller.actor.as_str().into(),
                request.as_user.as_deref().into(),
                request.digest.to_vec().into(),
            ],
        )?
        .first();
    if found.is_empty() {
        return Ok(None);
    }
    if found.get(2)? != Some(true) {
        return Err(Error::invalid(
            "request_id",
            format!(
                "\"{}\" was used before with other arguments; use a new one for a new request",
                request.id
            ),
        ));
    }
    Ok(found.get(1)?)
}
