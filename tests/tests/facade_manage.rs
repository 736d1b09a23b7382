//! Managing tokens over HTTP: each route, for each caller.
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, Stand, VERIFIER_SECRET};
use serde_json::{Value, json};

const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// Every route of management, with a body that its form allows.
fn routes() -> Vec<(&'static str, String, Value)> {
    let id = format!("/v1/tokens/{NOBODY}");
    vec![
        ("POST", "/v1/tokens".into(), json!({})),
        ("GET", "/v1/tokens".into(), Value::Null),
        ("GET", id.clone(), Value::Null),
        ("PATCH", id.clone(), json!({})),
        ("DELETE", id.clone(), Value::Null),
        ("POST", format!("{id}/revoke"), Value::Null),
        ("POST", format!("{id}/rotate"), Value::Null),
        ("PUT", format!("{id}/grants"), json!({ "grants": {} })),
        ("GET", format!("{id}/usage"), Value::Null),
        ("POST", "/v1/tokens/revoke".into(), json!({ "ids": [] })),
        ("POST", "/v1/tokens/find".into(), json!({ "text": "pgt_" })),
        ("GET", "/v1/users".into(), Value::Null),
        ("GET", "/v1/workspaces".into(), Value::Null),
        ("GET", "/v1/workspaces/acme/targets".into(), Value::Null),
        ("GET", "/v1/scopes".into(), Value::Null),
        ("GET", "/v1/permissions".into(), Value::Null),
        ("GET", "/v1/events".into(), Value::Null),
        ("GET", "/v1/stats".into(), Value::Null),
    ]
}

#[track_caller]
fn issue(stand: &Stand, body: Value) -> Value {
    let answer = stand.admin("POST", "/v1/tokens", body);
    let log = stand.facade.log();
    assert_eq!(answer.status, 201, "{answer:?}\n{log}");
    answer.json()
}

fn path(token: &Value, rest: &str) -> String {
    format!("/v1/tokens/{}{rest}", token["id"].as_str().expect("an id"))
}

