//! Confined tokens act on what they were granted, and nothing ever widens it.
use pgtoken_tests::{assert_codes, confined, issue, shared, verdict};
use serde_json::json;

#[test]
fn confined_token_is_denied_where_neither_its_scope_nor_a_target_is_asked() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true}"#);
    assert_codes(
        &mut client,
        &token,
        &[
            ("", "insufficient_scope"),
            ("workspace_id => 'acme'", "insufficient_scope"),
            ("permissions => '{}'", "insufficient_scope"),
            ("zone => 'main'", "insufficient_scope"),
            ("client_addr => '127.0.0.1'", "insufficient_scope"),
            ("scope => 'agency'", "valid"),
            ("target => 'windows'", "valid"),
            ("scope => 'agency', target => 'windows'", "valid"),
        ],
    );
}

#[test]
fn confined_token_with_permissions_is_denied_where_only_a_permission_is_asked() {
    let db = shared().database();
    let (mut client, _) = confined(&db, r#"{"windows": true}"#);
    let token = issue(
        &mut client,
        r#"'one', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": true}',
           permissions => '{upload}'"#,
    );
    let upload = "permissions => '{upload}'";
    let named = "scope => 'agency', permissions => '{upload}'";
    assert_codes(
        &mut client,
        &token,
        &[(upload, "insufficient_scope"), (named, "valid")],
    );
}

#[test]
fn confined_token_satisfies_no_scope_but_its_own() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true}"#);
    db.execute("insert into pgtoken.scope (name, confined) values ('contractor', true)");
    for asked in ["read", "write", "full", "contractor", "unheard_of", ""] {
        for target in ["", ", target => 'windows'"] {
            let ask = format!("scope => '{asked}'{target}");
            assert_codes(&mut client, &token, &[(&ask, "insufficient_scope")]);
        }
    }
}

#[test]
fn confined_token_reaches_only_granted_targets() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true}"#);
    for scope in ["", "scope => 'agency', "] {
        for (target, expected) in [
            ("windows", "valid"),
            ("lobby", "target_forbidden"),
            ("elsewhere", "target_forbidden"),
            ("unheard_of", "target_forbidden"),
            ("", "target_forbidden"),
            ("WINDOWS", "target_forbidden"),
            ("windows ", "target_forbidden"),
        ] {
            let ask = format!("{scope}target => '{target}'");
            assert_codes(&mut client, &token, &[(&ask, expected)]);
        }
    }
}

#[test]
fn only_zone_granted_of_a_target_is_returned() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["ticker"], "lobby": true}"#);
    let row = verdict(&mut client, &token.text, "target => 'windows'");
    assert_eq!(
        (&row["target"], &row["zone"]),
        (&json!("windows"), &json!("ticker"))
    );
    assert_codes(
        &mut client,
        &token,
        &[
            ("target => 'windows', zone => 'ticker'", "valid"),
            ("target => 'windows', zone => 'main'", "zone_forbidden"),
            ("target => 'windows', zone => ''", "zone_forbidden"),
            (
                "target => 'windows', zone => 'unheard_of'",
                "zone_forbidden",
            ),
            ("target => 'lobby', zone => 'ticker'", "zone_forbidden"),
        ],
    );
}

#[test]
fn several_zones_granted_of_a_target_must_be_told_apart() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["main", "ticker"]}"#);
    db.execute("insert into pgtoken.zone (target_id, zone_id) values ('windows', 'new')");
    assert_codes(
        &mut client,
        &token,
        &[
            ("target => 'windows'", "zone_required"),
            ("target => 'windows', zone => 'main'", "valid"),
            ("target => 'windows', zone => 'ticker'", "valid"),
            ("target => 'windows', zone => 'new'", "zone_forbidden"),
            ("target => 'windows', zone => ''", "zone_forbidden"),
            ("scope => 'agency'", "valid"),
        ],
    );
    db.execute("delete from pgtoken.zone where zone_id = 'ticker'");
    let row = verdict(&mut client, &token.text, "target => 'windows'");
    assert_eq!(row["zone"], "main");
}

