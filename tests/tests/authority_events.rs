//! The log: one event for each token touched, in the same transaction, by whom, and without secrets.
use pgtoken_tests::authority::{Token, assert_no_excess, issue};
use pgtoken_tests::{Database, Session, shared};

const DIRECTORY: &str = "
    insert into pgtoken.workspace (workspace_id) values ('w'), ('elsewhere');
    insert into pgtoken.app_user (user_id) values ('u'), ('v');
    insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
    values ('w', 'u', 'full', false), ('w', 'v', 'full', true), ('elsewhere', 'u', 'full', false);
    insert into pgtoken.target (target_id, workspace_id) values ('t1', 'w'), ('t2', 'w'), ('t3', 'w');
    insert into pgtoken.zone (target_id, zone_id)
    values ('t1', 'a'), ('t1', 'b'), ('t2', 'a'), ('t3', 'a')";

/// A database with that directory, an administrator, and three tokens.
struct Stage {
    db: Database<'static>,
    session: Session,
    ladder: Token,
    zoned: Token,
    whole: Token,
}

impl Stage {
    #[track_caller]
    fn set() -> Stage {
        let db = shared().database();
        let session = Session::open(&db);
        session.rows(DIRECTORY);
        Stage {
            ladder: issue(&session, "'ladder', 'u', 'full', 'w'"),
            zoned: issue(
                &session,
                "'zoned', 'u', 'agency', 'w', grants => '{\"t1\": [\"a\", \"b\"], \"t2\": [\"a\"]}'",
            ),
            whole: issue(
                &session,
                "'whole', 'v', 'agency', 'w', grants => '{\"t1\": true, \"t3\": [\"a\"]}'",
            ),
            session,
            db,
        }
    }

    /// The statement with `$ladder`, `$zoned` and `$whole` as their ids and `$secret` as the text of the first.
    fn fill(&self, sql: &str) -> String {
        sql.replace("$ladder", &self.ladder.id)
            .replace("$zoned", &self.zoned.id)
            .replace("$whole", &self.whole.id)
            .replace("$secret", &self.ladder.text)
    }

    /// The name of the token and the kind of each event that a statement writes.
    #[track_caller]
    fn events_of(&self, sql: &str) -> Vec<String> {
        let before = self
            .session
            .row("select coalesce(max(at), '-infinity') from pgtoken.event");
        self.session.rows(&self.fill(sql));
        self.session.rows(&format!(
            "select token_name, kind from pgtoken.event where at > '{before}' order by at"
        ))
    }
}

