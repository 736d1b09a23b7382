//! Appending to the audit log.

use pgrx::Uuid;
use pgrx::spi::SpiClient;

use crate::caller::Caller;
use crate::error::Error;
use crate::pg::Jsonb;

/// Appends one event for each of these tokens, in the same transaction as what it tells of.
pub fn record(
    client: &mut SpiClient<'_>,
    caller: &Caller,
    kind: &str,
    tokens: &[Uuid],
    detail: Detail,
) -> Result<(), Error> {
    client.update(
        "select pgtoken_internal.record_event($1, $2, $3, $4)",
        None,
        &[
            kind.into(),
            tokens.to_vec().into(),
            caller.actor.as_str().into(),
            Jsonb(detail.0.to_string()).into(),
        ],
    )?;
    Ok(())
}

/// What changed, as a JSON object.
#[derive(Debug)]
pub struct Detail(serde_json::Value);

impl Detail {
    /// An object; what is null in it is left out.
    pub fn of(mut value: serde_json::Value) -> Detail {
        if let Some(object) = value.as_object_mut() {
            object.retain(|_, value| !value.is_null());
        }
        Detail(value)
    }
}
