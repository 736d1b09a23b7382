//! put_members, put_targets and put_zones: the set becomes what is given, and what stays is not touched.
use pgtoken_tests::authority::{Token, assert_no_excess, code, issue};
use pgtoken_tests::{Database, Session, shared};

/// Workspace `w` with four members, three targets and four zones; tokens of `u1` and grants of all targets.
struct Stage {
    db: Database<'static>,
    /// A superuser.
    admin: Session,
    /// A member of pgtoken_directory and of nothing else.
    directory: Session,
    ladder: Token,
    confined: Token,
}

impl Stage {
    #[track_caller]
    fn set() -> Stage {
        let db = shared().database();
        let admin = Session::open(&db);
        admin.rows(
            "insert into pgtoken.workspace (workspace_id) values ('w'), ('elsewhere');
             insert into pgtoken.app_user (user_id) values ('u1'), ('u2'), ('u3'), ('u4'), ('u5');
             insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens)
             values ('w', 'u1', 'full', true), ('w', 'u2', 'write', false), ('w', 'u3', 'read', false);
             insert into pgtoken.target (target_id, workspace_id, name)
             values ('t1', 'w', 'One'), ('t2', 'w', 'Two'), ('t3', 'w', null), ('away', 'elsewhere', null);
             insert into pgtoken.zone (target_id, zone_id, name)
             values ('t1', 'a', 'A'), ('t1', 'b', null), ('t1', 'c', null), ('t2', 'a', null)",
        );
        let ladder = issue(&admin, "'ladder', 'u1', 'full', 'w'");
        let confined = issue(
            &admin,
            "'confined', 'u1', 'agency', 'w', grants => '{\"t1\": [\"a\", \"b\"], \"t2\": true, \"t3\": true}'",
        );
        Stage {
            directory: Session::of(db.client_as("pgtoken_directory")),
            db,
            admin,
            ladder,
            confined,
        }
    }

    #[track_caller]
    fn put(&self, call: &str) -> String {
        self.directory.row(&format!("select * from pgtoken.{call}"))
    }

    #[track_caller]
    fn grants(&self) -> String {
        self.admin
            .row("select grants from pgtoken.tokens where name = 'confined'")
    }

    /// Where and since when every row of the directory, of tokens and grants is.
    #[track_caller]
    fn places(&self) -> Vec<String> {
        [
            "workspace",
            "app_user",
            "member",
            "target",
            "zone",
            "token",
            "token_target",
            "token_zone",
        ]
        .iter()
        .flat_map(|table| {
            self.admin.rows(&format!(
                "select '{table}', ctid, xmin, t from pgtoken.{table} as t order by ctid"
            ))
        })
        .collect()
    }
}

