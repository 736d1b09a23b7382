//! Many questions in one call.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::answer::answer;
use super::question::{Presented, Question};
use crate::error::Error;
use crate::pg::{Client, Elements, VerdictSet};

type Texts<'a> = Option<Elements<&'a str>>;

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
    client_addrs: Option<Elements<Client>>,
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
    let presented = tokens.0.iter().map(|text| Presented::text(*text));
    Ok(answer_all(
        fcinfo,
        presented,
        tokens.0.len(),
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
    digests: Option<Elements<&[u8]>>,
    scopes: Texts<'_>,
    permissions: Texts<'_>,
    workspace_ids: Texts<'_>,
    targets: Texts<'_>,
    zones: Texts<'_>,
    client_addrs: Option<Elements<Client>>,
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
    let presented = digests.0.iter().map(|digest| Presented::digest(*digest));
    Ok(answer_all(
        fcinfo,
        presented,
        digests.0.len(),
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
    client_addrs: Option<Elements<Client>>,
}

impl Questions<'_> {
    fn check_lengths(&self, expected: usize) -> Result<(), Error> {
        let lengths = [
            ("scopes", length(&self.scopes)),
            ("permissions", length(&self.permissions)),
            ("workspace_ids", length(&self.workspace_ids)),
            ("targets", length(&self.targets)),
            ("zones", length(&self.zones)),
            ("client_addrs", length(&self.client_addrs)),
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
    let mut verdicts = VerdictSet::begin(fcinfo);
    for (i, presented) in presented.enumerate() {
        pgrx::check_for_interrupts!();
        let question = Question {
            scope: element(&questions.scopes, i),
            permissions: words(element(&questions.permissions, i)),
            workspace_id: element(&questions.workspace_ids, i),
            target: element(&questions.targets, i),
            zone: element(&questions.zones, i),
            client_addr: element(&questions.client_addrs, i),
        };
        let answer = answer(presented, &question, consume.unwrap_or(true))?;
        verdicts.put(i as i32 + 1, &answer.verdict);
    }
    Ok(())
}

fn length<T>(array: &Option<Elements<T>>) -> Option<usize> {
    array.as_ref().map(|array| array.0.len())
}

/// An element of an array, if the array is there and the element not null.
fn element<T: Copy>(array: &Option<Elements<T>>, i: usize) -> Option<T> {
    array.as_ref()?.0[i]
}

/// The permissions that one element asks for, separated by single spaces as in OAuth (RFC 6749, section 3.3).
fn words(element: Option<&str>) -> Vec<Option<&str>> {
    element
        .map(|words| words.split(' ').map(Some).collect())
        .unwrap_or_default()
}
