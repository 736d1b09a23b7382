//! Everything at once: whatever is written at the same time, no token ends with more than the directory gives.
use pgtoken_tests::authority::assert_no_excess;
use pgtoken_tests::{Database, Dice, Session, SqlError, shared};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 8;
const DURATION: Duration = Duration::from_secs(6);
/// On a slow machine it takes longer, and still tries everything.
const LEAST_ATTEMPTS: u32 = 500;

/// How a statement may fail at any time: serialization, keys that went or came meanwhile, and what pgtoken refuses.
const EXPECTED: &[&str] = &[
    "40001", "23503", "23505", "22023", "42501", "P0002", "55000",
];

/// A statement with its letters replaced: `$u` a user, `$w` a workspace, `$t` a target, `$z` a zone,
/// `$s` a scope, `$g` grants, `$k` the id of some token, `$c` of a confined one, `$n` a number.
fn fill(dice: &mut Dice, statement: &str) -> String {
    let token =
        "(select id from pgtoken.tokens where state <> 'revoked' order by md5(id || '$n') limit 1)";
    let confined = "(select id from pgtoken.tokens where state = 'active' and scope = 'agency' order by md5(id || '$n') limit 1)";
    let mut sql = statement.replace("$k", token).replace("$c", confined);
    for (letter, values) in [
        (
            "$g",
            &[
                "{\"$t\": [\"$z\"]}",
                "{\"$t\": true}",
                "{\"$t\": [\"$z\", \"$z\"], \"$t\": true}",
            ][..],
        ),
        ("$u", &["u0", "u1", "u2", "u3"]),
        ("$w", &["w0", "w1"]),
        ("$t", &["t0", "t1", "t2", "t3"]),
        ("$z", &["z0", "z1", "z2"]),
        ("$s", &["read", "write", "full"]),
    ] {
        while let Some(place) = sql.find(letter) {
            sql.replace_range(place..place + letter.len(), dice.pick(values));
        }
    }
    sql.replace("$n", &dice.roll(1 << 32).to_string())
}