fn ids(answer: &pgtoken_tests::HttpAnswer) -> Vec<String> {
    let items = answer.json()["items"].clone();
    let items = items.as_array().unwrap_or_else(|| panic!("{answer:?}"));
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn each_route_knows_its_callers() {
    let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let token = stand
        .acme
        .issue("'t', 'olga', scope => 'write', workspace_id => 'acme'")
        .text;
    let user = Signer::hs256(JWT_SECRET).user("olga");
    for (method, path, body) in routes() {
        let ask = |bearer: &str| stand.bearer(bearer, method, &path, body.clone());
        let anonymous = stand.json(method, &path, &[], body.clone());
        assert_eq!(
            anonymous.problem(),
            "401 unauthenticated",
            "{method} {path}"
        );
        assert_eq!(
            anonymous.header("www-authenticate"),
            "Bearer realm=\"pgtoken\""
        );
        let unknown = ask("nothing-that-anybody-knows");
        assert_eq!(unknown.problem(), "401 invalid_token", "{method} {path}");
        assert!(
            unknown
                .header("www-authenticate")
                .ends_with("error=\"invalid_token\"")
        );
        assert_eq!(
            ask(&token).problem(),
            "403 token_cannot_manage",
            "{method} {path}"
        );
        assert_eq!(
            ask(VERIFIER_SECRET).problem(),
            "403 insufficient_scope",
            "{method} {path}"
        );
        for bearer in [ADMIN_SECRET, &user] {
            let answer = ask(bearer);
            assert!(
                !matches!(answer.status, 401 | 500..),
                "{method} {path}: {answer:?}"
            );
        }
    }
}

#[test]
fn issued_token_is_shown_once_with_its_address() {
    let stand = Stand::new();
    let body = json!({
        "name": "ci", "user_id": "olga", "workspace_id": "acme", "scope": "write",
        "permissions": ["publish"], "ttl": "90d", "rate_limit": 10, "rate_window": "PT1H",
        "allowed_addrs": ["10.0.0.0/8", "192.0.2.1"], "metadata": { "a": [1] }, "prefix": "pv_live"
    });
    let answer = stand.admin("POST", "/v1/tokens", body);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.json();
    assert_eq!(answer.header("location"), path(&token, ""));
    assert!(
        token["token"]
            .as_str()
            .expect("a text")
            .starts_with("pv_live_")
    );
    assert_eq!(
        token["allowed_addrs"],
        json!(["10.0.0.0/8", "192.0.2.1/32"])
    );
    assert_eq!(token["rate_window_seconds"], 3600);
    assert_eq!(token["permissions"], json!(["publish"]));
    assert_eq!(token["metadata"], json!({ "a": [1] }));
    let created = token["created_at"].as_str().expect("a time");
    assert!(
        created.ends_with("+00:00") && created.contains('T'),
        "RFC 3339 in UTC: {created}"
    );

    let shown = stand.admin("GET", &path(&token, ""), Value::Null).json();
    assert_eq!(shown["name"], "ci");
    assert_eq!(shown["expires_at"], token["expires_at"]);
    assert!(shown.get("token").is_none() && shown.get("digest").is_none());
}

#[test]
fn absent_scope_is_read_and_null_is_none() {
    let stand = Stand::new();
    let body = |scope: Value| {
        let mut body = json!({ "name": "t", "user_id": "olga", "permissions": ["upload"] });
        if scope != "absent" {
            body["scope"] = scope;
        }
        body
    };
    assert_eq!(issue(&stand, body("absent".into()))["scope"], "read");
    assert_eq!(issue(&stand, body(Value::Null))["scope"], Value::Null);
}

#[test]
fn the_same_idempotency_key_issues_once() {
    let mut stand = Stand::new();
    let issue = |stand: &Stand, name: &str| {
        let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
        let headers = [bearer.as_str(), "Idempotency-Key: order-7"];
        let body = json!({ "name": name, "user_id": "olga" });
        stand.json("POST", "/v1/tokens", &headers, body)
    };
    let first = issue(&stand, "t");
    assert_eq!(first.status, 201, "{first:?}");
    let again = issue(&stand, "t");
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert_eq!(again.json()["token"], Value::Null);
    assert_eq!(issue(&stand, "other").problem(), "422 invalid_value");
    assert_eq!(stand.acme.row("select count(*) from pgtoken.token"), "1");
}

#[test]
fn actor_of_the_header_is_in_the_audit_log() {
    let mut stand = Stand::new();
    let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
    let headers = [bearer.as_str(), "Pgtoken-Actor: Zoë"];
    let body = json!({ "name": "t", "user_id": "olga" });
    let token = stand.json("POST", "/v1/tokens", &headers, body).json();
    let id = token["id"].as_str().expect("an id");
    assert!(stand.acme.last_event(id).starts_with("issued|Zoë|"));
}

#[test]
fn patch_changes_what_is_given_and_null_clears() {
    let stand = Stand::new();
    let token = issue(
        &stand,
        json!({
            "name": "t", "user_id": "olga", "ttl": "P1D", "rate_limit": 5, "allowed_addrs": ["10.0.0.0/8"]
        }),
    );
    let patch = |body: Value| stand.admin("PATCH", &path(&token, ""), body);
    let renamed = patch(json!({ "name": "u", "metadata": { "k": 1 } })).json();
    assert_eq!(
        (&renamed["name"], &renamed["rate_limit"]),
        (&json!("u"), &json!(5))
    );
    assert_eq!(renamed["expires_at"], token["expires_at"]);
    let cleared =
        patch(json!({ "expires_at": null, "rate_limit": null, "allowed_addrs": null })).json();
    assert_eq!(cleared["expires_at"], Value::Null);
    assert_eq!(cleared["rate_limit"], Value::Null);
    assert_eq!(cleared["allowed_addrs"], json!([]));
    assert_eq!(cleared["name"], "u");
    assert_eq!(
        patch(json!({ "enabled": false })).json()["state"],
        "disabled"
    );
    assert_eq!(patch(json!({ "enabled": true })).json()["state"], "active");
    let bounded = patch(
        json!({ "expires_at": "2999-01-31T12:00:00+02:00", "rate_limit": 2, "rate_window": "30m" }),
    );
    assert_eq!(bounded.json()["expires_at"], "2999-01-31T10:00:00+00:00");
    assert_eq!(bounded.json()["rate_window_seconds"], 1800);
    let refused = patch(json!({ "name": null }));
    assert_eq!(
        (refused.problem(), refused.pointer()),
        ("400 invalid_request".into(), "/name".into())
    );
}

#[test]
fn revoked_token_stays_as_it_ended() {
    let stand = Stand::new();
    let token = issue(&stand, json!({ "name": "t", "user_id": "olga" }));
    let revoked = stand
        .admin(
            "POST",
            &path(&token, "/revoke"),
            json!({ "reason": "lost" }),
        )
        .json();
    assert_eq!(
        (&revoked["state"], &revoked["revoke_reason"]),
        (&json!("revoked"), &json!("lost"))
    );
    let again = stand.admin("DELETE", &path(&token, ""), Value::Null);
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.json(), revoked);
    let patched = stand.admin("PATCH", &path(&token, ""), json!({ "name": "u" }));
    assert_eq!(patched.problem(), "409 token_ended");
    let rotated = stand.admin("POST", &path(&token, "/rotate"), Value::Null);
    assert_eq!(rotated.problem(), "409 token_ended");
}

