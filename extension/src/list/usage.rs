//! Use of one token by hour or day.

use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::caller::Caller;
use crate::manage::find_visible;
use crate::pg::Row;

const LIST: &str = "
    select usage
    from (
        select u.bucket, u.allowed, u.denied
        from pgtoken.token_usage as u
        where u.token_id = $1
          and ($2 is null or u.bucket >= $2)
          and ($3 is null or u.bucket < $3)
        order by u.bucket
    ) as usage";

#[pg_extern(sql = false)]
fn list_usage(
    id: Option<Uuid>,
    since: Option<TimestampWithTimeZone>,
    until: Option<TimestampWithTimeZone>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let rows = Spi::connect(|client| {
        let id = find_visible(client, &caller, id)?;
        Row::all(client.select(LIST, None, &[id.into(), since.into(), until.into()])?)
    })?;
    Ok(SetOfIterator::new(rows))
}