/// Statements that widen, and those that take away; each is one transaction of its own.
const STATEMENTS: &[&str] = &[
    "select pgtoken.issue_token('$n', '$u', '$s', '$w')",
    "select pgtoken.issue_token('$n', '$u', '$s', '$w')",
    "select pgtoken.issue_token('$n', '$u', 'agency', 'w0', grants => '$g')",
    "select pgtoken.issue_token('$n', '$u', 'agency', 'w0', grants => '$g')",
    "select pgtoken.issue_token('$n', '$u', 'agency', '$w', grants => '$g')",
    "select pgtoken.issue_token('$n', 'robot', 'read', 'w0', as_user => '$u')",
    "select pgtoken.issue_token('$n', '$u', '$s')",
    "select pgtoken.import_token(sha256('$n'), '$u', '$n', 'st_', 'agency', '$w', grants => '$g')",
    "select pgtoken.import_token(sha256('$n'), '$u', '$n', 'st_', '$s', '$w')",
    "select pgtoken.grant_zones($c, '$g')",
    "select pgtoken.grant_zones($c, '$g')",
    "select pgtoken.grant_zones($c, '$g')",
    "select pgtoken.rotate_token($k)",
    "select pgtoken.rotate_token($c, overlap => '1 hour')",
    "select pgtoken.update_token($k, enabled => false)",
    "select pgtoken.update_token($k, enabled => true, metadata => '{\"n\": $n}')",
    "select pgtoken.revoke_token($k)",
    "select pgtoken.revoke_tokens(user_id => '$u')",
    "select pgtoken.revoke_tokens(workspace_id => 'w1', scope => 'agency')",
    "select pgtoken.purge_tokens(now() - interval '500 ms')",
    "update pgtoken.member set scope = '$s' where workspace_id = '$w' and user_id = '$u'",
    "update pgtoken.member set scope = '$s' where workspace_id = '$w' and user_id = '$u'",
    "update pgtoken.member set scope = '$s' where workspace_id = '$w' and user_id = '$u'",
    "delete from pgtoken.member where workspace_id = '$w' and user_id = '$u'",
    "insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens) values ('$w', '$u', '$s', true)",
    "insert into pgtoken.member (workspace_id, user_id, scope) values ('$w', '$u', '$s')",
    "insert into pgtoken.member (workspace_id, user_id, scope) values ('w0', 'robot', 'write')",
    "update pgtoken.app_user set disabled_at = now() where user_id = '$u' and $n % 3 = 0",
    "update pgtoken.app_user set disabled_at = null where user_id = '$u'",
    "delete from pgtoken.app_user where user_id = '$u' and $n % 3 = 0",
    "insert into pgtoken.app_user (user_id) values ('$u')",
    "insert into pgtoken.app_user (user_id) values ('$u')",
    "insert into pgtoken.app_user (user_id, service_of) values ('robot', 'w0')",
    "update pgtoken.workspace set disabled_at = now() where workspace_id = '$w' and $n % 4 = 0",
    "update pgtoken.workspace set disabled_at = null where workspace_id = '$w'",
    "delete from pgtoken.workspace where workspace_id = '$w' and $n % 8 = 0",
    "insert into pgtoken.workspace (workspace_id) values ('$w')",
    "insert into pgtoken.workspace (workspace_id) values ('$w')",
    "insert into pgtoken.target (target_id, workspace_id) values ('$t', '$w')",
    "insert into pgtoken.target (target_id, workspace_id) values ('$t', 'w0')",
    "insert into pgtoken.zone (target_id, zone_id) values ('$t', '$z')",
    "insert into pgtoken.zone (target_id, zone_id) values ('t0', 'z0'), ('t0', 'z1'), ('t0', 'z2')",
    "insert into pgtoken.zone (target_id, zone_id) values ('t1', 'z0'), ('t1', 'z1'), ('t1', 'z2')",
    "update pgtoken.target set workspace_id = '$w' where target_id = '$t' and $n % 2 = 0",
    "update pgtoken.target set workspace_id = 'w0' where target_id = '$t'",
    "delete from pgtoken.target where target_id = '$t' and $n % 3 = 0",
    "delete from pgtoken.zone where target_id = '$t' and zone_id = '$z'",
    "select pgtoken.put_zones('$t', '[\"z0\", \"z1\"]')",
    "select pgtoken.put_zones('$t', '[\"z2\", \"z1\", \"z0\"]')",
    "select pgtoken.put_targets('w0', '[\"t1\", \"t0\", \"t3\"]')",
    "select pgtoken.put_targets('$w', '[{\"target_id\": \"t2\", \"name\": \"$n\"}, \"t1\"]')",
    "select pgtoken.put_members('$w', '[{\"user_id\": \"u0\", \"scope\": \"$s\"}, {\"user_id\": \"u1\", \"scope\": \"$s\"}]')",
    "select pgtoken.put_members('$w', '[{\"user_id\": \"u3\", \"scope\": \"full\"}, {\"user_id\": \"u2\", \"scope\": \"full\"},
                                       {\"user_id\": \"u1\", \"scope\": \"$s\", \"manages_tokens\": true}]')",
];

const LEVELS: &[&str] = &["read committed", "repeatable read", "serializable"];

#[test]
fn whatever_happens_at_once_no_token_has_more_than_the_directory_gives() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(
        "insert into pgtoken.workspace (workspace_id) values ('w0'), ('w1');
         insert into pgtoken.app_user (user_id) values ('u0'), ('u1'), ('u2'), ('u3');
         insert into pgtoken.member (workspace_id, user_id, scope)
         select workspace_id, user_id, 'full' from pgtoken.workspace, pgtoken.app_user;
         insert into pgtoken.target (target_id, workspace_id)
         values ('t0', 'w0'), ('t1', 'w0'), ('t2', 'w0'), ('t3', 'w1');
         insert into pgtoken.zone (target_id, zone_id)
         select target_id, zone_id from pgtoken.target, unnest(array['z0', 'z1', 'z2']) as zone_id",
    );
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for seed in 0..CONNECTIONS {
            let (db, failures) = (&db, &failures);
            scope.spawn(move || soak(db, seed, failures));
        }
    });
    let failures = failures.into_inner().expect("no thread panicked");
    assert!(
        failures.is_empty(),
        "{}\n{}",
        failures.join("\n"),
        shared().log()
    );
    assert_no_excess(&session);
    let untold = session.rows(GRANTS_THAT_NO_EVENT_TELLS_OF);
    assert!(untold.is_empty(), "{}", untold.join("\n"));
    let acts = session.row("select count(distinct kind) from pgtoken.event");
    assert_eq!(acts, "8", "every kind of event happened");
}

