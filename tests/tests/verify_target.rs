//! Targets and zones: what comes, goes and moves in the directory, and what it does to tokens.
use pgtoken_tests::{ACME, assert_codes, confined, error_of, issue, shared, verdict};

#[test]
fn put_zones_that_keeps_a_zone_keeps_its_grant_and_drops_the_others() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["main", "ticker"]}"#);
    db.execute(r#"select pgtoken.put_zones('windows', '["main", "new"]')"#);
    let row = verdict(&mut client, &token.text, "target => 'windows'");
    assert_eq!(row["zone"], "main");
    db.execute(r#"select pgtoken.put_zones('windows', '["new"]')"#);
    let new = "target => 'windows', zone => 'new'";
    assert_codes(&mut client, &token, &[(new, "target_forbidden")]);
}

#[test]
fn confined_token_with_no_grant_left_verifies_for_nothing() {
    for end in [
        "delete from pgtoken.zone where zone_id = 'ticker'",
        "delete from pgtoken.target where target_id = 'windows'",
        "update pgtoken.target set workspace_id = 'other' where target_id = 'windows'",
        "truncate pgtoken.zone cascade",
        "select pgtoken.put_targets('acme', '[\"lobby\"]')",
    ] {
        let db = shared().database();
        let (mut client, token) = confined(&db, r#"{"windows": ["ticker"]}"#);
        db.execute(end);
        for ask in [
            "",
            "scope => 'agency'",
            "target => 'windows'",
            "target => 'windows', zone => 'ticker'",
            "scope => 'agency', target => 'lobby'",
            "scope => 'agency', workspace_id => 'other', target => 'windows'",
        ] {
            let verdict = verdict(&mut client, &token.text, ask);
            assert_eq!(verdict["valid"], false, "{end}; asked ({ask})");
        }
    }
}

#[test]
fn target_that_left_and_came_back_is_not_granted() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true, "lobby": true}"#);
    db.execute("update pgtoken.target set workspace_id = 'other' where target_id = 'windows'");
    db.execute("update pgtoken.target set workspace_id = 'acme' where target_id = 'windows'");
    assert_codes(
        &mut client,
        &token,
        &[("target => 'windows'", "target_forbidden")],
    );
    db.execute("delete from pgtoken.target where target_id = 'lobby'");
    db.execute("insert into pgtoken.target (target_id, workspace_id) values ('lobby', 'acme')");
    assert_codes(
        &mut client,
        &token,
        &[("target => 'lobby'", "target_forbidden")],
    );
}

#[test]
fn regrant_is_in_force_in_the_next_statement_and_refused_as_a_whole() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["ticker"]}"#);
    let regrant = "select pgtoken.grant_zones($1, $2::text::jsonb)";
    client
        .query_one(regrant, &[&token.id, &r#"{"lobby": ["wall"]}"#])
        .expect("regrant");
    let lobby_only = [
        ("target => 'windows'", "target_forbidden"),
        ("target => 'lobby', zone => 'wall'", "valid"),
        ("target => 'lobby', zone => 'main'", "zone_forbidden"),
    ];
    assert_codes(&mut client, &token, &lobby_only);
    for bad in [
        "{}",
        r#"{"windows": []}"#,
        r#"{"windows": false}"#,
        r#"{"windows": [""]}"#,
        r#"{"windows": true, "elsewhere": true}"#,
        r#"{"windows": ["main", "wall"]}"#,
        r#"{"": true}"#,
        "[]",
        "null",
    ] {
        let result = client.query_one(regrant, &[&token.id, &bad]);
        assert_eq!(error_of(result).code, "22023", "{bad}");
        assert_codes(&mut client, &token, &lobby_only);
    }
}

#[test]
fn unconfined_token_reaches_existing_targets_and_zones_of_its_workspace() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    for scope in ["'read'", "'full'", "null"] {
        let arguments = format!("'plain', 'owner', scope => {scope}, workspace_id => 'acme'");
        let token = issue(&mut client, &arguments);
        assert_codes(
            &mut client,
            &token,
            &[
                ("target => 'windows'", "valid"),
                ("target => 'windows', zone => 'ticker'", "valid"),
                ("target => 'windows', zone => 'wall'", "zone_forbidden"),
                ("target => 'windows', zone => ''", "zone_forbidden"),
                ("target => 'elsewhere'", "target_forbidden"),
                ("target => 'elsewhere', zone => 'main'", "target_forbidden"),
                ("target => 'unheard_of'", "target_forbidden"),
                ("target => ''", "target_forbidden"),
            ],
        );
        assert!(
            verdict(&mut client, &token.text, "target => 'windows'")
                .get("zone")
                .is_none()
        );
    }
}

#[test]
fn token_without_a_workspace_has_no_targets() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'free', 'owner', scope => 'full'");
    assert_codes(
        &mut client,
        &token,
        &[
            ("target => 'windows'", "target_forbidden"),
            ("target => 'windows', zone => 'main'", "target_forbidden"),
            ("workspace_id => 'acme'", "wrong_workspace"),
        ],
    );
}
