//! Authority follows the owner in every isolation level, against whatever happens at the same time.
use pgtoken_tests::authority::{assert_no_excess, excesses};
use pgtoken_tests::{Session, SqlError, shared};

/// What takes authority away from `u§` in `w§`, or from its targets.
const REDUCTIONS: &[&str] = &[
    "update pgtoken.app_user set disabled_at = now() where user_id = 'u§'",
    "delete from pgtoken.app_user where user_id = 'u§'",
    "update pgtoken.member set scope = 'read' where workspace_id = 'w§'",
    "delete from pgtoken.member where workspace_id = 'w§'",
    "update pgtoken.workspace set disabled_at = now() where workspace_id = 'w§'",
    "delete from pgtoken.workspace where workspace_id = 'w§'",
    "delete from pgtoken.target where target_id = 't§'",
    "delete from pgtoken.zone where target_id = 't§' and zone_id = 'main'",
    "update pgtoken.target set workspace_id = 'elsewhere§' where target_id = 't§'",
];

/// Who is first: a whole transaction, or a statement of one that is still open.
const ORDERS: &[Order] = &[
    Order {
        reduction_first: true,
        overlapping: false,
    },
    Order {
        reduction_first: false,
        overlapping: false,
    },
    Order {
        reduction_first: true,
        overlapping: true,
    },
    Order {
        reduction_first: false,
        overlapping: true,
    },
];

#[derive(Clone, Copy, Debug)]
struct Order {
    reduction_first: bool,
    overlapping: bool,
}

/// Isolation levels of the reduction and of the act.
const LEVELS: &[[&str; 2]] = &[
    ["read committed", "read committed"],
    ["read committed", "repeatable read"],
    ["repeatable read", "read committed"],
    ["repeatable read", "repeatable read"],
    ["serializable", "serializable"],
];

/// A workspace with an owner of `full`, two targets, and two tokens to act on.
const STAGE: &str = "
    insert into pgtoken.workspace (workspace_id) values ('w§'), ('elsewhere§');
    insert into pgtoken.app_user (user_id) values ('u§');
    insert into pgtoken.member (workspace_id, user_id, scope) values ('w§', 'u§', 'full');
    insert into pgtoken.target (target_id, workspace_id) values ('t§', 'w§'), ('other§', 'w§');
    insert into pgtoken.zone (target_id, zone_id)
    values ('t§', 'main'), ('t§', 'side'), ('other§', 'main');
    select pgtoken.issue_token('ladder§', 'u§', 'full', 'w§');
    select pgtoken.issue_token('confined§', 'u§', 'agency', 'w§',
                               grants => '{\"t§\": [\"main\"], \"other§\": true}')";

fn at(sql: &str, n: usize) -> String {
    sql.replace('§', &n.to_string())
}

/// Runs an act against each reduction in each order and pair of levels; none may leave a token with more than the
/// directory gives, and at most one of the two may fail, in one of the ways that are documented.
#[track_caller]
fn race(act: &str) {
    let db = shared().database();
    let (reducer, actor, observer) = (Session::open(&db), Session::open(&db), Session::open(&db));
    let mut n = 0;
    for reduction in REDUCTIONS {
        for levels in LEVELS {
            for order in ORDERS {
                n += 1;
                let case = format!("{order:?} {levels:?} {reduction} against {act}");
                observer.rows(&at(STAGE, n));
                for (session, level) in [&reducer, &actor].into_iter().zip(levels) {
                    session.rows(&format!(
                        "begin isolation level {level}; select count(*) from pgtoken.app_user"
                    ));
                }
                let (reduction, act) = (at(reduction, n), at(act, n));
                let (first, second) = if order.reduction_first {
                    ((&reducer, reduction.as_str()), (&actor, act.as_str()))
                } else {
                    ((&actor, act.as_str()), (&reducer, reduction.as_str()))
                };
                let (one, other) = run(&observer, first, second, order.overlapping);
                let (of_reduction, of_act) = if order.reduction_first {
                    (one, other)
                } else {
                    (other, one)
                };
                judge(&case, of_reduction, of_act);
                let excesses = excesses(&observer);
                assert!(excesses.is_empty(), "{case}\n{}", excesses.join("\n"));
                observer.rows(&at(
                    "delete from pgtoken.workspace where workspace_id in ('w§', 'elsewhere§');
                     delete from pgtoken.app_user where user_id = 'u§'",
                    n,
                ));
            }
        }
    }
}

