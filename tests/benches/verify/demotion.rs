//! What a change of an owner's authority costs: it is written to each live token, so that verification need not ask.

use std::time::Instant;

use pgtoken_tests::Database;

use crate::turns::median;

/// Live tokens of the one member, and as many revoked ones, which a change does not touch.
const TOKENS: i64 = 10_000;

const OWNER: &str = "
    insert into pgtoken.app_user (user_id) values ('crowd');
    insert into pgtoken.member (workspace_id, user_id, scope) values ('w0', 'crowd', 'full');
    insert into pgtoken.token (
        id, digest, name, user_id, workspace_id, scope, created_by,
        revoked_at, revoked_by, owner_enabled, workspace_enabled, owner_scope
    )
    select gen_random_uuid(), sha256(convert_to('crowd' || i, 'UTF8')), 'benchmark', 'crowd', 'w0', 'full', 'benchmark',
           r.at, r.by, o.enabled, o.enabled, case when o.enabled then 'full' end
    from generate_series(1, 2 * :tokens) as i
    cross join lateral (select i % 2 = 0 as live) as l
    cross join lateral (
        select case when not live then now() end as at, case when not live then 'benchmark' end as by
    ) as r
    cross join lateral (select case when live then true end as enabled) as o;
    vacuum analyze pgtoken.token;";

/// Microseconds per live token when the scope of their owner changes; median of five changes.
pub fn measure((_, database): &(u64, Database<'_>)) -> f64 {
    database.psql(&OWNER.replace(":tokens", &TOKENS.to_string()));
    let costs: Vec<f64> = ["read", "full", "write", "full", "read"]
        .iter()
        .map(|scope| {
            let start = Instant::now();
            database.execute(&format!(
                "update pgtoken.member set scope = '{scope}' where user_id = 'crowd'"
            ));
            let cost = start.elapsed().as_secs_f64() * 1e6 / TOKENS as f64;
            database.execute("vacuum pgtoken.token");
            cost
        })
        .collect();
    median(&costs)
}