fn soak(db: &Database<'_>, seed: u64, failures: &Mutex<Vec<String>>) {
    let session = Session::open(db);
    // The first to wait for a deadlock says so; there must be none.
    session.rows("set deadlock_timeout = '100 ms'");
    let mut dice = Dice::seeded(seed);
    let end = Instant::now() + DURATION;
    let mut attempts = 0;
    while Instant::now() < end || attempts < LEAST_ATTEMPTS {
        attempts += 1;
        let level = dice.pick(LEVELS);
        let statement = dice.pick(STATEMENTS);
        let sql = fill(&mut dice, statement);
        let attempt = session.attempt(&format!("begin isolation level {level}; {sql}; commit"));
        if let Err(error) = attempt {
            session.rows("rollback");
            if !EXPECTED.contains(&error.code.as_str()) {
                failures
                    .lock()
                    .expect("no thread panicked")
                    .push(complaint(&sql, level, &error));
            }
        }
    }
}

fn complaint(sql: &str, level: &str, error: &SqlError) -> String {
    let detail = error.detail.as_deref().unwrap_or_default();
    format!("{level}: {sql}: {error} {detail}")
}

/// What a confined token may act on is what it was last given, without what was lost since.
const GRANTS_THAT_NO_EVENT_TELLS_OF: &str = "
    with last_given as (
        select distinct on (e.token_id) e.token_id, e.at,
               coalesce(e.detail -> 'after', e.detail -> 'grants') as grants
        from pgtoken.event as e
        join pgtoken.tokens as t on t.id = e.token_id and t.state <> 'revoked'
        where e.detail -> 'after' is not null or e.detail -> 'grants' is not null
        order by e.token_id, e.at desc
    ),
    given as (
        select l.token_id, l.at, g.key as target_id, z.zone_id
        from last_given as l
        cross join lateral jsonb_each(l.grants) as g
        left join lateral jsonb_array_elements_text(
            case jsonb_typeof(g.value) when 'array' then g.value else '[]' end
        ) as z (zone_id) on true
    ),
    lost as (
        select e.token_id, e.at, x ->> 'target_id' as target_id, x ->> 'zone_id' as zone_id
        from pgtoken.event as e
        cross join lateral jsonb_array_elements(e.detail -> 'lost') as x
        where e.kind = 'grants_lost'
    ),
    told as (
        select g.token_id, g.target_id, g.zone_id
        from given as g
        where not exists (
            select from lost as l
            where l.token_id = g.token_id and l.at > g.at and l.target_id = g.target_id
              and (l.zone_id is null or l.zone_id = g.zone_id)
        )
    ),
    present as (
        select g.token_id, g.target_id, g.zone_id
        from pgtoken.token_grant as g
        where g.token_id in (select token_id from last_given)
    )
    select 'told only: ' || x::text from (table told except table present) as x
    union all
    select 'present only: ' || x::text from (table present except table told) as x";
