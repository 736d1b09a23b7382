//! Scopes and permissions: what a token has in effect, and what satisfies what is asked.
use pgtoken_tests::{ACME, code, import, issue, shared, verdict};
use serde_json::json;

const LADDER: [&str; 3] = ["read", "write", "full"];

#[test]
fn lower_of_token_and_owner_is_in_effect_and_includes_what_is_below() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    for given in LADDER {
        db.execute("update pgtoken.member set scope = 'full' where user_id = 'owner'");
        let arguments = format!("'{given}', 'owner', scope => '{given}', workspace_id => 'acme'");
        let token = issue(&mut client, &arguments).text;
        for held in LADDER {
            let demote = "update pgtoken.member set scope = $1 where user_id = 'owner'";
            client.execute(demote, &[&held]).expect("demote");
            let rank = |scope| LADDER.iter().position(|rung| *rung == scope);
            let in_effect = rank(given).min(rank(held));
            for asked in LADDER {
                let expected = if rank(asked) <= in_effect {
                    "valid"
                } else {
                    "insufficient_scope"
                };
                let ask = format!("scope => '{asked}'");
                let got = code(&mut client, &token, &ask);
                assert_eq!(got, expected, "{given}, owner {held}, asked {asked}");
            }
            let scope = &verdict(&mut client, &token, "")["scope"];
            assert_eq!(
                Some(scope),
                in_effect.map(|rung| json!(LADDER[rung])).as_ref()
            );
        }
    }
}

#[test]
fn scope_of_a_token_without_workspace_is_in_effect_whatever_its_owner_holds() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'free', 'reader', scope => 'write'").text;
    assert_eq!(code(&mut client, &token, "scope => 'write'"), "valid");
    let full = "scope => 'full'";
    assert_eq!(code(&mut client, &token, full), "insufficient_scope");
}

#[test]
fn rungs_added_to_the_ladder_take_their_place_by_rank() {
    let db = shared().database();
    db.execute(ACME);
    db.execute(
        "insert into pgtoken.scope (name, rank) values ('root', 20), ('admin', 10);
         update pgtoken.member set scope = 'root' where user_id = 'owner'",
    );
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', scope => 'admin', workspace_id => 'acme'",
    )
    .text;
    for (asked, expected) in [
        ("read", "valid"),
        ("full", "valid"),
        ("admin", "valid"),
        ("root", "insufficient_scope"),
        ("agency", "insufficient_scope"),
    ] {
        let ask = format!("scope => '{asked}'");
        assert_eq!(code(&mut client, &token, &ask), expected, "{asked}");
    }
    db.execute("update pgtoken.scope set rank = 30 where name = 'admin'");
    assert_eq!(code(&mut client, &token, "scope => 'root'"), "valid");
    assert_eq!(verdict(&mut client, &token, "")["scope"], "root");
}

#[test]
fn scope_off_the_ladder_matches_only_itself() {
    let db = shared().database();
    db.execute(ACME);
    db.execute(
        "insert into pgtoken.scope (name, member_scope) values ('audit', 'write'), ('break_glass', null)",
    );
    let mut client = db.client();
    let full = issue(
        &mut client,
        "'full', 'owner', scope => 'full', workspace_id => 'acme'",
    );
    let audit = issue(
        &mut client,
        "'audit', 'owner', scope => 'audit', workspace_id => 'acme'",
    );
    for asked in ["read", "write", "full", "agency", "audit", "break_glass"] {
        let ask = format!("scope => '{asked}'");
        let of_full = code(&mut client, &full.text, &ask);
        let on_ladder = LADDER.contains(&asked);
        assert_eq!(
            of_full == "valid",
            on_ladder,
            "full token, asked {asked}: {of_full}"
        );
        let of_audit = code(&mut client, &audit.text, &ask);
        assert_eq!(
            of_audit == "valid",
            asked == "audit",
            "audit token, asked {asked}: {of_audit}"
        );
    }
}

#[test]
fn scope_off_the_ladder_counts_only_while_the_owner_holds_its_member_scope() {
    let db = shared().database();
    db.execute(ACME);
    db.execute(
        "insert into pgtoken.scope (name, member_scope) values ('audit', 'write'), ('break_glass', null)",
    );
    let mut client = db.client();
    let audit = issue(
        &mut client,
        "'audit', 'owner', scope => 'audit', workspace_id => 'acme'",
    );
    let glass = issue(
        &mut client,
        "'glass', 'owner', scope => 'break_glass', workspace_id => 'acme'",
    );
    assert_eq!(code(&mut client, &audit.text, "scope => 'audit'"), "valid");
    db.execute("update pgtoken.member set scope = 'read' where user_id = 'owner'");
    let ask = "scope => 'audit'";
    assert_eq!(code(&mut client, &audit.text, ask), "insufficient_scope");
    assert!(verdict(&mut client, &audit.text, "").get("scope").is_none());
    let ask = "scope => 'break_glass'";
    assert_eq!(code(&mut client, &glass.text, ask), "valid");
}

