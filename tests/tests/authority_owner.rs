//! Authority follows the owner: what is taken from the directory is taken from its tokens, with the same commit.
use pgtoken_tests::authority::{Token, assert_no_excess, code, excesses, issue};
use pgtoken_tests::stage::{ALL_VALID, REDUCTIONS, Stage, at};
use pgtoken_tests::{Database, Session, shared};

#[test]
fn a_reduction_counts_from_its_commit_on_and_not_before() {
    let db = shared().database();
    let (writer, reader) = (Session::open(&db), Session::open(&db));
    for (n, reduction) in REDUCTIONS.iter().enumerate() {
        let stage = Stage::set(&writer, n);
        let sql = at(reduction.sql, n);
        assert_eq!(stage.codes(&reader), ALL_VALID, "before: {sql}");
        writer.rows(&format!("begin; {sql}"));
        assert_eq!(stage.codes(&writer), reduction.codes, "inside: {sql}");
        assert_eq!(stage.codes(&reader), ALL_VALID, "outside: {sql}");
        writer.rows("commit");
        assert_eq!(stage.codes(&reader), reduction.codes, "after: {sql}");
        assert_eq!(stage.states(&reader), reduction.states, "states: {sql}");
    }
    assert_no_excess(&reader);
}

#[test]
fn a_reduction_that_is_rolled_back_never_happened() {
    let db = shared().database();
    let (writer, reader) = (Session::open(&db), Session::open(&db));
    for (n, reduction) in REDUCTIONS.iter().enumerate() {
        let stage = Stage::set(&writer, n);
        let sql = at(reduction.sql, n);
        writer.rows(&format!("begin; {sql}; rollback"));
        assert_eq!(
            (stage.codes(&writer), stage.codes(&reader)),
            (ALL_VALID.to_owned(), ALL_VALID.to_owned()),
            "{sql}"
        );
        writer.rows(&format!(
            "begin; savepoint s; {sql}; rollback to savepoint s; commit"
        ));
        assert_eq!(stage.codes(&reader), ALL_VALID, "to a savepoint: {sql}");
    }
    assert_eq!(
        reader.row("select count(*) from pgtoken.event where kind in ('deleted', 'grants_lost')"),
        "0"
    );
    assert_no_excess(&reader);
}

#[test]
fn a_transaction_with_its_own_snapshot_keeps_what_it_saw_and_the_next_one_does_not() {
    let db = shared().database();
    let (writer, reader) = (Session::open(&db), Session::open(&db));
    for (n, reduction) in REDUCTIONS.iter().enumerate() {
        let stage = Stage::set(&writer, n);
        let sql = at(reduction.sql, n);
        reader.rows("begin isolation level repeatable read; select 1");
        writer.rows(&sql);
        assert_eq!(stage.codes(&reader), ALL_VALID, "old snapshot: {sql}");
        reader.rows("commit");
        assert_eq!(stage.codes(&reader), reduction.codes, "new snapshot: {sql}");
    }
}

#[test]
fn a_reduction_of_many_rows_at_once_reaches_every_token() {
    let db = shared().database();
    let session = Session::open(&db);
    let stages: Vec<Stage> = (0..3).map(|n| Stage::set(&session, n)).collect();
    session.rows("update pgtoken.member set scope = 'read' where workspace_id like 'w%'");
    for stage in &stages {
        assert_eq!(
            stage.codes(&session),
            "insufficient_scope valid insufficient_scope insufficient_scope valid"
        );
    }
    assert_no_excess(&session);
    session.rows("delete from pgtoken.app_user");
    assert_eq!(session.row("select count(*) from pgtoken.token"), "0");
    assert_no_excess(&session);
}

