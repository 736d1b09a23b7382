//! Everything that the library does for a database, whichever version its SQL is of.
use crate::claim::Tally;
use pgtoken_tests::{row, rows, wait_until};
use postgres::Client;
use std::time::Duration;

/// Statements with what they give, in a session that has a directory of its own. `{n}` is the step.
const MANAGEMENT: [(&str, &str); 22] = [
    (
        "select token is not null, state, name from mine",
        "t|active|mine",
    ),
    (
        "select v.code, v.scope from mine, pgtoken.verify_token(token, 'write', '{upload}', 's{n}') as v",
        "valid|full",
    ),
    (
        "select v.code from mine, pgtoken.verify_token(token, 'owner') as v",
        "insufficient_scope",
    ),
    (
        "select v.code, v.target, v.zone, v.auto_publish from confined, pgtoken.verify_token(token, target => 's{n}') as v",
        "valid|s{n}|z|t",
    ),
    (
        "select v.code from mine, pgtoken.verify_digest(sha256(token::bytea), 'read') as v",
        "valid",
    ),
    (
        "select string_agg(v.n || v.code, ' ' order by v.n) from mine, pgtoken.verify_tokens(array[token, 'no', null]) as v",
        "1valid 2not_found 3malformed",
    ),
    (
        "select string_agg(v.n || v.code, ' ' order by v.n) from mine, pgtoken.verify_digests(array[sha256(token::bytea), '\\x00']) as v",
        "1valid 2malformed",
    ),
    (
        "select (pgtoken.require_token(token, 'full')).code from mine",
        "valid",
    ),
    (
        "select i.id = m.id, i.state from mine as m, pgtoken.inspect_token(m.token) as i",
        "t|active",
    ),
    (
        "select u.name, u.rate_limit, u.rate_window_seconds from mine as m, pgtoken.update_token(m.id, name => 'renamed', rate_limit => 9) as u",
        "renamed|9|60",
    ),
    (
        "select pgtoken.grant_zones(id, '{\"s{n}\": true}') from confined",
        "{\"s{n}\": true}",
    ),
    (
        "select r.token is not null, r.rotated_from = m.id from mine as m, pgtoken.rotate_token(m.id) as r",
        "t|t",
    ),
    (
        "select g.state, g.revoke_reason from mine as m, pgtoken.get_token(m.id) as g",
        "revoked|superseded",
    ),
    (
        "select f.name from mine as m, pgtoken.find_token(m.token) as f",
        "renamed",
    ),
    (
        "select i.name, i.use_count from pgtoken.import_token(sha256('st_{n}'), 's{n}', 'old', use_count => 3) as i",
        "old|3",
    ),
    (
        "select s.state from pgtoken.revoke_secret('st_{n}') as s",
        "revoked",
    ),
    (
        "select count(*) from pgtoken.list_tokens(user_id => 's{n}')",
        "4",
    ),
    (
        "select count(*) from pgtoken.list_events(user_id => 's{n}', max_rows => 100)",
        "8",
    ),
    (
        "select u.live_tokens from pgtoken.list_users(search => 's{n}') as u where u.user_id = 's{n}'",
        "2",
    ),
    (
        "select count(*) from pgtoken.list_workspaces(), pgtoken.list_targets('s{n}') where workspace_id = 's{n}'",
        "1",
    ),
    (
        "select count(*) from pgtoken.revoke_tokens(user_id => 's{n}', as_user => 's{n}')",
        "2",
    ),
    ("select count(*) >= 0 from pgtoken.usage_stats", "t"),
];

/// Verifies in every way, manages, and sees what it used in the tables.
pub fn all(tally: &mut Tally, step: &str, n: usize, client: &mut Client) {
    rows(
        client,
        &format!(
            "drop table if exists pg_temp.mine, pg_temp.confined;
             insert into pgtoken.workspace (workspace_id) values ('s{n}');
             insert into pgtoken.app_user (user_id) values ('s{n}');
             insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens) values ('s{n}', 's{n}', 'full', true);
             insert into pgtoken.target (target_id, workspace_id) values ('s{n}', 's{n}');
             insert into pgtoken.zone (target_id, zone_id) values ('s{n}', 'z');
             create temporary table mine as
             select * from pgtoken.issue_token('mine', 's{n}', 'full', 's{n}', permissions => '{{upload}}');
             create temporary table confined as
             select * from pgtoken.issue_token(
                 'confined', 's{n}', 'agency', 's{n}', grants => '{{\"s{n}\": [\"z\"]}}', auto_publish => true)"
        ),
    );
    for (statement, expected) in MANAGEMENT {
        let number = n.to_string();
        let statement = statement.replace("{n}", &number);
        let expected = expected.replace("{n}", &number);
        let found = row(client, &statement);
        tally.check(found == expected, || {
            format!("{step}: {found} and not {expected}: {statement}")
        });
    }
    // Five verifications of it were valid, one was not.
    let flushed = "select u.use_count || ' ' || g.allowed || ' ' || g.denied from mine as m
                   join pgtoken.token_use as u on u.token_id = m.id
                   join pgtoken.token_usage as g on g.token_id = m.id";
    wait_until(Duration::from_secs(60), "use is flushed", || {
        rows(client, flushed) == ["5 5 1"]
    });
    tally.add(1);
}