#[test]
fn whole_target_includes_zones_added_later_and_none_that_does_not_exist() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true}"#);
    let new = "target => 'windows', zone => 'new'";
    assert_codes(&mut client, &token, &[(new, "zone_forbidden")]);
    db.execute("insert into pgtoken.zone (target_id, zone_id) values ('windows', 'new')");
    assert_codes(&mut client, &token, &[(new, "valid")]);
    assert!(
        verdict(&mut client, &token.text, "target => 'windows'")
            .get("zone")
            .is_none()
    );
    db.execute("delete from pgtoken.zone where target_id = 'windows'");
    assert_codes(
        &mut client,
        &token,
        &[
            ("target => 'windows'", "valid"),
            (new, "zone_forbidden"),
            ("target => 'windows', zone => ''", "zone_forbidden"),
        ],
    );
}

#[test]
fn zone_without_a_target_is_denied() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["main"]}"#);
    let plain = issue(&mut client, "'plain', 'owner', workspace_id => 'acme'");
    for zone in ["main", "", "unheard_of"] {
        let ask = format!("scope => 'agency', zone => '{zone}'");
        assert_codes(&mut client, &token, &[(&ask, "zone_forbidden")]);
        let ask = format!("zone => '{zone}'");
        assert_codes(&mut client, &plain, &[(&ask, "zone_forbidden")]);
    }
}

#[test]
fn last_zone_of_a_target_never_widens_to_the_whole_target() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": ["ticker"], "lobby": ["wall"]}"#);
    db.execute("delete from pgtoken.zone where target_id = 'windows' and zone_id = 'ticker'");
    let nothing = [
        ("target => 'windows'", "target_forbidden"),
        ("target => 'windows', zone => 'main'", "target_forbidden"),
        ("target => 'windows', zone => 'ticker'", "target_forbidden"),
        ("target => 'lobby'", "valid"),
        ("scope => 'agency'", "valid"),
    ];
    assert_codes(&mut client, &token, &nothing);
    db.execute(
        "insert into pgtoken.zone (target_id, zone_id) values ('windows', 'ticker'), ('windows', 'new')",
    );
    assert_codes(&mut client, &token, &nothing);
}

#[test]
fn confined_token_falls_with_its_owner_below_the_member_scope() {
    let db = shared().database();
    let (mut client, token) = confined(&db, r#"{"windows": true}"#);
    db.execute("update pgtoken.member set scope = 'read' where user_id = 'owner'");
    assert_codes(
        &mut client,
        &token,
        &[
            ("scope => 'agency'", "insufficient_scope"),
            ("target => 'windows'", "insufficient_scope"),
            ("scope => 'read', target => 'windows'", "insufficient_scope"),
        ],
    );
    db.execute("update pgtoken.member set scope = 'write' where user_id = 'owner'");
    assert_codes(&mut client, &token, &[("target => 'windows'", "valid")]);
}

#[test]
fn auto_publish_comes_from_the_token_alone() {
    let db = shared().database();
    let (mut client, without) = confined(&db, r#"{"windows": true}"#);
    let with = issue(
        &mut client,
        r#"'with', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": true}',
           auto_publish => true"#,
    );
    let plain = issue(
        &mut client,
        "'plain', 'owner', scope => 'full', workspace_id => 'acme'",
    );
    for ask in ["target => 'windows'", "target => 'windows', zone => 'main'"] {
        assert_eq!(verdict(&mut client, &with.text, ask)["auto_publish"], true);
        assert_eq!(
            verdict(&mut client, &without.text, ask)["auto_publish"],
            false
        );
        assert_eq!(
            verdict(&mut client, &plain.text, ask)["auto_publish"],
            false
        );
    }
    let denied = verdict(&mut client, &with.text, "target => 'lobby'");
    assert!(denied.get("auto_publish").is_none());
}
