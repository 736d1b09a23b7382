//! Being faster than whoever takes authority away.
use crate::claim::{Effort, Tally};
use pgtoken_tests::authority::excesses;
use pgtoken_tests::stage::at;
use pgtoken_tests::{Acme, Dice, Session};

const REDUCTIONS: [&str; 9] = [
    "update pgtoken.app_user set disabled_at = now() where user_id = 'u§'",
    "delete from pgtoken.app_user where user_id = 'u§'",
    "update pgtoken.member set scope = 'read' where workspace_id = 'w§'",
    "delete from pgtoken.member where workspace_id = 'w§'",
    "update pgtoken.workspace set disabled_at = now() where workspace_id = 'w§'",
    "select pgtoken.put_members('w§', '[{\"user_id\": \"u§\", \"scope\": \"read\"}]')",
    "delete from pgtoken.target where target_id = 't§'",
    "delete from pgtoken.zone where target_id = 't§' and zone_id = 'main'",
    "update pgtoken.target set workspace_id = 'elsewhere§' where target_id = 't§'",
];

const ACTS: [&str; 9] = [
    "select pgtoken.issue_token('new§', 'u§', 'full', 'w§')",
    "select pgtoken.issue_token('new§', 'u§', 'full', 'w§', as_user => 'u§')",
    "select pgtoken.issue_token('new§', 'u§', 'agency', 'w§', grants => '{\"t§\": [\"main\"]}', auto_publish => true)",
    "select pgtoken.issue_token('new§', 'u§', 'full')",
    "select pgtoken.import_token(sha256('new§'), 'u§', 'new§', scope => 'full', workspace_id => 'w§')",
    "select pgtoken.import_token(sha256('new§'), 'u§', 'new§', scope => 'agency', workspace_id => 'w§', grants => '{\"t§\": true}')",
    "select pgtoken.rotate_token(id, overlap => '1 h') from pgtoken.tokens where name = 'ladder§'",
    "select pgtoken.grant_zones(id, '{\"t§\": [\"main\", \"side\"]}') from pgtoken.tokens where name = 'confined§'",
    "select pgtoken.update_token(id, enabled => true, expires_at => 'infinity') from pgtoken.tokens where name = 'ladder§'",
];

const STAGE: &str = "
    insert into pgtoken.workspace (workspace_id) values ('w§'), ('elsewhere§');
    insert into pgtoken.app_user (user_id) values ('u§');
    insert into pgtoken.member (workspace_id, user_id, scope) values ('w§', 'u§', 'full');
    insert into pgtoken.target (target_id, workspace_id) values ('t§', 'w§');
    insert into pgtoken.zone (target_id, zone_id) values ('t§', 'main'), ('t§', 'side');
    select pgtoken.issue_token('ladder§', 'u§', 'full', 'w§');
    select pgtoken.issue_token('confined§', 'u§', 'agency', 'w§', grants => '{\"t§\": [\"main\"]}')";

const LEVELS: [&str; 3] = ["read committed", "repeatable read", "serializable"];

/// Both start at once, in transactions whose snapshots are as old as each other's; at most one is told that it
/// came too late, and whatever the order was, no token has more than the directory gives afterwards.
pub fn no_race_of_issuing_against_a_reduction_leaves_more(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut dice = Dice::seeded(uuid::Uuid::new_v4().as_u128() as u64);
    let acme = Acme::new();
    let (judge, reducer, actor) = (
        Session::open(&acme.db),
        Session::open(&acme.db),
        Session::open(&acme.db),
    );
    let mut both = 0;
    for n in 1..=effort.tries(120, 6000) as usize {
        let (reduction, act) = (at(dice.pick(&REDUCTIONS), n), at(ACTS[n % ACTS.len()], n));
        judge.rows(&at(STAGE, n));
        let [one, other] = [dice.roll(3), dice.roll(3)].map(|level| LEVELS[level as usize]);
        reducer.rows(&format!(
            "begin isolation level {one}; select count(*) from pgtoken.app_user"
        ));
        actor.rows(&format!(
            "begin isolation level {other}; select count(*) from pgtoken.app_user"
        ));
        reducer.start(&format!("{reduction}; commit"));
        actor.start(&format!("{act}; commit"));
        let ends = [&reducer, &actor].map(|session| {
            let end = session.finish().map(drop).map_err(|error| error.code);
            if end.is_err() {
                session.rows("rollback");
            }
            end
        });
        let known = ends
            .iter()
            .flat_map(|end| end.as_ref().err())
            .all(|code| ["40001", "23503", "22023", "42501", "P0002"].contains(&code.as_str()));
        both += u64::from(ends.iter().all(Result::is_ok));
        tally.check(known && ends.iter().any(Result::is_ok), || {
            format!("{one} {reduction} against {other} {act}: {ends:?}")
        });
        if n % 40 == 0 {
            let excesses = excesses(&judge);
            tally.check(excesses.is_empty(), || excesses.join("\n"));
            judge.rows("delete from pgtoken.workspace where workspace_id ~ '^(w|elsewhere)'; delete from pgtoken.app_user where user_id ~ '^u'");
        }
    }
    tally.figure(format!(
        "in {both} races both succeeded, one after the other"
    ));
    tally
}