type End = Result<(), SqlError>;

/// Runs a statement of each of two open transactions and commits both; how each ended.
fn run(
    observer: &Session,
    (first, first_sql): (&Session, &str),
    (second, second_sql): (&Session, &str),
    overlapping: bool,
) -> (End, End) {
    let one = first.attempt(first_sql);
    if !overlapping {
        let one = end(first, one);
        let other = second.attempt(second_sql);
        return (one, end(second, other));
    }
    second.start(second_sql);
    second.waits(observer);
    let one = end(first, one);
    let other = second.finish();
    (one, end(second, other))
}

fn end(session: &Session, answer: pgtoken_tests::Answer) -> End {
    match answer {
        Ok(_) => session.attempt("commit").map(drop),
        Err(error) => {
            session.rows("rollback");
            Err(error)
        }
    }
}

#[track_caller]
fn judge(case: &str, of_reduction: End, of_act: End) {
    let code = |end: &End| {
        end.as_ref()
            .map_or_else(|error| error.code.clone(), |()| "ok".to_owned())
    };
    let (reduction, act) = (code(&of_reduction), code(&of_act));
    assert!(
        ["ok", "40001", "23503"].contains(&reduction.as_str()),
        "the reduction failed: {case}: {of_reduction:?}"
    );
    assert!(
        ["ok", "40001", "23503", "22023", "42501", "P0002"].contains(&act.as_str()),
        "the act failed: {case}: {of_act:?}"
    );
    assert!(
        reduction == "ok" || act == "ok",
        "both failed: {case}: {of_reduction:?} {of_act:?}"
    );
}

#[test]
fn no_reduction_is_lost_on_a_token_issued_meanwhile() {
    race("select pgtoken.issue_token('new§', 'u§', 'full', 'w§')");
}

#[test]
fn no_reduction_is_lost_on_a_confined_token_issued_meanwhile() {
    race(
        "select pgtoken.issue_token('new§', 'u§', 'agency', 'w§', grants => '{\"t§\": [\"main\"], \"other§\": true}')",
    );
}

#[test]
fn no_reduction_is_lost_on_a_token_imported_meanwhile() {
    race(
        "select pgtoken.import_token(sha256('new§'), 'u§', 'new§', 'st_', 'agency', 'w§',
                                     grants => '{\"t§\": [\"main\", \"side\"]}')",
    );
}

#[test]
fn no_reduction_is_lost_on_a_token_without_workspace_issued_meanwhile() {
    race("select pgtoken.issue_token('new§', 'u§', 'full')");
}

#[test]
fn no_reduction_is_lost_on_a_token_rotated_meanwhile() {
    race(
        "select pgtoken.rotate_token(id, overlap => '1 hour') from pgtoken.tokens where name = 'ladder§'",
    );
}

#[test]
fn no_reduction_is_lost_on_a_confined_token_rotated_meanwhile() {
    race("select pgtoken.rotate_token(id) from pgtoken.tokens where name = 'confined§'");
}

#[test]
fn no_reduction_is_lost_on_grants_replaced_meanwhile() {
    race(
        "select pgtoken.grant_zones(id, '{\"t§\": [\"main\", \"side\"], \"other§\": [\"main\"]}')
         from pgtoken.tokens where name = 'confined§'",
    );
}

#[test]
fn no_reduction_is_lost_on_grants_taken_away_meanwhile() {
    race(
        "select pgtoken.grant_zones(id, '{\"other§\": true}') from pgtoken.tokens where name = 'confined§'",
    );
}

#[test]
fn no_reduction_is_lost_on_a_token_revoked_meanwhile() {
    race("select pgtoken.revoke_tokens(user_id => 'u§')");
}

#[test]
fn no_reduction_is_lost_on_a_token_changed_meanwhile() {
    race(
        "select pgtoken.update_token(id, name => 'renamed', enabled => false)
         from pgtoken.tokens where name = 'ladder§'",
    );
}

/// Restorations, against everything that takes away at the same time.
#[test]
fn no_reduction_is_lost_on_a_member_who_rejoins_meanwhile() {
    race(
        "delete from pgtoken.member where workspace_id = 'w§';
         insert into pgtoken.member (workspace_id, user_id, scope) values ('w§', 'u§', 'full')",
    );
}

