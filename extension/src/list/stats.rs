//! Counts for an overview.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::VISIBLE;
use super::directory::check_workspace;
use crate::caller::Caller;
use crate::pg::Row;

#[pg_extern(sql = false)]
fn token_stats(
    workspace_id: Option<&str>,
    as_user: Option<&str>,
) -> Result<SetOfIterator<'static, Row>, ErrorReport> {
    let caller = Caller::reader(as_user)?;
    let row = Spi::connect(|client| {
        if let Some(workspace_id) = workspace_id {
            check_workspace(client, &caller, workspace_id)?;
        }
        Row::all(client.select(
            statement().as_str(),
            None,
            &[caller.as_user.as_deref().into(), workspace_id.into()],
        )?)
    })?;
    Ok(SetOfIterator::new(row))
}

fn statement() -> String {
    format!(
        "with visible as materialized (
             select t.id, t.state, t.created_at, t.expires_at, t.last_used_at
             from pgtoken.tokens as t
             where {VISIBLE} and ($2 is null or t.workspace_id = $2)
         )
         select counted
         from (
             select count(*) as total,
                    count(*) filter (where v.state = 'active') as active,
                    count(*) filter (where v.state = 'suspended') as suspended,
                    count(*) filter (where v.state = 'disabled') as disabled,
                    count(*) filter (where v.state = 'expired') as expired,
                    count(*) filter (where v.state = 'revoked') as revoked,
                    count(*) filter (
                        where v.state = 'active' and v.expires_at < clock_timestamp() + interval '14 days'
                    ) as expiring_14_days,
                    count(*) filter (
                        where v.state = 'active'
                          and greatest(v.created_at, v.last_used_at) < clock_timestamp() - interval '90 days'
                    ) as unused_90_days,
                    (select coalesce(sum(u.allowed), 0)::bigint
                     from pgtoken.token_usage as u
                     where u.bucket > clock_timestamp() - interval '24 hours'
                       and u.token_id in (select id from visible)) as allowed_24_hours,
                    (select coalesce(sum(u.denied), 0)::bigint
                     from pgtoken.token_usage as u
                     where u.bucket > clock_timestamp() - interval '24 hours'
                       and u.token_id in (select id from visible)) as denied_24_hours
             from visible as v
         ) as counted"
    )
}