#[test]
fn what_is_given_back_revives() {
    let db = shared().database();
    let session = Session::open(&db);
    let restorations = [
        (
            "update pgtoken.app_user set disabled_at = now() where user_id = 'u§'",
            "update pgtoken.app_user set disabled_at = null where user_id = 'u§'",
        ),
        (
            "update pgtoken.workspace set disabled_at = now() where workspace_id = 'w§'",
            "update pgtoken.workspace set disabled_at = null where workspace_id = 'w§'",
        ),
        (
            "update pgtoken.member set scope = 'read' where workspace_id = 'w§'",
            "update pgtoken.member set scope = 'full' where workspace_id = 'w§'",
        ),
        (
            "delete from pgtoken.member where workspace_id = 'w§'",
            "insert into pgtoken.member (workspace_id, user_id, scope) values ('w§', 'u§', 'full')",
        ),
    ];
    for (n, (reduction, restoration)) in restorations.iter().enumerate() {
        let stage = Stage::set(&session, n);
        session.rows(&at(reduction, n));
        assert_ne!(stage.codes(&session), ALL_VALID, "{reduction}");
        session.rows(&at(restoration, n));
        assert_eq!(stage.codes(&session), ALL_VALID, "{restoration}");
    }
    assert_no_excess(&session);
}

#[test]
fn who_rejoins_with_less_finds_tokens_with_less() {
    let db = shared().database();
    let session = Session::open(&db);
    let stage = Stage::set(&session, 0);
    session.rows(
        "delete from pgtoken.member where workspace_id = 'w0';
         insert into pgtoken.member (workspace_id, user_id, scope) values ('w0', 'u0', 'read')",
    );
    assert_eq!(
        stage.codes(&session),
        "insufficient_scope valid insufficient_scope insufficient_scope valid"
    );
    let scope = format!(
        "select scope from pgtoken.verify_token('{}')",
        stage.ladder.text
    );
    assert_eq!(session.row(&scope), "read");
    session.rows("update pgtoken.member set scope = 'full' where workspace_id = 'w0'");
    assert_eq!(stage.codes(&session), ALL_VALID);
    assert_no_excess(&session);
}

#[test]
fn who_leaves_and_rejoins_in_one_transaction_is_followed() {
    let db = shared().database();
    let session = Session::open(&db);
    let stage = Stage::set(&session, 0);
    session.rows(
        "begin;
         delete from pgtoken.member where workspace_id = 'w0';
         insert into pgtoken.member (workspace_id, user_id, scope) values ('w0', 'u0', 'full');
         update pgtoken.member set scope = 'write' where workspace_id = 'w0';
         commit",
    );
    assert_eq!(
        stage.codes(&session),
        "insufficient_scope valid valid valid valid"
    );
    assert_no_excess(&session);
}

#[test]
fn a_target_or_zone_that_comes_back_brings_no_grants() {
    let db = shared().database();
    let session = Session::open(&db);
    let ways = [
        "delete from pgtoken.zone where target_id = 't§';
         insert into pgtoken.zone (target_id, zone_id) values ('t§', 'main'), ('t§', 'side')",
        "delete from pgtoken.target where target_id = 't§';
         insert into pgtoken.target (target_id, workspace_id) values ('t§', 'w§');
         insert into pgtoken.zone (target_id, zone_id) values ('t§', 'main')",
        "update pgtoken.target set workspace_id = 'elsewhere§' where target_id = 't§';
         update pgtoken.target set workspace_id = 'w§' where target_id = 't§'",
    ];
    for (n, way) in ways.iter().enumerate() {
        let stage = Stage::set(&session, n);
        session.rows(&at(way, n));
        let zoned = code(&session, &stage.zoned, &format!(", target => 't{n}'"));
        assert_eq!(zoned, "target_forbidden", "{way}");
        // A zone doesn't matter to who was granted the whole target, and that one stayed where only zones went.
        let whole = code(&session, &stage.whole, &format!(", target => 't{n}'"));
        let expected = if n == 0 { "valid" } else { "target_forbidden" };
        assert_eq!(whole, expected, "{way}");
    }
    assert_no_excess(&session);
}

