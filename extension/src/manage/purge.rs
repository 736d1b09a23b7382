//! Deleting what has long ended.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::check;
use crate::caller::Caller;
use crate::error::Error;

const USUAL_AT_ONCE: i32 = 10_000;
const MOST_AT_ONCE: i32 = 1_000_000;

/// The trigger of the table writes a `deleted` event for each.
const PURGE_TOKENS: &str = "
    delete from pgtoken.token
    where id in (
        select t.id
        from pgtoken.token as t
        where least(t.revoked_at, t.expires_at) < least($1, clock_timestamp())
        order by t.id
        limit $2
        for update
    )";

const PURGE_EVENTS: &str = "
    delete from pgtoken.event
    where id in (
        select e.id
        from pgtoken.event as e
        where e.at < $1
        order by e.at
        limit $2
        for update
    )";

#[pg_extern(sql = false)]
fn purge_tokens(
    ended_before: Option<TimestampWithTimeZone>,
    max_rows: Option<i32>,
) -> Result<i64, ErrorReport> {
    let _caller = Caller::manager(None, None)?;
    let before = check::required("ended_before", ended_before)?;
    Ok(purge(PURGE_TOKENS, before, max_rows)?)
}

#[pg_extern(sql = false)]
fn purge_events(
    before: Option<TimestampWithTimeZone>,
    max_rows: Option<i32>,
) -> Result<i64, ErrorReport> {
    let _caller = Caller::anyone(None)?;
    let before = check::required("before", before)?;
    Ok(purge(PURGE_EVENTS, before, max_rows)?)
}

fn purge(
    statement: &str,
    before: TimestampWithTimeZone,
    max_rows: Option<i32>,
) -> Result<i64, Error> {
    let rows = check::max_rows(max_rows, USUAL_AT_ONCE, MOST_AT_ONCE)?;
    Spi::connect_mut(|client| {
        let purged = client.update(statement, None, &[before.into(), rows.into()])?;
        Ok(purged.len() as i64)
    })
}