/// What an act writes.
const ACTS: &[(&str, &[&str])] = &[
    (
        "select pgtoken.issue_token('new', 'u', 'read', 'w')",
        &["new|issued"],
    ),
    (
        "select pgtoken.issue_token('new', 'u', 'agency', 'w', grants => '{\"t1\": [\"a\"], \"t2\": true}')",
        &["new|issued"],
    ),
    (
        "select pgtoken.issue_token('new', 'u', 'read', request_id => 'r'); select pgtoken.issue_token('new', 'u', 'read', request_id => 'r')",
        &["new|issued"],
    ),
    (
        "select pgtoken.import_token(sha256('x'), 'u', 'old', 'st_', 'full', 'w')",
        &["old|imported"],
    ),
    (
        "select pgtoken.import_token(sha256('x'), 'u', 'old', 'st_', revoked_at => now())",
        &["old|imported"],
    ),
    (
        "select pgtoken.import_token(sha256('x'), 'u', 'old', 'st_'); select pgtoken.import_token(sha256('x'), 'u', 'old', 'st_')",
        &["old|imported"],
    ),
    (
        "select pgtoken.update_token('$ladder', name => 'renamed')",
        &["renamed|updated"],
    ),
    (
        "select pgtoken.update_token('$ladder', enabled => false)",
        &["ladder|updated"],
    ),
    ("select pgtoken.update_token('$ladder')", &[]),
    (
        "select pgtoken.update_token('$ladder', enabled => true)",
        &[],
    ),
    (
        "select pgtoken.rotate_token('$ladder')",
        &["ladder|rotated", "ladder|issued"],
    ),
    (
        "select pgtoken.rotate_token('$zoned', overlap => '1 hour')",
        &["zoned|rotated", "zoned|issued"],
    ),
    (
        "select pgtoken.revoke_token('$ladder')",
        &["ladder|revoked"],
    ),
    (
        "select pgtoken.revoke_token('$ladder'); select pgtoken.revoke_token('$ladder', 'again')",
        &["ladder|revoked"],
    ),
    (
        "select pgtoken.revoke_secret('$secret')",
        &["ladder|revoked"],
    ),
    (
        "select pgtoken.revoke_secret('$secret'); select pgtoken.revoke_secret('$secret')",
        &["ladder|revoked"],
    ),
    (
        "select pgtoken.revoke_tokens(user_id => 'u')",
        &["ladder|revoked", "zoned|revoked"],
    ),
    (
        "select pgtoken.revoke_tokens(workspace_id => 'w')",
        &["ladder|revoked", "zoned|revoked", "whole|revoked"],
    ),
    (
        "select pgtoken.revoke_tokens(workspace_id => 'w', dry_run => true)",
        &[],
    ),
    (
        "select pgtoken.grant_zones('$zoned', '{\"t1\": true}')",
        &["zoned|grants_replaced"],
    ),
    (
        "select pgtoken.grant_zones('$zoned', '{\"t3\": [\"a\"]}')",
        &["zoned|grants_replaced"],
    ),
    (
        "select pgtoken.revoke_token('$ladder'); select pgtoken.purge_tokens('infinity')",
        &["ladder|revoked", "ladder|deleted"],
    ),
    (
        "select pgtoken.revoke_tokens(workspace_id => 'w'); select pgtoken.purge_tokens('infinity', 2)",
        &[
            "ladder|revoked",
            "zoned|revoked",
            "whole|revoked",
            "ladder|deleted",
            "zoned|deleted",
        ],
    ),
    (
        "delete from pgtoken.app_user where user_id = 'u'",
        &["ladder|deleted", "zoned|deleted"],
    ),
    (
        "delete from pgtoken.app_user",
        &["ladder|deleted", "zoned|deleted", "whole|deleted"],
    ),
    (
        "delete from pgtoken.workspace where workspace_id = 'w'",
        &["ladder|deleted", "zoned|deleted", "whole|deleted"],
    ),
    (
        "delete from pgtoken.workspace",
        &["ladder|deleted", "zoned|deleted", "whole|deleted"],
    ),
    (
        "delete from pgtoken.target where target_id = 't1'",
        &["zoned|grants_lost", "whole|grants_lost"],
    ),
    (
        "delete from pgtoken.target",
        &["zoned|grants_lost", "whole|grants_lost"],
    ),
    (
        "delete from pgtoken.target where target_id = 't2'",
        &["zoned|grants_lost"],
    ),
    (
        "delete from pgtoken.zone where target_id = 't1' and zone_id = 'a'",
        &["zoned|grants_lost"],
    ),
    (
        "delete from pgtoken.zone",
        &["zoned|grants_lost", "whole|grants_lost"],
    ),
    (
        "update pgtoken.target set workspace_id = 'elsewhere' where target_id = 't1'",
        &["zoned|grants_lost", "whole|grants_lost"],
    ),
    ("update pgtoken.target set workspace_id = 'w'", &[]),
    (
        "select pgtoken.put_targets('w', '[\"t2\"]')",
        &["zoned|grants_lost", "whole|grants_lost"],
    ),
    (
        "select pgtoken.put_zones('t1', '[]')",
        &["zoned|grants_lost"],
    ),
    ("select pgtoken.put_members('w', '[]')", &[]),
    ("update pgtoken.member set scope = 'read'", &[]),
    ("update pgtoken.app_user set disabled_at = now()", &[]),
    (
        "insert into pgtoken.target (target_id, workspace_id) values ('t9', 'w')",
        &[],
    ),
    (
        "select pgtoken.verify_token('$secret'); select pgtoken.inspect_token('$secret')",
        &[],
    ),
];

#[test]
fn every_act_writes_one_event_for_each_token_it_touches() {
    let stage = Stage::set();
    for (act, expected) in ACTS {
        stage.session.rows("begin");
        assert_eq!(&stage.events_of(act), expected, "{act}");
        assert_no_excess(&stage.session);
        stage.session.rows("rollback");
    }
}

#[test]
fn events_are_rolled_back_with_what_they_tell_of() {
    let stage = Stage::set();
    for (act, _) in ACTS {
        let written = stage.events_of(&format!("begin; {act}; rollback"));
        assert!(written.is_empty(), "{act}: {written:?}");
    }
    assert_eq!(stage.session.row("select count(*) from pgtoken.event"), "3");
}

#[test]
fn an_act_that_is_refused_writes_no_event() {
    let stage = Stage::set();
    for act in [
        "select pgtoken.issue_token('new', 'nobody', 'read', 'w')",
        "select pgtoken.issue_token('new', 'u', 'agency', 'w', grants => '{\"t1\": true, \"nothing\": true}')",
        "select pgtoken.grant_zones('$zoned', '{\"t1\": [\"a\", \"nothing\"]}')",
        "select pgtoken.grant_zones('$ladder', '{\"t1\": true}')",
        "select pgtoken.update_token('$ladder', name => '')",
        "select pgtoken.rotate_token('$whole', as_user => 'u')",
    ] {
        stage.session.error(&stage.fill(act));
    }
    assert_eq!(stage.session.row("select count(*) from pgtoken.event"), "3");
    assert_no_excess(&stage.session);
}

