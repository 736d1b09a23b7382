//! The facade: introspection, revocation, and what a token says of itself.
use pgtoken_tests::{Facade, HttpAnswer, Stand};
use serde_json::json;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn introspect(stand: &Stand, token: &str) -> HttpAnswer {
    stand.form(
        "/v1/introspect",
        &format!("token={token}&token_type_hint=access_token"),
    )
}

#[test]
fn an_active_token_is_introspected_with_the_scope_in_effect() {
    let mut stand = Stand::new();
    let token = stand.acme.issue(
        "name => 't', user_id => 'olga', workspace_id => 'acme', scope => 'write', permissions => '{upload}',
         expires_at => '2099-01-02 03:04:05+00'",
    );
    let answer = introspect(&stand, &token.text);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let mut body = answer.json();
    let iat = body["iat"].take();
    let created = stand.acme.row(&format!(
        "select floor(extract(epoch from created_at))::bigint from pgtoken.tokens where id = '{}'",
        token.id
    ));
    assert_eq!(iat.to_string(), created);
    assert_eq!(
        body,
        json!({
            "active": true, "scope": "write upload", "username": "Olga", "token_type": "Bearer",
            "exp": 4_071_006_245_u32, "iat": null, "sub": "olga", "jti": token.id, "workspace_id": "acme",
        })
    );
    stand.acme.rows(
        "update pgtoken.member set scope = 'read' where user_id = 'olga' and workspace_id = 'acme'",
    );
    assert_eq!(
        introspect(&stand, &token.text).json()["scope"],
        "read upload"
    );
}

#[test]
fn a_confined_token_is_active_in_its_own_scope() {
    let mut stand = Stand::new();
    let token = stand.acme.issue(
        r#"name => 'a', user_id => 'olga', workspace_id => 'acme', scope => 'agency', grants => '{"lobby": true}'"#,
    );
    assert_eq!(introspect(&stand, &token.text).json()["scope"], "agency");
    stand
        .acme
        .rows("delete from pgtoken.target where target_id = 'lobby'");
    assert_eq!(introspect(&stand, &token.text).body, r#"{"active":false}"#);
}

#[test]
fn what_is_not_active_is_exactly_that() {
    let mut stand = Stand::new();
    let revoked = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    stand.acme.row(&format!(
        "select id from pgtoken.revoke_token('{}')",
        revoked.id
    ));
    let elsewhere = stand.acme.issue(
        "name => 't', user_id => 'olga', workspace_id => 'acme', allowed_addrs => '{192.0.2.0/24}'",
    );
    let long = "x".repeat(600);
    for token in [
        revoked.text.as_str(),
        &elsewhere.text,
        "st_unknown",
        "",
        "%00x",
        &long,
    ] {
        let answer = introspect(&stand, token);
        if token == "%00x" {
            assert_eq!(answer.status, 400);
            continue;
        }
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"active":false}"#),
            "{token}"
        );
    }
    let here = stand.form(
        "/v1/introspect",
        &format!("token={}&client_addr=192.0.2.1", elsewhere.text),
    );
    assert_eq!(here.json()["active"], true);
}

