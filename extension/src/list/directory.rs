//! Users, workspaces and targets, for pickers.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use super::tokens::like;
use super::{MAX_PAGE, USUAL_PAGE};
use crate::caller::Caller;
use crate::error::Error;
use crate::manage::{max_rows as checked_rows, required};
use crate::pg::Row;

/// A user sees itself, and the members and service users of workspaces whose tokens it manages.
const LIST_USERS: &str = "
    with managed as materialized (
        select m.workspace_id from pgtoken.member as m where m.user_id = $1 and m.manages_tokens
    )
    select listed
    from (
        select u.user_id, u.name, u.email, u.disabled_at, u.service_of,
               (select count(*)
                from pgtoken.token as t
                where t.user_id = u.user_id
                  and t.revoked_at is null
                  and (t.expires_at is null or t.expires_at > clock_timestamp())) as live_tokens
        from pgtoken.app_user as u
        where ($1 is null or u.user_id = $1
               or u.service_of in (select workspace_id from managed)
               or exists (
                   select from pgtoken.member as m
                   where m.user_id = u.user_id and m.workspace_id in (select workspace_id from managed)
               ))
          and ($2 is null or u.user_id ilike $2 or u.name ilike $2 or u.email ilike $2)
          and ($3 is null or u.service_of = $3 or exists (
              select from pgtoken.member as m where m.user_id = u.user_id and m.workspace_id = $3
          ))
          and ($4 is null or u.user_id > $4)
        order by u.user_id
        limit $5
    ) as listed";

const LIST_WORKSPACES: &str = "
    select listed
    from (
        select w.workspace_id, w.name, w.disabled_at, m.scope, m.manages_tokens
        from pgtoken.workspace as w
        left join pgtoken.member as m on m.workspace_id = w.workspace_id and m.user_id = $1
        where $1 is null or m.user_id is not null
        order by w.workspace_id
    ) as listed";

const LIST_TARGETS: &str = "
    select listed
    from (
        select t.target_id, t.name,
               coalesce((
                   select jsonb_agg(jsonb_build_object('zone_id', z.zone_id, 'name', z.name) order by z.zone_id)
                   from pgtoken.zone as z
                   where z.target_id = t.target_id
               ), '[]') as zones
        from pgtoken.target as t
        where t.workspace_id = $1
        order by t.target_id
    ) as listed";

#[pg_extern(sql = false)]
fn list_users(
    search: Option<&str>,
    workspace_id: Option<&str>,
    after: Option<&str>,
    max_rows: Option<i32>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let rows = checked_rows(max_rows, USUAL_PAGE, MAX_PAGE)?;
    let page = Spi::connect(|client| {
        Row::all(client.select(
            LIST_USERS,
            None,
            &[
                caller.as_user.as_deref().into(),
                search.map(like).into(),
                workspace_id.into(),
                after.into(),
                rows.into(),
            ],
        )?)
    })?;
    Ok(SetOfIterator::new(page))
}

#[pg_extern(sql = false)]
fn list_workspaces(as_user: Option<&str>) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let rows = Spi::connect(|client| {
        Row::all(client.select(LIST_WORKSPACES, None, &[caller.as_user.as_deref().into()])?)
    })?;
    Ok(SetOfIterator::new(rows))
}

#[pg_extern(sql = false)]
fn list_targets(
    workspace_id: Option<&str>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let workspace_id = required("workspace_id", workspace_id)?;
    let rows = Spi::connect(|client| {
        check_workspace(client, &caller, workspace_id)?;
        Row::all(client.select(LIST_TARGETS, None, &[workspace_id.into()])?)
    })?;
    Ok(SetOfIterator::new(rows))
}

/// Refuses a workspace that is not there, and one that the user is no member of.
pub fn check_workspace(
    client: &SpiClient<'_>,
    caller: &Caller,
    workspace_id: &str,
) -> Result<(), Error> {
    let known = client.select(
        "select exists (
             select from pgtoken.member as m where m.workspace_id = w.workspace_id and m.user_id = $2
         )
         from pgtoken.workspace as w
         where w.workspace_id = $1",
        None,
        &[workspace_id.into(), caller.as_user.as_deref().into()],
    )?;
    if known.is_empty() {
        return Err(Error::unknown(
            "workspace_id",
            format!("there is no workspace \"{workspace_id}\""),
            "select * from pgtoken.list_workspaces()",
        ));
    }
    let is_member: bool = known.first().get_one()?.unwrap_or(false);
    match &caller.as_user {
        Some(as_user) if !is_member => Err(Error::forbidden(
            "workspace_id",
            format!("user \"{as_user}\" is not a member of workspace \"{workspace_id}\""),
        )),
        _ => Ok(()),
    }
}
