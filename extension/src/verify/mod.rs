//! Verification: may this token do that?
//!
//! *Architecture Invariant:* nothing in this room writes to a table or assigns a transaction id.
//! One verification reads everything with one snapshot, by direct index scans; nothing is cached but the vocabulary.

mod answer;
mod batch;
mod decide;
mod inspect;
mod question;
mod vocabulary;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::{Client, Elements, Verdict};
use answer::answer;
use question::Question;

pub use question::Presented;
pub use vocabulary::vocabulary;

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn verify_token(
    token: Option<&str>,
    scope: Option<&str>,
    permissions: Option<Elements<&str>>,
    workspace_id: Option<&str>,
    target: Option<&str>,
    zone: Option<&str>,
    client_addr: Option<Client>,
    consume: Option<bool>,
) -> Result<Verdict, ErrorReport> {
    let question = Question {
        scope,
        permissions: permissions.map(|array| array.0).unwrap_or_default(),
        workspace_id,
        target,
        zone,
        client_addr,
    };
    Ok(answer(Presented::text(token), &question, consume.unwrap_or(true))?.verdict)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn verify_digest(
    digest: Option<&[u8]>,
    scope: Option<&str>,
    permissions: Option<Elements<&str>>,
    workspace_id: Option<&str>,
    target: Option<&str>,
    zone: Option<&str>,
    client_addr: Option<Client>,
    consume: Option<bool>,
) -> Result<Verdict, ErrorReport> {
    let question = Question {
        scope,
        permissions: permissions.map(|array| array.0).unwrap_or_default(),
        workspace_id,
        target,
        zone,
        client_addr,
    };
    Ok(answer(
        Presented::digest(digest),
        &question,
        consume.unwrap_or(true),
    )?
    .verdict)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn require_token(
    token: Option<&str>,
    scope: Option<&str>,
    permissions: Option<Elements<&str>>,
    workspace_id: Option<&str>,
    target: Option<&str>,
    zone: Option<&str>,
    client_addr: Option<Client>,
    consume: Option<bool>,
) -> Result<Verdict, ErrorReport> {
    let question = Question {
        scope,
        permissions: permissions.map(|array| array.0).unwrap_or_default(),
        workspace_id,
        target,
        zone,
        client_addr,
    };
    let answer = answer(Presented::text(token), &question, consume.unwrap_or(true))?;
    match answer.refusal {
        None => Ok(answer.verdict),
        Some((code, retry_after)) => Err(Error::Refused(code, retry_after).into()),
    }
}