#[test]
fn unknown_scope_is_denied_to_every_token() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let bound = issue(
        &mut client,
        "'bound', 'owner', scope => 'full', workspace_id => 'acme'",
    );
    let free = issue(&mut client, "'free', 'owner', scope => 'full'");
    let bare = issue(&mut client, "'bare', 'owner', scope => null");
    for asked in [
        "",
        "superuser",
        "READ",
        "read ",
        " read",
        "read write",
        "re%",
    ] {
        let ask = format!("scope => '{asked}'");
        for token in [&bound, &free, &bare] {
            let got = code(&mut client, &token.text, &ask);
            assert_eq!(got, "insufficient_scope", "asked {asked:?}");
        }
    }
}

#[test]
fn token_of_permissions_only_satisfies_no_scope() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', scope => null, permissions => '{upload}'",
    )
    .text;
    for asked in ["read", "write", "full", "agency"] {
        let ask = format!("scope => '{asked}', permissions => '{{upload}}'");
        assert_eq!(code(&mut client, &token, &ask), "insufficient_scope");
    }
    let upload = "permissions => '{upload}'";
    assert_eq!(code(&mut client, &token, upload), "valid");
    assert_eq!(code(&mut client, &token, ""), "valid");
    assert!(verdict(&mut client, &token, "").get("scope").is_none());
}

#[test]
fn all_permissions_asked_are_needed() {
    let db = shared().database();
    db.execute(ACME);
    db.execute("insert into pgtoken.permission (name) values ('download')");
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', permissions => '{upload,download}'",
    )
    .text;
    for (asked, expected) in [
        ("null", "valid"),
        ("'{}'", "valid"),
        ("'{upload}'", "valid"),
        ("'{download,upload}'", "valid"),
        ("'{upload,upload}'", "valid"),
        ("'{upload,publish}'", "insufficient_permissions"),
        ("'{publish}'", "insufficient_permissions"),
        ("'{unheard_of}'", "insufficient_permissions"),
        ("'{Upload}'", "insufficient_permissions"),
        ("'{\"upload \"}'", "insufficient_permissions"),
        ("'{\"upload download\"}'", "insufficient_permissions"),
        ("'{\"\"}'", "insufficient_permissions"),
        ("'{null}'", "insufficient_permissions"),
        ("'{upload,null}'", "insufficient_permissions"),
        ("'{null,upload}'", "insufficient_permissions"),
        (
            "'{{upload,publish},{upload,upload}}'",
            "insufficient_permissions",
        ),
    ] {
        let ask = format!("permissions => {asked}");
        assert_eq!(code(&mut client, &token, &ask), expected, "{asked}");
    }
    let bare = issue(&mut client, "'bare', 'owner', scope => 'full'").text;
    let ask = "permissions => '{null}'";
    assert_eq!(code(&mut client, &bare, ask), "insufficient_permissions");
}

#[test]
fn permission_counts_only_while_the_owner_holds_its_member_scope() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'writer', workspace_id => 'acme', permissions => '{upload,publish}'",
    )
    .text;
    let publish = "permissions => '{publish}'";
    assert_eq!(code(&mut client, &token, publish), "valid");

    db.execute("update pgtoken.member set scope = 'read' where user_id = 'writer'");
    assert_eq!(
        code(&mut client, &token, publish),
        "insufficient_permissions"
    );
    assert_eq!(
        code(&mut client, &token, "permissions => '{upload}'"),
        "valid"
    );
    let in_effect = &verdict(&mut client, &token, "")["permissions"];
    assert_eq!(in_effect, &json!(["upload"]));

    db.execute("update pgtoken.member set scope = 'full' where user_id = 'writer'");
    let in_effect = &verdict(&mut client, &token, publish)["permissions"];
    assert_eq!(in_effect, &json!(["upload", "publish"]));
}

#[test]
fn permission_with_a_member_scope_is_worth_nothing_without_a_workspace() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let arguments = "'owner', 'old', permissions => '{upload,publish}'";
    let token = import(&mut client, "st_old", arguments).text;
    let ask = "permissions => '{publish}'";
    assert_eq!(code(&mut client, &token, ask), "insufficient_permissions");
    assert_eq!(
        verdict(&mut client, &token, "")["permissions"],
        json!(["upload"])
    );
}
