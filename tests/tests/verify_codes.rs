//! What a verdict says: its codes, statuses and columns, and which rule is told of first.
use pgtoken_tests::{ACME, Token, code, import, issue, shared, verdict};
use postgres::Client;
use serde_json::json;
use std::collections::BTreeSet;

/// A question that a token of [`denials`] is asked, and the code and status it gets.
struct Denial {
    token: Token,
    arguments: &'static str,
    code: &'static str,
    status: u16,
    names_token: bool,
}

/// Every denial there is, each of a token of its own where it can be.
fn denials(client: &mut Client) -> Vec<Denial> {
    let mut found = Vec::new();
    let mut deny = |token: &Token, arguments, code, status, names_token| {
        found.push(Denial {
            token: token.clone(),
            arguments,
            code,
            status,
            names_token,
        });
    };
    let nobody = |text: &str| Token {
        id: uuid::Uuid::nil(),
        text: text.to_owned(),
    };
    deny(&nobody(&"x".repeat(513)), "", "malformed", 401, false);
    deny(&nobody("st_unheard_of"), "", "not_found", 401, false);

    let revoked = issue(client, "'revoked', 'owner'");
    let revoke = "select from pgtoken.revoke_token($1)";
    client.execute(revoke, &[&revoked.id]).expect("revoke");
    deny(&revoked, "", "revoked", 401, true);
    let expired = import(client, "expired", "'owner', 'expired', expires_at => now()");
    deny(&expired, "", "expired", 401, true);
    let disabled = issue(client, "'disabled', 'owner'");
    let disable = "select from pgtoken.update_token($1, enabled => false)";
    client.execute(disable, &[&disabled.id]).expect("disable");
    deny(&disabled, "", "disabled", 401, true);

    client
        .batch_execute(
            "insert into pgtoken.app_user (user_id) values ('leaver'), ('away');
             insert into pgtoken.workspace (workspace_id) values ('closed');
             insert into pgtoken.member (workspace_id, user_id, scope)
             values ('acme', 'leaver', 'read'), ('closed', 'owner', 'read')",
        )
        .expect("directory");
    deny(
        &issue(client, "'away', 'away'"),
        "",
        "owner_disabled",
        401,
        true,
    );
    let closed = issue(client, "'closed', 'owner', workspace_id => 'closed'");
    deny(&closed, "", "workspace_disabled", 401, true);
    let left = issue(client, "'left', 'leaver', workspace_id => 'acme'");
    deny(&left, "", "not_a_member", 401, true);
    client
        .batch_execute(
            "update pgtoken.app_user set disabled_at = now() where user_id = 'away';
             update pgtoken.workspace set disabled_at = now() where workspace_id = 'closed';
             delete from pgtoken.member where user_id = 'leaver'",
        )
        .expect("directory");

    let limited = issue(
        client,
        "'limited', 'owner', rate_limit => 1, rate_window => '31 days'",
    );
    assert_eq!(code(client, &limited.text, ""), "valid");
    deny(&limited, "", "rate_limited", 429, true);

    let plain = issue(client, "'plain', 'owner', workspace_id => 'acme'");
    let elsewhere = "workspace_id => 'other'";
    deny(&plain, elsewhere, "wrong_workspace", 403, false);
    deny(&plain, "scope => 'full'", "insufficient_scope", 403, true);
    let upload = "permissions => '{upload}'";
    deny(&plain, upload, "insufficient_permissions", 403, true);
    let target = "target => 'elsewhere'";
    deny(&plain, target, "target_forbidden", 403, true);
    let agency = issue(
        client,
        r#"'agency', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main", "ticker"]}'"#,
    );
    deny(&agency, "target => 'windows'", "zone_required", 403, true);
    let zone = "target => 'windows', zone => 'wall'";
    deny(&agency, zone, "zone_forbidden", 403, true);
    let homely = issue(client, "'homely', 'owner', allowed_addrs => '{10.0.0.0/8}'");
    deny(&homely, "", "address_forbidden", 403, true);
    found
}

#[test]
fn every_denial_has_its_status_and_only_the_columns_promised() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    for denial in denials(&mut client) {
        let mut expected = json!({"valid": false, "code": denial.code, "status": denial.status});
        if denial.names_token {
            expected["token_id"] = json!(denial.token.id.to_string());
        }
        let mut verdict = verdict(&mut client, &denial.token.text, denial.arguments);
        if denial.code == "rate_limited" {
            let wait = verdict["retry_after"].take();
            verdict
                .as_object_mut()
                .expect("a row")
                .remove("retry_after");
            assert!(wait.as_i64().is_some_and(|seconds| seconds >= 1), "{wait}");
        }
        assert_eq!(verdict, expected, "{}", denial.code);
    }
}

#[test]
fn every_code_of_the_contract_is_reached() {
    let db = shared().database();
    db.execute(ACME);
    let denials = denials(&mut db.client());
    let reached: BTreeSet<&str> = denials.iter().map(|denial| denial.code).collect();
    let promised: String = db.value(
        "select col_description('pgtoken.verdict'::regclass, attnum) from pg_attribute
         where attrelid = 'pgtoken.verdict'::regclass and attname = 'code'",
        &[],
    );
    assert_eq!(reached.len(), 16);
    for code in reached {
        assert!(promised.contains(code), "{code} is missing in: {promised}");
    }
}