#[test]
fn rotation_shows_the_successor_once() {
    let stand = Stand::new();
    let token = issue(&stand, json!({ "name": "t", "user_id": "olga" }));
    let answer = stand.admin(
        "POST",
        &path(&token, "/rotate"),
        json!({ "overlap": "12h" }),
    );
    assert_eq!(answer.status, 201, "{answer:?}");
    let successor = answer.json();
    assert_eq!(answer.header("location"), path(&successor, ""));
    assert_eq!(successor["rotated_from"], token["id"]);
    assert!(successor["token"].is_string());
    let old = stand.admin("GET", &path(&token, ""), Value::Null).json();
    assert_eq!(old["state"], "active");
    let last = stand.admin("POST", &path(&successor, "/rotate"), Value::Null);
    assert_eq!(last.status, 201, "{last:?}");
    let old = stand
        .admin("GET", &path(&successor, ""), Value::Null)
        .json();
    assert_eq!(old["revoke_reason"], "superseded");
}

#[test]
fn grants_are_replaced_whole() {
    let stand = Stand::new();
    let token = issue(
        &stand,
        json!({
            "name": "t", "user_id": "olga", "workspace_id": "acme", "scope": "agency",
            "grants": { "windows": ["main"] }, "auto_publish": true
        }),
    );
    assert_eq!(token["grants"], json!({ "windows": ["main"] }));
    let put =
        |grants: Value| stand.admin("PUT", &path(&token, "/grants"), json!({ "grants": grants }));
    let answer = put(json!({ "lobby": true }));
    assert_eq!(answer.json(), json!({ "grants": { "lobby": true } }));
    let refused = put(json!({ "roof": true }));
    assert_eq!(
        (refused.problem(), refused.pointer()),
        ("422 invalid_value".into(), "/grants".into())
    );
    let twice = stand.ask(
        "PUT",
        &path(&token, "/grants"),
        &[
            &format!("Authorization: Bearer {ADMIN_SECRET}"),
            "Content-Type: application/json",
        ],
        r#"{"grants": {"lobby": true, "lobby": ["left"]}}"#,
    );
    assert_eq!(twice.problem(), "400 invalid_request");
    let shown = stand.admin("GET", &path(&token, ""), Value::Null).json();
    assert_eq!(shown["grants"], json!({ "lobby": true }));
}

#[test]
fn bulk_revocation_can_be_rehearsed() {
    let stand = Stand::new();
    let token = issue(&stand, json!({ "name": "t", "user_id": "olga" }));
    issue(&stand, json!({ "name": "t", "user_id": "leo" }));
    let revoke = |body: Value| stand.admin("POST", "/v1/tokens/revoke", body);
    let rehearsed = revoke(json!({ "user_id": "olga", "dry_run": true })).json();
    assert_eq!(
        rehearsed,
        json!({ "ids": [token["id"]], "count": 1, "dry_run": true })
    );
    assert_eq!(
        stand.admin("GET", &path(&token, ""), Value::Null).json()["state"],
        "active"
    );
    let done = revoke(
        json!({ "user_id": "olga", "reason": "left", "issued_before": "2999-01-01T00:00:00Z" }),
    );
    assert_eq!(done.json()["count"], 1);
    assert_eq!(
        stand.admin("GET", &path(&token, ""), Value::Null).json()["state"],
        "revoked"
    );
    assert_eq!(revoke(json!({})).problem(), "422 invalid_value");
}