#[test]
fn introspection_needs_a_token_and_a_form() {
    let stand = Stand::new();
    for (body, pointer) in [
        ("hint=x", "/token"),
        ("token=a&token=b", "/token"),
        ("token=a&client_addr=here", "/client_addr"),
    ] {
        let answer = stand.form("/v1/introspect", body);
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(
        stand.post("/v1/introspect", &json!({"token": "x"})).status,
        415
    );
}

#[test]
fn whoever_holds_a_token_revokes_it_and_learns_nothing_else() {
    let mut stand = Stand::new();
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    let malformed = format!("pgt_{}", "0".repeat(49));
    let body = format!("token={}&token_type_hint=refresh_token", token.text);
    let known = stand.ask("POST", "/v1/revocation", &[FORM], &body);
    let again = stand.ask("POST", "/v1/revocation", &[FORM], &body);
    let unknown = stand.ask("POST", "/v1/revocation", &[FORM], "token=st_unknown");
    let unsound = stand.ask(
        "POST",
        "/v1/revocation",
        &[FORM],
        &format!("token={malformed}"),
    );
    for answer in [&known, &again, &unknown, &unsound] {
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
    assert_eq!(
        stand.verify(&json!({"token": token.text})).json()["code"],
        "revoked"
    );
    assert_eq!(
        stand.acme.last_event(&token.id).split('|').next(),
        Some("revoked")
    );
    assert_eq!(
        stand
            .ask("POST", "/v1/revocation", &[FORM], "token=")
            .status,
        200
    );
    assert_eq!(
        stand.ask("POST", "/v1/revocation", &[FORM], "x=y").status,
        400
    );
    assert_eq!(stand.ask("GET", "/v1/revocation", &[], "").status, 405);
}

#[test]
fn a_token_says_what_it_is() {
    let mut stand = Stand::new();
    let token = stand.acme.issue(
        r#"name => 'Agency', user_id => 'olga', workspace_id => 'acme', scope => 'agency',
           grants => '{"windows": ["main"]}', metadata => '{"internal": true}'"#,
    );
    let answer = stand.get_with("/v1/token", &token, &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["id"], token.id.as_str());
    assert_eq!(body["scope"], "agency");
    assert_eq!(body["grants"], json!({"windows": ["main"]}));
    assert!(!answer.body.contains("internal"), "{}", answer.body);
    assert!(!answer.body.contains(&token.text));

    assert_eq!(stand.ask("GET", "/v1/token", &[], "").status, 401);
    let key = format!("X-API-Key: {}", token.text);
    assert_eq!(stand.ask("GET", "/v1/token", &[&key], "").status, 200);
    assert_eq!(
        stand
            .ask(
                "GET",
                "/v1/token",
                &[&key, "Authorization: Bearer other"],
                ""
            )
            .status,
        400
    );
    stand.acme.row(&format!(
        "select id from pgtoken.revoke_token('{}')",
        token.id
    ));
    let ended = stand.get_with("/v1/token", &token, &[]);
    assert_eq!(ended.status, 401);
    assert!(
        ended
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

#[test]
fn guesses_on_public_routes_are_limited() {
    let mut stand = Stand::with(&[("PGTOKEN_GUESSES_PER_MINUTE", "4")]);
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    for _ in 0..2 {
        assert_eq!(
            stand
                .ask("GET", "/v1/token", &["X-API-Key: guess"], "")
                .status,
            401
        );
        assert_eq!(
            stand
                .ask("POST", "/v1/revocation", &[FORM], "token=guess")
                .status,
            200
        );
    }
    let limited = stand.get_with("/v1/token", &token, &[]);
    assert_eq!(limited.status, 429);
    assert_eq!(limited.json()["code"], "too_many_guesses");
    assert!(
        limited
            .header("retry-after")
            .parse::<u64>()
            .expect("seconds")
            > 0
    );
    let body = format!("token={}", token.text);
    assert_eq!(
        stand.ask("POST", "/v1/revocation", &[FORM], &body).status,
        429
    );
    // A verifier is trusted to ask about anything.
    for _ in 0..10 {
        assert_eq!(stand.verify(&json!({"token": "guess"})).status, 200);
    }
}

#[test]
fn metrics_have_codes_routes_batches_pool_and_use_and_no_secret() {
    let mut stand = Stand::new();
    let token = stand
        .acme
        .issue("name => 't', user_id => 'olga', workspace_id => 'acme'");
    stand.verify(&json!({"token": token.text}));
    stand.verify(&json!({"token": "st_unknown"}));
    stand.get_with("/v1/forward-auth/nobodys-policy", &token, &[]);
    stand.ask("GET", "/v1/no/such/path", &[], "");
    let answer: HttpAnswer = stand.ask("GET", "/metrics", &[], "");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let has = |line: &str| assert!(answer.body.contains(line), "{line}:\n{}", answer.body);
    has("pgtoken_verdicts_total{code=\"valid\"} 1\n");
    has("pgtoken_verdicts_total{code=\"not_found\"} 1\n");
    has("pgtoken_verdicts_total{code=\"revoked\"} 0\n");
    has("pgtoken_http_requests_total{route=\"/v1/verify\",status=\"200\"} 2\n");
    has("pgtoken_http_requests_total{route=\"/v1/forward-auth\",status=\"403\"} 1\n");
    has("pgtoken_http_requests_total{route=\"other\",status=\"404\"} 1\n");
    has("pgtoken_http_request_duration_seconds_count{route=\"/v1/verify\"} 2\n");
    has("pgtoken_batch_size_count 2\n");
    has("pgtoken_verify_connections 2\n");
    has("pgtoken_queue 0\n");
    has("pgtoken_database_errors_total 0\n");
    has("pgtoken_pool_size ");
    has("pgtoken_usage_slots 65536");
    has("# EOF\n");
    for secret in [&token.text, "nobodys", "no/such"] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
    assert!(!stand.facade.log().contains(&token.text));
}

#[test]
fn a_facade_without_rights_denies_nobody_it_only_fails() {
    let stand = Stand::new();
    let stranger = pgtoken_tests::shared().login(&[]);
    let facade = Facade::start_as(
        Facade::program().env("PGTOKEN_DATABASE_URL", stand.acme.db.url(&stranger)),
    );
    let mut http = pgtoken_tests::Http::connect(&facade.url("")).expect("it listens");
    let answer = http
        .ask("GET", "/v1/forward-auth", &["X-API-Key: st_x"], "")
        .expect("an answer");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["code"], "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    // What its table of SQLSTATEs says of a right that the facade itself lacks.
    let answer = http
        .ask("GET", "/v1/token", &["X-API-Key: st_x"], "")
        .expect("an answer");
    assert_eq!(answer.json()["code"], "internal");
}