#[test]
fn events_tell_what_changed() {
    let stage = Stage::set();
    let last = |act: &str| {
        stage.session.rows(&stage.fill(act));
        stage
            .session
            .row("select detail from pgtoken.event order by at desc limit 1")
    };
    assert_eq!(
        last("select pgtoken.grant_zones('$zoned', '{\"t1\": [\"a\"]}')"),
        r#"{"after": {"t1": ["a"]}, "before": {"t1": ["a", "b"], "t2": ["a"]}}"#
    );
    assert_eq!(
        last("delete from pgtoken.zone where target_id = 't1' and zone_id = 'a'"),
        r#"{"lost": [{"zone_id": "a", "target_id": "t1"}]}"#
    );
    assert_eq!(
        last("delete from pgtoken.target where target_id = 't1'"),
        r#"{"lost": [{"target_id": "t1"}]}"#
    );
    assert_eq!(
        last("select pgtoken.revoke_token('$ladder', 'left the company')"),
        r#"{"reason": "left the company"}"#
    );
    assert_eq!(
        stage.session.row(
            "select distinct token_name, user_id, workspace_id from pgtoken.event where kind = 'revoked'"
        ),
        "ladder|u|w"
    );
}

#[test]
fn events_outlive_their_tokens_and_owners() {
    let stage = Stage::set();
    stage.session.rows(&stage.fill(
        "select pgtoken.revoke_token('$ladder');
         select pgtoken.purge_tokens('infinity');
         delete from pgtoken.workspace; delete from pgtoken.app_user",
    ));
    assert_eq!(
        stage.session.rows(&stage.fill(
            "select kind, user_id, workspace_id from pgtoken.event where token_id = '$ladder' order by at"
        )),
        ["issued|u|w", "revoked|u|w", "deleted|u|w"]
    );
    assert_no_excess(&stage.session);
}

/// Actor and login role of the last event.
#[track_caller]
fn last_actor(stage: &Stage) -> String {
    stage
        .session
        .row("select actor, login_role from pgtoken.event order by at desc limit 1")
}

#[test]
fn the_actor_is_the_argument_else_the_setting_else_the_user_else_the_role() {
    let stage = Stage::set();
    let admin = Session::of(stage.db.client_as("pgtoken_admin"));
    let update = |n: usize, arguments: &str| {
        let sql = format!(
            "select pgtoken.update_token('{}', name => 'n{n}'{arguments})",
            stage.ladder.id
        );
        admin.rows(&sql);
        last_actor(&stage)
    };
    let login = "as_pgtoken_admin";
    assert_eq!(update(1, ""), format!("{login}|{login}"));
    assert_eq!(update(2, ", as_user => 'u'"), format!("u|{login}"));
    admin.rows("set pgtoken.actor = 'ada@example.com'");
    assert_eq!(update(3, ""), format!("ada@example.com|{login}"));
    assert_eq!(
        update(4, ", as_user => 'u'"),
        format!("ada@example.com|{login}")
    );
    assert_eq!(
        update(5, ", as_user => 'u', actor => 'bea'"),
        format!("bea|{login}")
    );
    admin.rows("set pgtoken.actor = ''");
    assert_eq!(update(6, ""), format!("{login}|{login}"));
    admin.rows("set role pgtoken_admin");
    assert_eq!(update(7, ""), format!("pgtoken_admin|{login}"));
}

#[test]
fn the_actor_of_a_cascade_is_the_setting_else_the_role() {
    let stage = Stage::set();
    let directory = Session::of(stage.db.client_as("pgtoken_directory"));
    let login = "as_pgtoken_directory";
    directory.rows("delete from pgtoken.zone where target_id = 't2'");
    assert_eq!(last_actor(&stage), format!("{login}|{login}"));
    directory.rows("set pgtoken.actor = 'sync'; delete from pgtoken.zone where target_id = 't3'");
    assert_eq!(last_actor(&stage), format!("sync|{login}"));
    directory.rows("reset pgtoken.actor; select pgtoken.put_zones('t1', '[\"b\"]')");
    assert_eq!(last_actor(&stage), format!("{login}|{login}"));
    directory.rows("set role pgtoken_directory; delete from pgtoken.app_user where user_id = 'u'");
    assert_eq!(last_actor(&stage), format!("pgtoken_directory|{login}"));
    // A setting that no function takes as an argument doesn't stop a cascade, and isn't written down either.
    directory.rows(
        "set pgtoken.actor = E'two\\nlines'; delete from pgtoken.app_user where user_id = 'v'",
    );
    assert_eq!(last_actor(&stage), format!("pgtoken_directory|{login}"));
}