#[test]
fn a_revoke_that_waits_for_a_demotion_revokes() {
    let db = shared().database();
    let (reducer, actor) = (Session::open(&db), Session::open(&db));
    let observer = Session::open(&db);
    for (n, reduction) in REDUCTIONS[..5].iter().enumerate() {
        observer.rows(&at(STAGE, n));
        reducer.rows(&format!("begin; {}", at(reduction, n)));
        actor.start(&at(
            "select count(*) from pgtoken.revoke_tokens(user_id => 'u§')",
            n,
        ));
        actor.waits(&observer);
        reducer.rows("commit");
        actor.finish().expect("revoking");
        assert_eq!(
            observer.row("select count(*) from pgtoken.tokens where state <> 'revoked'"),
            "0",
            "{reduction}"
        );
    }
    assert_no_excess(&observer);
}

#[test]
fn an_import_that_misses_a_rejoin_stays_suspended() {
    let db = shared().database();
    let (joiner, importer) = (Session::open(&db), Session::open(&db));
    joiner.rows(
        "insert into pgtoken.workspace (workspace_id) values ('w');
         insert into pgtoken.app_user (user_id) values ('u')",
    );
    importer
        .rows("begin; select pgtoken.import_token(sha256('old'), 'u', 'old', 'st_', 'full', 'w')");
    joiner.rows(
        "insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'u', 'full')",
    );
    importer.rows("commit");
    assert_eq!(joiner.row("select state from pgtoken.tokens"), "suspended");
    assert_no_excess(&joiner);
    // Whatever touches the membership next finds the token, too.
    joiner.rows(
        "begin;
         delete from pgtoken.member;
         insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'u', 'full');
         commit",
    );
    assert_eq!(joiner.row("select state from pgtoken.tokens"), "active");
    assert_no_excess(&joiner);
}

#[test]
fn two_imports_of_one_digest_make_one_token() {
    let db = shared().database();
    let (one, other, observer) = (Session::open(&db), Session::open(&db), Session::open(&db));
    observer.rows(&at(STAGE, 0));
    for level in ["read committed", "repeatable read", "serializable"] {
        let import = format!(
            "select (pgtoken.import_token(sha256('{level}'), 'u0', 'twin', 'st_', 'agency', 'w0',
                                          grants => '{{\"t0\": [\"main\"]}}')).id"
        );
        one.rows(&format!("begin isolation level {level}; select 1"));
        other.rows(&format!("begin isolation level {level}; select 1"));
        let first = one.row(&import);
        other.start(&import);
        assert!(other.waits(&observer), "{level}");
        one.rows("commit");
        match other.finish() {
            Ok(rows) => {
                assert_eq!(rows, [first], "{level}");
                other.rows("commit");
            }
            Err(error) => {
                assert_eq!(error.code, "40001", "{level}: {error}");
                other.rows("rollback");
            }
        }
    }
    assert_eq!(
        observer.row("select count(*), count(distinct id) from pgtoken.tokens where name = 'twin'"),
        "3|3"
    );
    assert_no_excess(&observer);
}

/// What bites: without the composite key of the members, a demotion with an older snapshot is lost.
#[test]
fn the_race_is_lost_without_the_key() {
    let db = shared().database();
    let (reducer, actor, observer) = (Session::open(&db), Session::open(&db), Session::open(&db));
    observer.rows(&at(STAGE, 0));
    // What a row trigger would do in place of the key.
    observer.rows(
        "alter table pgtoken.token drop constraint token_workspace_id_user_id_owner_scope_fkey;
         create function follow() returns trigger language plpgsql as $$
         begin
             perform from pgtoken.token where user_id = new.user_id for share;
             update pgtoken.token set owner_scope = new.scope where user_id = new.user_id and revoked_at is null;
             return null;
         end $$;
         create trigger follow after update on pgtoken.member for each row execute function follow();",
    );
    reducer.rows("begin isolation level repeatable read; select 1");
    actor.rows("select pgtoken.issue_token('new0', 'u0', 'full', 'w0')");
    reducer.rows("update pgtoken.member set scope = 'read' where workspace_id = 'w0'; commit");
    assert!(
        excesses(&observer)
            .iter()
            .any(|excess| excess.starts_with("new0"))
    );
}