#[test]
fn same_denials_come_from_the_digest_alone() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    for denial in denials(&mut client) {
        if denial.code == "malformed" {
            continue;
        }
        let comma = if denial.arguments.is_empty() {
            ""
        } else {
            ", "
        };
        let sql = format!(
            "select code from pgtoken.verify_digest(sha256(convert_to($1, 'UTF8')){comma}{})",
            denial.arguments
        );
        let row = client.query_one(&sql, &[&denial.token.text]).expect("row");
        assert_eq!(row.get::<_, &str>(0), denial.code);
    }
}

#[test]
fn valid_verdict_tells_everything_about_a_token_with_everything() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        r#"'all', 'owner', scope => 'agency', workspace_id => 'acme', permissions => '{publish,upload}',
           grants => '{"windows": ["main"]}', auto_publish => true, expires_at => '2999-01-01T00:00:00Z',
           rate_limit => 100, allowed_addrs => '{10.0.0.0/8}', metadata => '{"plan": "gold", "none": null}'"#,
    );
    let arguments = "scope => 'agency', permissions => '{upload}', workspace_id => 'acme',
                     target => 'windows', client_addr => '10.1.2.3'";
    assert_eq!(
        verdict(&mut client, &token.text, arguments),
        json!({
            "valid": true, "code": "valid", "status": 200, "token_id": token.id.to_string(), "user_id": "owner",
            "workspace_id": "acme", "scope": "agency", "permissions": ["publish", "upload"],
            "target": "windows", "zone": "main", "auto_publish": true,
            "expires_at": "2999-01-01T00:00:00+00:00", "metadata": {"plan": "gold", "none": null},
        })
    );
}

#[test]
fn valid_verdict_leaves_out_what_the_token_has_not() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'bare', 'owner', scope => null");
    assert_eq!(
        verdict(&mut client, &token.text, ""),
        json!({
            "valid": true, "code": "valid", "status": 200, "token_id": token.id.to_string(), "user_id": "owner",
            "permissions": [], "auto_publish": false, "metadata": {},
        })
    );
}

#[test]
fn token_that_breaks_every_rule_is_told_the_first() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        r#"'bad', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main", "ticker"]}',
           rate_limit => 1, rate_window => '31 days', allowed_addrs => '{10.0.0.0/8}'"#,
    );
    let good = "scope => 'agency', client_addr => '10.0.0.1'";
    assert_eq!(code(&mut client, &token.text, good), "valid");
    client
        .batch_execute(&format!(
            "select from pgtoken.update_token('{id}', enabled => false);
             update pgtoken.token set expires_at = now() where id = '{id}';
             select from pgtoken.revoke_token('{id}');
             update pgtoken.app_user set disabled_at = now() where user_id = 'owner';
             update pgtoken.workspace set disabled_at = now() where workspace_id = 'acme';
             delete from pgtoken.member where workspace_id = 'acme' and user_id = 'owner'",
            id = token.id
        ))
        .expect("break every rule");

    // Each step heals what the step before was told, and is told the next rule.
    let revive = format!(
        "update pgtoken.token
         set revoked_at = null, revoked_by = null, owner_enabled = false, workspace_enabled = false
         where id = '{}'",
        token.id
    );
    let prolong = format!(
        "update pgtoken.token set expires_at = null where id = '{}'",
        token.id
    );
    let enable = format!(
        "update pgtoken.token set disabled_at = null, disabled_by = null where id = '{}'",
        token.id
    );
    let ask = "workspace_id => 'other', scope => 'full', permissions => '{upload}',
                   target => 'lobby', zone => 'wall'";
    let steps = [
        ("", ask, "revoked"),
        (revive.as_str(), ask, "expired"),
        (&prolong, ask, "disabled"),
        (&enable, ask, "owner_disabled"),
        (
            "update pgtoken.app_user set disabled_at = null",
            ask,
            "workspace_disabled",
        ),
        (
            "update pgtoken.workspace set disabled_at = null",
            ask,
            "not_a_member",
        ),
        (
            "insert into pgtoken.member values ('acme', 'owner', 'read')",
            ask,
            "wrong_workspace",
        ),
        (
            "",
            "workspace_id => 'acme', scope => 'full', permissions => '{upload}', target => 'lobby', zone => 'wall'",
            "insufficient_scope",
        ),
        (
            "update pgtoken.member set scope = 'full'",
            "scope => 'agency', permissions => '{upload}', target => 'lobby', zone => 'wall'",
            "insufficient_permissions",
        ),
        (
            "",
            "scope => 'agency', target => 'lobby', zone => 'wall'",
            "target_forbidden",
        ),
        (
            "",
            "scope => 'agency', target => 'windows', zone => 'wall'",
            "zone_forbidden",
        ),
        (
            "",
            "scope => 'agency', target => 'windows'",
            "zone_required",
        ),
        (
            "",
            "scope => 'agency', target => 'windows', zone => 'main'",
            "address_forbidden",
        ),
        (
            "",
            "scope => 'agency', target => 'windows', zone => 'main', client_addr => '10.0.0.1'",
            "rate_limited",
        ),
    ];
    for (heal, arguments, expected) in steps {
        client.batch_execute(heal).expect(heal);
        assert_eq!(
            code(&mut client, &token.text, arguments),
            expected,
            "{heal}"
        );
    }
}

#[test]
fn demoted_owner_is_told_before_the_permission_that_went_too() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'demoted', 'owner', scope => 'full', workspace_id => 'acme', permissions => '{publish}'",
    );
    db.execute("update pgtoken.member set scope = 'read'");
    let both = "scope => 'full', permissions => '{publish}'";
    assert_eq!(code(&mut client, &token.text, both), "insufficient_scope");
}