#[test]
fn the_last_zone_of_a_target_takes_the_target_along_and_leaves_the_others() {
    let db = shared().database();
    let session = Session::open(&db);
    Stage::set(&session, 0);
    session.rows("insert into pgtoken.target (target_id, workspace_id) values ('roof', 'w0')");
    let both = issue(
        &session,
        "'both', 'u0', 'agency', 'w0', grants => '{\"t0\": [\"main\", \"side\"], \"roof\": true}'",
    );
    let asked = |zone: &str| code(&session, &both, &format!(", target => 't0'{zone}"));
    assert_eq!(asked(""), "zone_required");
    session.rows("delete from pgtoken.zone where target_id = 't0' and zone_id = 'main'");
    assert_eq!(
        (
            asked(""),
            asked(", zone => 'main'"),
            asked(", zone => 'side'")
        ),
        (
            "valid".to_owned(),
            "zone_forbidden".to_owned(),
            "valid".to_owned()
        )
    );
    session.rows("delete from pgtoken.zone where target_id = 't0'");
    assert_eq!(
        (asked(""), asked(", zone => 'side'")),
        ("target_forbidden".to_owned(), "target_forbidden".to_owned())
    );
    assert_eq!(code(&session, &both, ", target => 'roof'"), "valid");
    assert_no_excess(&session);
}

#[test]
fn permissions_count_only_while_the_owner_holds_what_they_need() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(
        "insert into pgtoken.permission (name, member_scope) values ('publish', 'write'), ('view', null)",
    );
    Stage::set(&session, 0);
    let token = issue(
        &session,
        "'words', 'u0', null, 'w0', permissions => '{publish, view}'",
    );
    let publish = ", permissions => '{publish}'";
    let view = ", permissions => '{view}'";
    assert_eq!(code(&session, &token, publish), "valid");
    session.rows("update pgtoken.member set scope = 'read' where workspace_id = 'w0'");
    assert_eq!(code(&session, &token, publish), "insufficient_permissions");
    assert_eq!(code(&session, &token, view), "valid");
    assert_no_excess(&session);
    session.rows("update pgtoken.member set scope = 'write' where workspace_id = 'w0'");
    assert_eq!(code(&session, &token, publish), "valid");
    session.rows("update pgtoken.permission set member_scope = 'full' where name = 'publish'");
    assert_eq!(code(&session, &token, publish), "insufficient_permissions");
    assert_no_excess(&session);
}

/// Where and since when the row of each revoked token is.
fn places(session: &Session) -> Vec<String> {
    session
        .rows("select id, xmin, ctid from pgtoken.token where revoked_at is not null order by id")
}

#[test]
fn revoked_tokens_rest_while_their_owner_changes() {
    let db = shared().database();
    let session = Session::open(&db);
    let stage = Stage::set(&session, 0);
    for token in [&stage.ladder, &stage.zoned, &stage.free] {
        session.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    }
    let before = places(&session);
    assert_eq!(before.len(), 3);
    session.rows(
        "update pgtoken.member set scope = 'read' where workspace_id = 'w0';
         update pgtoken.member set scope = 'full' where workspace_id = 'w0';
         delete from pgtoken.member where workspace_id = 'w0';
         insert into pgtoken.member (workspace_id, user_id, scope) values ('w0', 'u0', 'full');
         update pgtoken.app_user set disabled_at = now();
         update pgtoken.app_user set disabled_at = null;
         update pgtoken.workspace set disabled_at = now();
         update pgtoken.workspace set disabled_at = null;
         delete from pgtoken.target",
    );
    assert_eq!(places(&session), before);
    assert_no_excess(&session);
}

#[test]
fn a_change_that_changes_no_authority_touches_no_token() {
    let db = shared().database();
    let session = Session::open(&db);
    Stage::set(&session, 0);
    let places = || session.rows("select id, xmin, ctid from pgtoken.token order by id");
    let before = places();
    session.rows(
        "update pgtoken.member set scope = scope, manages_tokens = true;
         update pgtoken.app_user set name = 'Ada', email = 'ada@example.com', disabled_at = disabled_at;
         update pgtoken.workspace set name = 'Acme';
         update pgtoken.target set name = 'Lobby';
         update pgtoken.zone set name = 'Main'",
    );
    assert_eq!(places(), before);
}