#[test]
fn members_become_what_is_given() {
    let stage = Stage::set();
    let counts = stage.put(
        "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"write\", \"manages_tokens\": true},
                            {\"user_id\": \"u2\", \"scope\": \"write\"},
                            {\"user_id\": \"u4\", \"scope\": \"read\"},
                            {\"user_id\": \"u5\", \"scope\": \"full\", \"manages_tokens\": true}]')",
    );
    assert_eq!(counts, "2|1|1");
    assert_eq!(
        stage.admin.rows(
            "select user_id, scope, manages_tokens from pgtoken.member where workspace_id = 'w' order by 1"
        ),
        ["u1|write|t", "u2|write|f", "u4|read|f", "u5|full|t"]
    );
    let asked = code(&stage.admin, &stage.ladder, ", scope => 'full'");
    assert_eq!(asked, "insufficient_scope");
    assert_eq!(
        code(&stage.admin, &stage.ladder, ", scope => 'write'"),
        "valid"
    );
    assert_no_excess(&stage.admin);
}

#[test]
fn an_absent_manages_tokens_is_false() {
    let stage = Stage::set();
    assert_eq!(
        stage.put("put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"full\"}]')"),
        "0|1|2"
    );
    assert_eq!(
        stage
            .admin
            .row("select manages_tokens from pgtoken.member where workspace_id = 'w'"),
        "f"
    );
    assert_eq!(
        code(&stage.admin, &stage.ladder, ", scope => 'full'"),
        "valid"
    );
}

#[test]
fn an_empty_set_removes_all_and_tokens_wait() {
    let stage = Stage::set();
    assert_eq!(stage.put("put_members('w', '[]')"), "0|0|3");
    assert_eq!(code(&stage.admin, &stage.ladder, ""), "not_a_member");
    assert_eq!(
        stage.put("put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\"}]')"),
        "1|0|0"
    );
    assert_eq!(
        code(&stage.admin, &stage.ladder, ", scope => 'read'"),
        "valid"
    );
    assert_eq!(
        code(&stage.admin, &stage.ladder, ", scope => 'full'"),
        "insufficient_scope"
    );
    assert_no_excess(&stage.admin);
}

#[test]
fn targets_become_what_is_given_and_grants_of_the_others_stay() {
    let stage = Stage::set();
    let counts = stage.put(
        "put_targets('w', '[\"t1\", {\"target_id\": \"t3\", \"name\": \"Three\"}, {\"target_id\": \"t4\", \"name\": \"Four\"}]')",
    );
    assert_eq!(counts, "1|1|1");
    assert_eq!(
        stage
            .admin
            .rows("select target_id, workspace_id, name from pgtoken.target order by 1"),
        ["away|elsewhere|∅", "t1|w|One", "t3|w|Three", "t4|w|Four"]
    );
    assert_eq!(stage.grants(), r#"{"t1": ["a", "b"], "t3": true}"#);
    assert_eq!(
        stage
            .admin
            .rows("select token_name, detail from pgtoken.event where kind = 'grants_lost'"),
        [r#"confined|{"lost": [{"target_id": "t2"}]}"#]
    );
    assert_no_excess(&stage.admin);
}

#[test]
fn zones_become_what_is_given_and_grants_of_the_others_stay() {
    let stage = Stage::set();
    let counts = stage.put(
        "put_zones('t1', '[{\"zone_id\": \"b\", \"name\": \"Bee\"}, \"c\", \"d\", {\"zone_id\": \"e\", \"name\": null}]')",
    );
    assert_eq!(counts, "2|1|1");
    assert_eq!(
        stage
            .admin
            .rows("select zone_id, name from pgtoken.zone where target_id = 't1' order by 1"),
        ["b|Bee", "c|∅", "d|∅", "e|∅"]
    );
    assert_eq!(stage.grants(), r#"{"t1": ["b"], "t2": true, "t3": true}"#);
    assert_eq!(stage.put("put_zones('t1', '[]')"), "0|0|4");
    assert_eq!(stage.grants(), r#"{"t2": true, "t3": true}"#);
    let asked = code(&stage.admin, &stage.confined, ", target => 't1'");
    assert_eq!(asked, "target_forbidden");
    assert_no_excess(&stage.admin);
}

#[test]
fn what_is_given_as_it_is_changes_no_row() {
    let stage = Stage::set();
    let before = stage.places();
    for call in [
        "put_members('w', '[{\"user_id\": \"u3\", \"scope\": \"read\"},
                            {\"user_id\": \"u2\", \"scope\": \"write\", \"manages_tokens\": false},
                            {\"user_id\": \"u1\", \"scope\": \"full\", \"manages_tokens\": true}]')",
        "put_targets('w', '[\"t3\", \"t2\", {\"target_id\": \"t1\", \"name\": \"One\"}]')",
        "put_targets('w', '[\"t1\", \"t2\", {\"target_id\": \"t3\", \"name\": null}]')",
        "put_zones('t1', '[\"c\", \"b\", {\"zone_id\": \"a\", \"name\": \"A\"}]')",
        "put_targets('elsewhere', '[\"away\"]')",
        "put_zones('t3', '[]')",
    ] {
        assert_eq!(stage.put(call), "0|0|0", "{call}");
    }
    assert_eq!(stage.places(), before);
    assert_eq!(
        stage
            .admin
            .row("select count(*) from pgtoken.event where kind <> 'issued'"),
        "0"
    );
}

#[test]
fn what_stays_is_not_touched_where_others_change() {
    let stage = Stage::set();
    let rows = |table: &str, which: &str| {
        stage.admin.rows(&format!(
            "select ctid, xmin from pgtoken.{table} where {which} order by ctid"
        ))
    };
    let kept = || {
        [
            rows("member", "user_id in ('u1', 'u3')"),
            rows("target", "target_id in ('t1', 't3')"),
            rows("zone", "zone_id in ('b', 'c')"),
            rows("token", "true"),
            rows("token_target", "target_id in ('t1', 't3')"),
            rows("token_zone", "zone_id = 'b'"),
        ]
    };
    let before = kept();
    stage.put(
        "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"full\", \"manages_tokens\": true},
                            {\"user_id\": \"u3\", \"scope\": \"read\"}, {\"user_id\": \"u4\", \"scope\": \"read\"}]')",
    );
    stage.put("put_zones('t1', '[\"b\", \"c\", \"new\"]')");
    stage.put("put_targets('w', '[\"t1\", \"t3\", \"new\"]')");
    assert_eq!(kept(), before);
    assert_no_excess(&stage.admin);
}

#[test]
fn bad_sets_are_refused_by_name_and_change_nothing() {
    let stage = Stage::set();
    let before = stage.places();
    let long = "x".repeat(201);
    for (call, message) in [
        ("put_members(null, '[]')", "workspace_id: "),
        (
            "put_members('nowhere', '[]')",
            "workspace_id: there is no workspace \"nowhere\"",
        ),
        ("put_members('', '[]')", "workspace_id: "),
        ("put_members('w')", "members: must be a JSON array"),
        ("put_members('w', null)", "members: must be a JSON array"),
        ("put_members('w', '{}')", "members: must be a JSON array"),
        ("put_members('w', 'null')", "members: must be a JSON array"),
        (
            "put_members('w', '\"u1\"')",
            "members: must be a JSON array",
        ),
        ("put_members('w', '[null]')", "members: "),
        ("put_members('w', '[1]')", "members: "),
        ("put_members('w', '[[]]')", "members: "),
        ("put_members('w', '[{}]')", "members: user_id"),
        ("put_members('w', '[\"u1\"]')", "members: scope"),
        (
            "put_members('w', '[{\"scope\": \"read\"}]')",
            "members: user_id",
        ),
        (
            "put_members('w', '[{\"user_id\": 1, \"scope\": \"read\"}]')",
            "members: user_id",
        ),
        (
            "put_members('w', '[{\"user_id\": \"\", \"scope\": \"read\"}]')",
            "members: user_id",
        ),
        (
            "put_members('w', '[{\"user_id\": \"nobody\", \"scope\": \"read\"}]')",
            "members: there is no user \"nobody\"",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\"}]')",
            "members: scope",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": null}]')",
            "members: scope",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"agency\"}]')",
            "members: scope \"agency\"",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"root\"}]')",
            "members: scope \"root\"",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": [\"read\"]}]')",
            "members: scope",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\", \"manages_tokens\": \"yes\"}]')",
            "members: manages_tokens",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\", \"manages_tokens\": null}]')",
            "members: manages_tokens",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\", \"manages\": true}]')",
            "members: unknown field \"manages\"",
        ),
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\"}, {\"user_id\": \"u1\", \"scope\": \"full\"}]')",
            "members: user_id \"u1\" is given twice",
        ),
        ("put_targets(null, '[]')", "workspace_id: "),
        (
            "put_targets('nowhere', '[]')",
            "workspace_id: there is no workspace",
        ),
        ("put_targets('w', null)", "targets: must be a JSON array"),
        (
            "put_targets('w', '[{\"target_id\": \"away\"}]')",
            "targets: target \"away\" belongs to workspace \"elsewhere\"",
        ),
        (
            "put_targets('w', '[{\"target_id\": \"t1\", \"workspace_id\": \"w\"}]')",
            "targets: unknown field",
        ),
        (
            "put_targets('w', '[{\"target_id\": \"t1\", \"name\": 1}]')",
            "targets: name",
        ),
        (
            "put_targets('w', '[\"t1\", {\"target_id\": \"t1\"}]')",
            "targets: target_id \"t1\" is given twice",
        ),
        ("put_targets('w', '[\"a\\nb\"]')", "targets: target_id"),
        (
            &format!("put_targets('w', '[\"{long}\"]')"),
            "targets: target_id",
        ),
        ("put_zones(null, '[]')", "target_id: "),
        (
            "put_zones('nowhere', '[]')",
            "target_id: there is no target \"nowhere\"",
        ),
        ("put_zones('t1', null)", "zones: must be a JSON array"),
        ("put_zones('t1', '[\"\"]')", "zones: zone_id"),
        (
            "put_zones('t1', '[{\"zone_id\": \"a\", \"name\": {}}]')",
            "zones: name",
        ),
        (
            "put_zones('t1', '[\"a\", \"a\"]')",
            "zones: zone_id \"a\" is given twice",
        ),
    ] {
        let error = stage
            .directory
            .error(&format!("select * from pgtoken.{call}"));
        assert_eq!(error.code, "22023", "{call}: {error}");
        assert!(error.message.starts_with(message), "{call}: {error}");
    }
    assert_eq!(stage.places(), before);
}

#[test]
fn only_the_directory_role_and_administrators_put() {
    let stage = Stage::set();
    let stranger = Session::of(stage.db.client_as_stranger());
    for role in ["pgtoken_verifier", "pgtoken_issuer", "pgtoken_auditor"] {
        let session = Session::of(stage.db.client_as(role));
        assert_eq!(
            session.error("select pgtoken.put_zones('t1', '[]')").code,
            "42501",
            "{role}"
        );
    }
    assert_eq!(
        stranger.error("select pgtoken.put_zones('t1', '[]')").code,
        "42501"
    );
    let administrator = Session::of(stage.db.client_as("pgtoken_admin"));
    administrator.rows("select pgtoken.put_zones('t1', '[\"a\"]')");
}

#[test]
fn the_directory_role_writes_its_tables_and_nothing_else() {
    let stage = Stage::set();
    stage.directory.rows(
        "insert into pgtoken.workspace (workspace_id) values ('mine');
         insert into pgtoken.app_user (user_id, service_of) values ('robot', 'mine');
         insert into pgtoken.member (workspace_id, user_id, scope) values ('mine', 'robot', 'full'), ('w', 'u4', 'full');
         insert into pgtoken.target (target_id, workspace_id) values ('t9', 'mine');
         insert into pgtoken.zone (target_id, zone_id) values ('t9', 'z');
         update pgtoken.member set scope = 'read' where user_id = 'u1';
         update pgtoken.app_user set disabled_at = now() where user_id = 'u2';
         update pgtoken.target set workspace_id = 'elsewhere' where target_id = 't1';
         delete from pgtoken.zone where target_id = 't2';
         delete from pgtoken.member where user_id = 'u3';
         delete from pgtoken.workspace where workspace_id = 'mine'",
    );
    assert_eq!(stage.grants(), r#"{"t2": true, "t3": true}"#);
    assert_no_excess(&stage.admin);
    stage
        .directory
        .rows("delete from pgtoken.app_user where user_id = 'u1'");
    assert_eq!(code(&stage.admin, &stage.ladder, ""), "not_found");
    assert_eq!(
        stage.admin.row(
            "select count(*) from pgtoken.event where kind = 'deleted' and actor = 'as_pgtoken_directory'"
        ),
        "2"
    );
    for statement in [
        "select from pgtoken.token",
        "delete from pgtoken.token",
        "select from pgtoken.token_target",
        "delete from pgtoken.token_zone",
        "select from pgtoken.event",
        "insert into pgtoken.event (kind, actor) values ('deleted', 'me')",
        "truncate pgtoken.zone cascade",
        "truncate pgtoken.app_user cascade",
        "insert into pgtoken.permission (name) values ('x')",
        "update pgtoken.scope set description = 'x'",
        "select pgtoken_internal.arm_triggers()",
        "select pgtoken_internal.lock_tokens_of_members('w', '{u1}')",
        "select pgtoken.issue_token('x', 'u4')",
    ] {
        assert_eq!(
            stage.directory.error(statement).code,
            "42501",
            "{statement}"
        );
    }
}

#[test]
fn a_set_is_put_with_its_transaction() {
    let stage = Stage::set();
    let before = stage.places();
    stage.directory.rows(
        "begin;
         select pgtoken.put_members('w', '[]');
         select pgtoken.put_targets('w', '[]');
         rollback",
    );
    assert_eq!(stage.places(), before);
    assert_eq!(
        code(&stage.admin, &stage.ladder, ", scope => 'full'"),
        "valid"
    );
}

#[test]
fn a_renamed_target_or_zone_keeps_its_grants() {
    let stage = Stage::set();
    let grants = stage.grants();
    assert_eq!(
        stage.put(
            "put_targets('w', '[{\"target_id\": \"t1\", \"name\": \"1\"}, {\"target_id\": \"t2\", \"name\": \"2\"},
                                {\"target_id\": \"t3\", \"name\": \"3\"}]')"
        ),
        "0|3|0"
    );
    assert_eq!(
        stage.put("put_zones('t1', '[{\"zone_id\": \"a\", \"name\": null}, \"b\", \"c\"]')"),
        "0|1|0"
    );
    assert_eq!(stage.grants(), grants);
}

#[test]
fn two_sets_put_at_once_take_turns_and_the_later_one_stands() {
    let puts = [
        (
            "put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\"}, {\"user_id\": \"u4\", \"scope\": \"read\"}]')",
            "put_members('w', '[{\"user_id\": \"u5\", \"scope\": \"full\"}, {\"user_id\": \"u1\", \"scope\": \"full\"}]')",
            "select user_id, scope from pgtoken.member where workspace_id = 'w' order by 1",
            &["u1|full", "u5|full"][..],
        ),
        (
            "put_targets('w', '[\"t1\", \"x\"]')",
            "put_targets('w', '[\"x\", \"y\", \"t1\", \"t2\"]')",
            "select target_id from pgtoken.target where workspace_id = 'w' order by 1",
            &["t1", "t2", "x", "y"],
        ),
        (
            "put_zones('t1', '[\"a\", \"x\"]')",
            "put_zones('t1', '[\"x\", \"b\"]')",
            "select zone_id from pgtoken.zone where target_id = 't1' order by 1",
            &["b", "x"],
        ),
    ];
    for (first, second, query, expected) in puts {
        let stage = Stage::set();
        let other = Session::of(stage.db.client_as("pgtoken_directory"));
        stage
            .directory
            .rows(&format!("begin; select pgtoken.{first}"));
        other.start(&format!("select pgtoken.{second}"));
        assert!(other.waits(&stage.admin), "{second}");
        stage.directory.rows("commit");
        other
            .finish()
            .unwrap_or_else(|error| panic!("{second}: {error}"));
        assert_eq!(stage.admin.rows(query), expected, "{second}");
        assert_no_excess(&stage.admin);
    }
}

#[test]
fn a_set_put_with_an_older_snapshot_fails_or_stands() {
    for level in ["repeatable read", "serializable"] {
        let stage = Stage::set();
        let other = Session::of(stage.db.client_as("pgtoken_directory"));
        other.rows(&format!(
            "begin isolation level {level}; select count(*) from pgtoken.member"
        ));
        stage.put("put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"read\"}]')");
        let late = other.attempt(
            "select pgtoken.put_members('w', '[{\"user_id\": \"u1\", \"scope\": \"full\"}, {\"user_id\": \"u2\", \"scope\": \"full\"}]'); commit",
        );
        let error =
            late.expect_err("the row of the workspace or of the member is newer than the snapshot");
        assert_eq!(error.code, "40001", "{level}: {error}");
        other.rows("rollback");
        assert_eq!(
            stage
                .admin
                .rows("select user_id, scope from pgtoken.member where workspace_id = 'w'"),
            ["u1|read"]
        );
        assert_no_excess(&stage.admin);
    }
}

#[test]
fn a_thousand_members_are_put_at_once() {
    let stage = Stage::set();
    stage.admin.rows(
        "insert into pgtoken.app_user (user_id) select 'm' || n from generate_series(1, 1000) as n",
    );
    let put = "select * from pgtoken.put_members('w', (
                   select jsonb_agg(jsonb_build_object('user_id', 'm' || n, 'scope', 'read'))
                   from generate_series(1, 1000) as n))";
    assert_eq!(stage.directory.row(put), "1000|0|3");
    assert_eq!(stage.directory.row(put), "0|0|0");
}
