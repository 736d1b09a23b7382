//! The audit log, newest first.

use pgrx::Uuid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{MAX_PAGE, USUAL_PAGE};
use crate::caller::Caller;
use crate::manage::max_rows as checked_rows;
use crate::pg::Row;

/// Ids are ordered by time. A user sees the events of tokens that it may see.
const LIST: &str = "
    select e
    from pgtoken.event as e
    where ($1 is null or e.user_id = $1 or e.workspace_id in (
              select m.workspace_id from pgtoken.member as m where m.user_id = $1 and m.manages_tokens
          ))
      and ($2 is null or e.token_id = $2)
      and ($3 is null or e.user_id = $3)
      and ($4 is null or e.workspace_id = $4)
      and ($5 is null or e.id < $5)
    order by e.id desc
    limit $6";

#[pg_extern(sql = false)]
fn list_events(
    token_id: Option<Uuid>,
    user_id: Option<&str>,
    workspace_id: Option<&str>,
    after: Option<Uuid>,
    max_rows: Option<i32>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let rows = checked_rows(max_rows, USUAL_PAGE, MAX_PAGE)?;
    let page = Spi::connect(|client| {
        Row::all(client.select(
            LIST,
            None,
            &[
                caller.as_user.as_deref().into(),
                token_id.into(),
                user_id.into(),
                workspace_id.into(),
                after.into(),
                rows.into(),
            ],
        )?)
    })?;
    Ok(SetOfIterator::new(page))
}