#[test]
fn find_takes_the_token_in_a_body() {
    let stand = Stand::new();
    let token = issue(&stand, json!({ "name": "t", "user_id": "olga" }));
    for key in ["token", "id", "start"] {
        let found = stand.admin("POST", "/v1/tokens/find", json!({ "text": token[key] }));
        assert_eq!(ids(&found), [token["id"].as_str().expect("an id")], "{key}");
    }
    let whole = token["token"].as_str().expect("a text");
    let damaged = format!("{}x", &whole[..whole.len() - 1]);
    for text in [&damaged, &whole[..20], &format!(" {whole} ")] {
        let found = stand.admin("POST", "/v1/tokens/find", json!({ "text": text }));
        assert_eq!(ids(&found), [token["id"].as_str().expect("an id")]);
    }
    let other_start = format!("{}{}", &whole[..10], "-no-token-begins-so");
    for none in ["what-nobody-has", &"0".repeat(64), &other_start[..9]] {
        let found = stand.admin(
            "POST",
            "/v1/tokens/find",
            json!({ "text": format!("{none}x") }),
        );
        assert_eq!(found.json(), json!({ "items": [], "next": null }), "{none}");
    }
}

#[test]
fn imported_tokens_are_found_by_their_text_whatever_it_looks_like() {
    let mut stand = Stand::new();
    let texts = [
        "st_legacy-token-one",
        "0d7f5a3c-6a52-4b4e-9a59-1f6f3c1f0e55",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "short",
    ];
    for text in texts {
        let import = format!(
            "select id from pgtoken.import_token(sha256('{text}'), 'olga', 'old', start => '{}')",
            &text[..4]
        );
        let id = stand.acme.row(&import);
        let found = stand.admin("POST", "/v1/tokens/find", json!({ "text": text }));
        assert_eq!(ids(&found), [id.as_str()], "{text}");
        let digest = stand
            .acme
            .row(&format!("select encode(sha256('{text}'), 'hex')"));
        let found = stand.admin("POST", "/v1/tokens/find", json!({ "text": digest }));
        assert_eq!(ids(&found), [id.as_str()], "{text}");
    }
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let stand = Stand::new();
    let mut issued: Vec<String> = (0..5)
        .map(|n| {
            issue(
                &stand,
                json!({ "name": format!("t{n}"), "user_id": "olga" }),
            )
        })
        .map(|token| token["id"].as_str().expect("an id").to_owned())
        .collect();
    issued.reverse();
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let page = stand.admin("GET", &format!("/v1/tokens?max_rows=2{next}"), Value::Null);
        seen.extend(ids(&page));
        match page.json()["next"].as_str() {
            Some(cursor) => next = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, issued);
    let sorted = stand.admin("GET", "/v1/tokens?sort=name%20asc&search=T3", Value::Null);
    assert_eq!(ids(&sorted), [issued[1].as_str()]);
    let users = stand
        .admin("GET", "/v1/users?max_rows=1", Value::Null)
        .json();
    assert_eq!(users["next"], users["items"][0]["user_id"]);
    let events = stand
        .admin("GET", "/v1/events?max_rows=3", Value::Null)
        .json();
    assert_eq!(events["next"], events["items"][2]["id"]);
}

#[test]
fn query_is_read_strictly() {
    let stand = Stand::new();
    for (query, pointer) in [
        ("/v1/tokens?user=olga", "/user"),
        ("/v1/tokens?user_id=olga&user_id=leo", "/user_id"),
        ("/v1/tokens?max_rows=many", "/max_rows"),
        ("/v1/tokens?after=1", "/after"),
        ("/v1/tokens?expires_before=tomorrow", "/expires_before"),
        ("/v1/tokens?search=%00", "/search"),
        ("/v1/users?limit=1", "/limit"),
        ("/v1/workspaces?search=a", "/search"),
        ("/v1/events?token_id=x", "/token_id"),
    ] {
        let answer = stand.admin("GET", query, Value::Null);
        assert_eq!(answer.problem(), "400 invalid_request", "{query}");
        assert_eq!(answer.pointer(), pointer, "{query}");
    }
    for (query, pointer) in [
        ("/v1/tokens?max_rows=0", "/max_rows"),
        ("/v1/tokens?sort=digest", "/sort"),
        ("/v1/tokens?state=new", "/state"),
        ("/v1/stats?workspace_id=nowhere", "/workspace_id"),
    ] {
        let answer = stand.admin("GET", query, Value::Null);
        assert_eq!(answer.problem(), "422 invalid_value", "{query}");
        assert_eq!(answer.pointer(), pointer, "{query}");
    }
}