#[test]
fn an_actor_that_is_no_id_is_refused_by_functions() {
    let stage = Stage::set();
    for (set, actor) in [
        ("", ", actor => ''"),
        ("", ", actor => E'two\\nlines'"),
        ("", ", actor => repeat('x', 201)"),
        ("set pgtoken.actor = E'two\\nlines'; ", ""),
    ] {
        let error = stage.session.error(&format!(
            "{set}select pgtoken.update_token('{}', name => 'x'{actor})",
            stage.ladder.id
        ));
        assert_eq!(error.code, "22023", "{set}{actor}: {error}");
    }
}

#[test]
fn events_say_where_the_call_came_from() {
    let stage = Stage::set();
    let login = shared().login(&["pgtoken_admin"]);
    let client =
        postgres::Client::connect(&stage.db.url(&login), postgres::NoTls).expect("connect");
    let remote = Session::of(client);
    remote.rows(&stage.fill(
        "set application_name = 'nightly';
         select pgtoken.revoke_token('$ladder');
         delete from pgtoken.zone where target_id = 't2'",
    ));
    assert_eq!(
        stage.session.rows(
            "select kind, login_role, application_name, host(client_addr) from pgtoken.event
             where kind <> 'issued' order by at"
        ),
        [
            "revoked|as_pgtoken_admin|nightly|127.0.0.1",
            "grants_lost|as_pgtoken_admin|nightly|127.0.0.1"
        ]
    );
    assert_eq!(
        stage.session.row(
            "select count(*) from pgtoken.event where kind = 'issued' and client_addr is null"
        ),
        "3"
    );
}

#[test]
fn no_event_holds_a_secret_or_a_digest() {
    let stage = Stage::set();
    for (act, _) in ACTS.iter().filter(|(act, _)| !act.contains("delete")) {
        // Some refuse what an earlier one ended; what they wrote stays.
        let _ = stage.session.attempt(&stage.fill(act));
    }
    for secret in [&stage.ladder, &stage.zoned, &stage.whole] {
        let (_, random) = secret.text.rsplit_once('_').expect("a token has a prefix");
        let found = stage.session.rows(&format!(
            "select kind from pgtoken.event as e
             where e::text like '%' || substr('{random}', 7) || '%'
                or e::text like '%' || substr('{random}', 1, 20) || '%'
                or e::text ilike '%' || encode(sha256('{}'), 'hex') || '%'
                or e::text like '%' || encode(sha256('{}'), 'base64') || '%'",
            secret.text, secret.text
        ));
        assert!(found.is_empty(), "{found:?}");
    }
    let digests = stage.session.rows(
        "select e.kind from pgtoken.event as e, pgtoken.token as t
         where e::text ilike '%' || encode(t.digest, 'hex') || '%'
            or e::text like '%' || substr(encode(t.digest, 'base64'), 1, 40) || '%'",
    );
    assert!(digests.is_empty(), "{digests:?}");
    assert_ne!(stage.session.row("select count(*) from pgtoken.event"), "3");
}

#[test]
fn no_granted_role_writes_or_deletes_events() {
    let stage = Stage::set();
    for role in [
        "pgtoken_verifier",
        "pgtoken_issuer",
        "pgtoken_directory",
        "pgtoken_auditor",
        "pgtoken_admin",
    ] {
        let session = Session::of(stage.db.client_as(role));
        for statement in [
            "insert into pgtoken.event (kind, actor) values ('issued', 'me')",
            "update pgtoken.event set actor = 'somebody else'",
            "delete from pgtoken.event",
            "truncate pgtoken.event",
            "select pgtoken.purge_events(now())",
            "select pgtoken_internal.record_event('issued', '{}', 'me', '{}')",
            "alter table pgtoken.event disable trigger all",
            "set session_replication_role = replica",
        ] {
            let error = session.error(statement);
            assert_eq!(error.code, "42501", "{role}: {statement}: {error}");
        }
    }
    assert_eq!(stage.session.row("select count(*) from pgtoken.event"), "3");
}

#[test]
fn revoked_tokens_lose_their_grants_in_silence() {
    let stage = Stage::set();
    stage
        .session
        .rows(&stage.fill("select pgtoken.revoke_token('$zoned')"));
    assert_eq!(
        stage.events_of("delete from pgtoken.target where target_id = 't1'"),
        ["whole|grants_lost"]
    );
}

#[test]
fn an_event_of_a_change_in_the_same_transaction_has_the_state_of_its_time() {
    let stage = Stage::set();
    let events = stage.events_of(
        "begin;
         select pgtoken.update_token('$ladder', name => 'first');
         select pgtoken.update_token('$ladder', name => 'second');
         delete from pgtoken.app_user where user_id = 'u';
         commit",
    );
    assert_eq!(
        events,
        [
            "first|updated",
            "second|updated",
            "second|deleted",
            "zoned|deleted"
        ]
    );
}