#[test]
fn a_token_of_another_workspace_or_owner_is_not_reached() {
    let db = shared().database();
    let session = Session::open(&db);
    let (one, other) = (Stage::set(&session, 0), Stage::set(&session, 1));
    let elsewhere = issue(&session, "'elsewhere', 'u0', 'full', 'elsewhere0'");
    session.rows(
        "update pgtoken.member set scope = 'read' where workspace_id = 'w0';
         update pgtoken.workspace set disabled_at = now() where workspace_id = 'w0'",
    );
    assert_ne!(one.codes(&session), ALL_VALID);
    assert_eq!(other.codes(&session), ALL_VALID);
    assert_eq!(code(&session, &elsewhere, ", scope => 'full'"), "valid");
    assert_no_excess(&session);
}

#[test]
fn a_service_user_goes_with_its_workspace() {
    let db = shared().database();
    let session = Session::open(&db);
    Stage::set(&session, 0);
    session.rows(
        "insert into pgtoken.app_user (user_id, service_of) values ('robot', 'w0');
         insert into pgtoken.member (workspace_id, user_id, scope)
         values ('w0', 'robot', 'write'), ('elsewhere0', 'robot', 'write')",
    );
    let home = issue(&session, "'home', 'robot', 'write', 'w0'");
    let away = issue(&session, "'away', 'robot', 'write', 'elsewhere0'");
    session.rows("delete from pgtoken.workspace where workspace_id = 'w0'");
    assert_eq!(code(&session, &home, ""), "not_found");
    assert_eq!(code(&session, &away, ""), "not_found");
    assert_no_excess(&session);
}

#[test]
fn an_imported_token_of_an_owner_with_too_little_waits_for_more() {
    let db = shared().database();
    let session = Session::open(&db);
    session.rows(
        "insert into pgtoken.workspace (workspace_id) values ('w');
         insert into pgtoken.app_user (user_id, disabled_at) values ('u', now());
         select pgtoken.import_token(sha256('st_old'), 'u', 'old', 'st_', 'full', 'w')",
    );
    let old = Token {
        id: session.row("select id from pgtoken.token"),
        text: "st_old".to_owned(),
    };
    let asked = || code(&session, &old, ", scope => 'full'");
    assert_eq!(asked(), "owner_disabled");
    session.rows("update pgtoken.app_user set disabled_at = null");
    assert_eq!(asked(), "not_a_member");
    session.rows(
        "insert into pgtoken.member (workspace_id, user_id, scope) values ('w', 'u', 'write')",
    );
    assert_eq!(asked(), "insufficient_scope");
    session.rows("update pgtoken.member set scope = 'full'");
    assert_eq!(asked(), "valid");
    assert_no_excess(&session);
}

/// What bites: without the key that a reduction travels by, these claims fail.
#[test]
fn the_checker_sees_what_the_keys_prevent() {
    let broken = |key: &str, reduction: &str| {
        let db: Database<'_> = shared().database();
        let session = Session::open(&db);
        Stage::set(&session, 0);
        session.rows(&format!(
            "alter table pgtoken.token drop constraint {key}; {}",
            at(reduction, 0)
        ));
        !excesses(&session).is_empty()
    };
    assert!(broken(
        "token_user_id_owner_enabled_fkey",
        REDUCTIONS[0].sql
    ));
    assert!(broken(
        "token_workspace_id_user_id_owner_scope_fkey",
        REDUCTIONS[3].sql
    ));
    assert!(broken(
        "token_workspace_id_user_id_owner_scope_fkey",
        REDUCTIONS[4].sql
    ));
    assert!(broken(
        "token_workspace_id_workspace_enabled_fkey",
        REDUCTIONS[5].sql
    ));
}