#[test]
fn body_is_read_strictly() {
    let stand = Stand::new();
    let post = |body: &str| {
        let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
        stand.ask(
            "POST",
            "/v1/tokens",
            &[&bearer, "Content-Type: application/json"],
            body,
        )
    };
    for (body, pointer) in [
        (r#"{"name": "t", "userid": "olga"}"#, "/userid"),
        (r#"{"name": 1}"#, "/name"),
        (r#"{"permissions": ["upload", 1]}"#, "/permissions/1"),
        (r#"{"ttl": "soon"}"#, "/ttl"),
        (r#"{"ttl": 90}"#, "/ttl"),
        (r#"{"expires_at": "2030-01-31"}"#, "/expires_at"),
        (r#"{"rate_limit": 99999999999}"#, "/rate_limit"),
        (r#"{"rate_limit": 1.5}"#, "/rate_limit"),
        (r#"{"auto_publish": "true"}"#, "/auto_publish"),
        (r#"{"allowed_addrs": ["10.0.0.1/8"]}"#, "/allowed_addrs/0"),
    ] {
        let answer = post(body);
        assert_eq!(answer.problem(), "400 invalid_request", "{body}");
        assert_eq!(answer.pointer(), pointer, "{body}");
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"name": "a", "name": "b"}"#,
        r#"{"metadata": {"a": {"b": 1, "b": 2}}}"#,
        r#"{"name": "\u0000"}"#,
        r#"{"name": "\ud800"}"#,
        "{} {}",
    ] {
        assert_eq!(post(body).problem(), "400 invalid_request", "{body}");
    }
    let bearer = format!("Authorization: Bearer {ADMIN_SECRET}");
    let form = stand.ask("POST", "/v1/tokens", &[&bearer], "name=t");
    assert_eq!(form.problem(), "415 unsupported_media_type");
}

#[test]
fn each_value_that_the_database_refuses_is_named() {
    let stand = Stand::new();
    let good = || json!({ "name": "t", "user_id": "olga", "workspace_id": "acme" });
    for (field, value) in [
        ("name", json!("")),
        ("user_id", json!("nobody")),
        ("workspace_id", json!("nowhere")),
        ("scope", json!("root")),
        ("permissions", json!(["fly"])),
        ("grants", json!({ "lobby": true })),
        ("auto_publish", json!(true)),
        ("ttl", json!("0d")),
        ("expires_at", json!("2001-01-01T00:00:00Z")),
        ("rate_limit", json!(0)),
        ("metadata", json!([])),
        ("prefix", json!("Bad")),
    ] {
        let mut body = good();
        body[field] = value;
        let answer = stand.admin("POST", "/v1/tokens", body);
        assert_eq!(answer.problem(), "422 invalid_value", "{field}: {answer:?}");
        assert_eq!(answer.pointer(), format!("/{field}"));
    }
    let beyond = stand.admin(
        "POST",
        "/v1/tokens",
        json!({
            "name": "t", "user_id": "leo", "workspace_id": "acme", "scope": "full"
        }),
    );
    assert_eq!(
        (beyond.problem(), beyond.pointer()),
        ("403 not_allowed".into(), "/scope".into())
    );
    let overflow = stand.admin(
        "POST",
        "/v1/tokens",
        json!({ "name": "t", "user_id": "olga", "ttl": "P999999999Y" }),
    );
    assert_eq!(overflow.problem(), "422 invalid_value");
}

#[test]
fn what_is_no_token_is_not_found() {
    let stand = Stand::new();
    for id in [NOBODY, "1", "%00", "%ff", "revoke%20"] {
        let answer = stand.admin("GET", &format!("/v1/tokens/{id}"), Value::Null);
        assert_eq!(answer.problem(), "404 not_found", "{id}");
    }
    assert_eq!(
        stand
            .admin("GET", "/v1/workspaces/%ff/targets", Value::Null)
            .problem(),
        "404 not_found"
    );
    let unknown = stand.admin("GET", "/v1/workspaces/nowhere/targets", Value::Null);
    assert_eq!(unknown.problem(), "422 invalid_value");
}

#[test]
fn user_manages_its_own_and_no_more() {
    let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let signer = Signer::hs256(JWT_SECRET);
    let exp = pgtoken_tests::jwt::now() + 60;
    let olga = signer.sign(&json!({ "sub": "olga", "workspace_id": "acme", "exp": exp }));
    let others = stand
        .acme
        .issue("'t', 'leo', scope => 'read', workspace_id => 'acme'");

    let answer = stand.bearer(&olga, "POST", "/v1/tokens", json!({ "name": "mine" }));
    assert_eq!(answer.status, 201, "{answer:?}");
    let own = answer.json();
    assert_eq!(
        (&own["user_id"], &own["workspace_id"]),
        (&json!("olga"), &json!("acme"))
    );
    assert_eq!(own["created_by"], "olga");
    let list = stand.bearer(&olga, "GET", "/v1/tokens", Value::Null);
    assert_eq!(ids(&list), [own["id"].as_str().expect("an id")]);
    let found = stand.bearer(
        &olga,
        "POST",
        "/v1/tokens/find",
        json!({ "text": others.id }),
    );
    assert!(ids(&found).is_empty());
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("GET", "/usage"),
    ] {
        let answer = stand.bearer(
            &olga,
            method,
            &format!("/v1/tokens/{}{rest}", others.id),
            Value::Null,
        );
        assert_eq!(answer.problem(), "404 not_found", "{method} {rest}");
    }
    let full = stand.bearer(
        &olga,
        "POST",
        "/v1/tokens",
        json!({ "name": "t", "scope": "full" }),
    );
    assert_eq!(full.problem(), "403 not_allowed");
    let foreign = stand.bearer(
        &olga,
        "POST",
        "/v1/tokens",
        json!({ "name": "t", "workspace_id": "globex" }),
    );
    assert_eq!(foreign.problem(), "403 not_allowed");
    let users = stand.bearer(&olga, "GET", "/v1/users", Value::Null).json();
    assert_eq!(users["items"].as_array().map(Vec::len), Some(1), "{users}");
    let targets = stand.bearer(&olga, "GET", "/v1/workspaces/globex/targets", Value::Null);
    assert_eq!(targets.problem(), "403 not_allowed");
    let disabled = signer.user("dora");
    assert_eq!(
        stand
            .bearer(&disabled, "GET", "/v1/tokens", Value::Null)
            .problem(),
        "403 not_allowed"
    );
}

#[test]
fn directory_vocabulary_and_counts_are_for_pickers() {
    let stand = Stand::new();
    let items = |path: &str| stand.admin("GET", path, Value::Null).json()["items"].clone();
    assert_eq!(items("/v1/workspaces").as_array().map(Vec::len), Some(3));
    let targets = items("/v1/workspaces/acme/targets");
    assert_eq!(targets[1]["zones"][0]["zone_id"], "main");
    let scopes = items("/v1/scopes");
    let names: Vec<_> = (0..3)
        .map(|n| scopes[n]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["read", "write", "full"]);
    assert_eq!(items("/v1/permissions")[0]["name"], "audit");
    assert_eq!(
        items("/v1/users?search=OLGA")[0]["email"],
        "olga@acme.example"
    );
    assert_eq!(items("/v1/users?workspace_id=globex")[0]["user_id"], "stan");
    let token = issue(&stand, json!({ "name": "t", "user_id": "olga" }));
    assert_eq!(
        stand.admin("GET", "/v1/stats", Value::Null).json()["active"],
        1
    );
    let usage = format!("{}?since=2020-01-01T00:00:00Z", path(&token, "/usage"));
    assert_eq!(items(&usage), json!([]));
    let events = items(&format!(
        "/v1/events?token_id={}",
        token["id"].as_str().expect("an id")
    ));
    assert_eq!(events[0]["kind"], "issued");
}

#[test]
fn wrong_method_lists_the_right_ones() {
    let stand = Stand::new();
    let id = format!("/v1/tokens/{NOBODY}");
    for (method, path, allow) in [
        ("PUT", "/v1/tokens", "GET, HEAD, POST"),
        ("POST", id.as_str(), "GET, HEAD, PATCH, DELETE"),
        ("GET", "/v1/tokens/revoke", "POST"),
        ("GET", &format!("{id}/rotate"), "POST"),
        ("GET", &format!("{id}/grants"), "PUT"),
        ("POST", &format!("{id}/usage"), "GET, HEAD"),
        ("POST", "/v1/stats", "GET, HEAD"),
        ("PUT", "/v1/session", "GET, HEAD, POST, DELETE"),
    ] {
        let answer = stand.admin(method, path, Value::Null);
        assert_eq!(
            answer.problem(),
            "405 method_not_allowed",
            "{method} {path}"
        );
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}
