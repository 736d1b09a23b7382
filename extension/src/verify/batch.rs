//! Many questions in one call.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::answer::answer;
use super::question::{Presented, Question};
use crate::error::Error;
use crate::pg::{Client, VerdictSet};

type Texts<'a> = Option<pgrx::Array<'a, &'a str>>;

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn verify_tokens(
    fcinfo: pg_sys::FunctionCallInfo,
    tokens: Texts<'_>,
    scopes: Texts<'_>,
    permissions: Texts<'_>,
    workspace_ids: Texts<'_>,
    targets: Texts<'_>,
    zones: Texts<'_>,
    client_addrs: Option<pgrx::Array<'_, Client>>,
    consume: Option<bool>,
) -> Result<(), ErrorReport> {
    let tokens = tokens.ok_or(Error::invalid("tokens", "must be an array, not null"))?;
    let questions = Questions {
        scopes,
        permissions,
        workspace_ids,
        targets,
        zones,
        client_addrs,
    };
    let presented = tokens.iter().map(Presented::text);
    Ok(answer_all(
        fcinfo,
        presented,
        tokens.len(),
        &questions,
        consume,
    )?)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of the SQL function"
)]
#[pg_extern(sql = false)]
fn verify_digests(
    fcinfo: pg_sys::FunctionCallInfo,
    digests: Option<pgrx::Array<'_, &[u8]>>,
    scopes: Texts<'_>,
    permissions: Texts<'_>,
    workspace_ids: Texts<'_>,
    targets: Texts<'_>,
    zones: Texts<'_>,
    client_addrs: Option<pgrx::Array<'_, Client>>,
    consume: Option<bool>,
) -> Result<(), ErrorReport> {
    let digests = digests.ok_or(Error::invalid("digests", "must be an array, not null"))?;
    let questions = Questions {
        scopes,
        permissions,
        workspace_ids,
        targets,
        zones,
        client_addrs,
    };
    let presented = digests.iter().map(Presented::digest);
    Ok(answer_all(
        fcinfo,
        presented,
        digests.len(),
        &questions,
        consume,
    )?)
}

/// The arrays of a bulk call; each is null or as long as the array of tokens.
struct Questions<'a> {
    scopes: Texts<'a>,
    permissions: Texts<'a>,
    workspace_ids: Texts<'a>,
    targets: Texts<'a>,
    zones: Texts<'a>,
    client_addrs: Option<pgrx::Array<'a, Client>>,
}

impl Questions<'_> {
    fn check_lengths(&self, expected: usize) -> Result<(), Error> {
        let lengths = [
            ("scopes", self.scopes.as_ref().map(pgrx::Array::len)),
            (
                "permissions",
                self.permissions.as_ref().map(pgrx::Array::len),
            ),
            (
                "workspace_ids",
                self.workspace_ids.as_ref().map(pgrx::Array::len),
            ),
            ("targets", self.targets.as_ref().map(pgrx::Array::len)),
            ("zones", self.zones.as_ref().map(pgrx::Array::len)),
            (
                "client_addrs",
                self.client_addrs.as_ref().map(pgrx::Array::len),
            ),
        ];
        for (argument, length) in lengths {
            if let Some(length) = length
                && length != expected
            {
                return Err(Error::invalid(
                    argument,
                    format!(
                        "has {length} elements and must be null or have {expected}, one for each token"
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn answer_all(
    fcinfo: pg_sys::FunctionCallInfo,
    presented: impl Iterator<Item = Presented>,
    count: usize,
    questions: &Questions<'_>,
    consume: Option<bool>,
) -> Result<(), Error> {
    questions.check_lengths(count)?;
    let mut scopes = questions.scopes.as_ref().map(pgrx::Array::iter);
    let mut permissions = questions.permissions.as_ref().map(pgrx::Array::iter);
    let mut workspace_ids = questions.workspace_ids.as_ref().map(pgrx::Array::iter);
    let mut targets = questions.targets.as_ref().map(pgrx::Array::iter);
    let mut zones = questions.zones.as_ref().map(pgrx::Array::iter);
    let mut client_addrs = questions.client_addrs.as_ref().map(pgrx::Array::iter);

    let mut verdicts = VerdictSet::begin(fcinfo);
    for (n, presented) in (1..).zip(presented) {
        let question = Question {
            scope: next(&mut scopes),
            permissions: words(next(&mut permissions)),
            workspace_id: next(&mut workspace_ids),
            target: next(&mut targets),
            zone: next(&mut zones),
            client_addr: next(&mut client_addrs),
        };
        let answer = answer(presented, &question, consume.unwrap_or(true))?;
        verdicts.put(n, &answer.verdict);
    }
    Ok(())
}

/// The next element of an array, if the array is there and the element not null.
fn next<T>(elements: &mut Option<impl Iterator<Item = Option<T>>>) -> Option<T> {
    elements.as_mut()?.next().flatten()
}

/// The permissions that one element asks for, separated by spaces as in OAuth (RFC 6749, section 3.3).
fn words(element: Option<&str>) -> Vec<Option<&str>> {
    element
        .map(|words| {
            words
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(Some)
                .collect()
        })
        .unwrap_or_default()
}
