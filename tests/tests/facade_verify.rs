//! The facade: verifying, one question or many, and who may ask.
use pgtoken_tests::{ADMIN_SECRET, Issued, Stand, VERIFIER_SECRET, row};
use serde_json::{Value, json};

const JSON: &str = "Content-Type: application/json";

/// A token of `olga`, who writes in `acme`.
fn writer(stand: &mut Stand, more: &str) -> Issued {
    let arguments =
        format!("name => 'w', user_id => 'olga', workspace_id => 'acme', scope => 'write'{more}");
    stand.acme.issue(&arguments)
}

#[test]
fn a_valid_verdict_has_every_column_of_the_row() {
    let mut stand = Stand::new();
    let more = r#", permissions => '{upload}', metadata => '{"a": [1, "ü"]}', expires_at => '2099-01-02 03:04:05+00'"#;
    let token = writer(&mut stand, more);
    let answer = stand.verify(
        &json!({"token": token.text, "scope": "read", "target": "windows", "zone": "main"}),
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = json!({
        "valid": true, "code": "valid", "status": 200, "token_id": token.id, "user_id": "olga",
        "workspace_id": "acme", "scope": "write", "permissions": ["upload"], "target": "windows",
        "zone": "main", "auto_publish": false, "expires_at": "2099-01-02T03:04:05+00:00",
        "metadata": {"a": [1, "ü"]}, "retry_after": null,
    });
    assert_eq!(answer.json(), expected);
    let columns = "select string_agg(attname, ' ' order by attname) from pg_attribute
                   where attrelid = 'pgtoken.verdict'::regclass and attnum > 0";
    let mut names: Vec<String> = expected
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    names.sort();
    assert_eq!(names.join(" "), row(&mut stand.acme.client, columns));
}

#[test]
fn every_verdict_is_200_and_the_one_that_sql_gives() {
    let mut stand = Stand::new();
    let token = writer(&mut stand, "");
    let revoked = writer(&mut stand, "");
    stand.acme.row(&format!(
        "select id from pgtoken.revoke_token('{}')",
        revoked.id
    ));
    let disabled = writer(&mut stand, "");
    stand.acme.row(&format!(
        "select id from pgtoken.update_token('{}', enabled => false)",
        disabled.id
    ));
    let expired = writer(&mut stand, "");
    stand.acme.rows("set session_replication_role = replica");
    stand.acme.rows(&format!(
        "update pgtoken.token set expires_at = now() where id = '{}'",
        expired.id
    ));
    stand.acme.rows("set session_replication_role = origin");
    let here = writer(&mut stand, ", allowed_addrs => '{192.0.2.0/24}'");
    let once = writer(&mut stand, ", rate_limit => 1, rate_window => '1 day'");
    let agency = stand.acme.issue(
        r#"name => 'a', user_id => 'olga', workspace_id => 'acme', scope => 'agency', grants => '{"windows": ["main", "ticker"]}'"#,
    );
    let foreigner = stand
        .acme
        .issue("name => 's', user_id => 'stan', workspace_id => 'globex', scope => 'read'");
    let leaver = stand
        .acme
        .issue("name => 'l', user_id => 'leo', workspace_id => 'acme', scope => 'read'");
    stand
        .acme
        .rows("delete from pgtoken.member where user_id = 'leo'");
    let late = stand
        .acme
        .issue("name => 'r', user_id => 'robot', workspace_id => 'acme', scope => 'read'");
    stand
        .acme
        .rows("update pgtoken.app_user set disabled_at = now() where user_id = 'robot'");
    let closed = stand
        .acme
        .issue("name => 'm', user_id => 'mia', workspace_id => 'acme', scope => 'read'");
    let mut unsound = token.text.clone();
    unsound.push('0');
    unsound.remove(10);

    let cases = [
        (json!({"token": token.text}), "valid"),
        (json!({"token": unsound}), "malformed"),
        (json!({"token": "st_unknown"}), "not_found"),
        (json!({"token": ""}), "not_found"),
        (json!({"token": revoked.text}), "revoked"),
        (json!({"token": expired.text}), "expired"),
        (json!({"token": disabled.text}), "disabled"),
        (json!({"token": late.text}), "owner_disabled"),
        (json!({"token": leaver.text}), "not_a_member"),
        (
            json!({"token": foreigner.text, "workspace_id": "acme"}),
            "wrong_workspace",
        ),
        (
            json!({"token": token.text, "scope": "full"}),
            "insufficient_scope",
        ),
        (
            json!({"token": token.text, "scope": ""}),
            "insufficient_scope",
        ),
        (json!({"token": agency.text}), "insufficient_scope"),
        (
            json!({"token": token.text, "permissions": ["upload"]}),
            "insufficient_permissions",
        ),
        (
            json!({"token": token.text, "target": "roof"}),
            "target_forbidden",
        ),
        (
            json!({"token": agency.text, "target": "windows"}),
            "zone_required",
        ),
        (
            json!({"token": agency.text, "target": "windows", "zone": "none"}),
            "zone_forbidden",
        ),
        (json!({"token": here.text}), "address_forbidden"),
        (
            json!({"token": here.text, "client_addr": "192.0.2.77"}),
            "valid",
        ),
        (json!({"token": once.text, "consume": false}), "valid"),
        (json!({"token": once.text}), "valid"),
        (json!({"token": once.text}), "rate_limited"),
    ];
    let facade_says = |stand: &Stand, question: &Value, code: &str| {
        let answer = stand.verify(question);
        assert_eq!(answer.status, 200, "{question}");
        let verdict = answer.json();
        assert_eq!(verdict["code"], code, "{question}");
        assert_eq!(verdict["valid"], code == "valid", "{question}");
        let status = match code {
            "valid" => 200,
            "rate_limited" => 429,
            "malformed" | "not_found" | "revoked" | "expired" | "disabled" | "owner_disabled"
            | "workspace_disabled" | "not_a_member" => 401,
            _ => 403,
        };
        assert_eq!(verdict["status"], status, "{question}");
        assert_eq!(
            verdict["retry_after"].is_number(),
            code == "rate_limited",
            "{verdict}"
        );
    };
    for (question, code) in &cases {
        facade_says(&stand, question, code);
    }
    stand
        .acme
        .rows("update pgtoken.workspace set disabled_at = now() where workspace_id = 'acme'");
    facade_says(&stand, &json!({"token": closed.text}), "workspace_disabled");
}

#[test]
fn a_digest_stands_for_its_token() {
    let mut stand = Stand::new();
    let token = writer(&mut stand, "");
    let digest = stand
        .acme
        .row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    assert_eq!(
        stand.verify(&json!({"digest": digest})).json()["token_id"],
        token.id
    );
    assert_eq!(
        stand
            .verify(&json!({"digest": digest.to_uppercase()}))
            .json()["code"],
        "valid"
    );
    assert_eq!(
        stand.verify(&json!({"digest": "0".repeat(64)})).json()["code"],
        "not_found"
    );
}

#[test]
fn a_bad_question_is_400_and_points_to_the_field() {
    let stand = Stand::new();
    for (question, pointer) in [
        (json!({}), "/token"),
        (json!({"token": null}), "/token"),
        (json!({"token": "x", "digest": "y"}), "/digest"),
        (json!({"digest": "zz"}), "/digest"),
        (json!({"digest": "+1".repeat(32)}), "/digest"),
        (json!({"token": 1}), "/token"),
        (json!({"token": "x", "scoop": "read"}), "/scoop"),
        (
            json!({"token": "x", "permissions": "upload"}),
            "/permissions",
        ),
        (
            json!({"token": "x", "permissions": [null]}),
            "/permissions/0",
        ),
        (
            json!({"token": "x", "permissions": ["a", "b c"]}),
            "/permissions/1",
        ),
        (json!({"token": "x", "permissions": [""]}), "/permissions/0"),
        (json!({"token": "x", "client_addr": "here"}), "/client_addr"),
        (json!({"token": "x", "consume": "no"}), "/consume"),
    ] {
        let answer = stand.verify(&question);
        assert_eq!(answer.status, 400, "{question}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            pointer,
            "{question}: {}",
            answer.body
        );
    }
    let answer = stand.verify(&json!({"token": "\u{0}"}));
    assert_eq!(answer.status, 400);
}

#[test]
fn only_a_verifier_or_an_administrator_verifies() {
    let mut stand = Stand::new();
    let token = writer(&mut stand, "");
    let body = json!({"token": token.text}).to_string();
    for path in ["/v1/verify", "/v1/verify/batch", "/v1/introspect"] {
        let anyone = stand.ask("POST", path, &[JSON], &body);
        assert_eq!(anyone.status, 401, "{path}");
        assert_eq!(
            anyone.header("www-authenticate"),
            "Bearer realm=\"pgtoken\""
        );
        let guesser = stand.ask("POST", path, &[JSON, "Authorization: Bearer guess"], &body);
        assert_eq!(guesser.status, 401, "{path}");
        assert!(
            guesser
                .header("www-authenticate")
                .contains("error=\"invalid_token\"")
        );
        let bearer = format!("Authorization: Bearer {}", token.text);
        assert_eq!(
            stand.ask("POST", path, &[JSON, &bearer], &body).status,
            403,
            "{path}"
        );
        assert_eq!(stand.ask("GET", path, &[], "").status, 405, "{path}");
    }
    for secret in [ADMIN_SECRET, VERIFIER_SECRET] {
        let key = format!("X-API-Key: {secret}");
        assert_eq!(
            stand.ask("POST", "/v1/verify", &[JSON, &key], &body).status,
            200
        );
    }
}

#[test]
fn a_batch_is_answered_in_its_order() {
    let mut stand = Stand::new();
    let tokens: Vec<Issued> = (0..5).map(|_| writer(&mut stand, "")).collect();
    let scopes = ["read", "write", "full"];
    let questions: Vec<Value> = (0..400)
        .map(|i| match i % 6 {
            5 => json!({"token": format!("st_unknown{i}"), "consume": i % 4 == 0}),
            n => json!({"token": tokens[n].text, "scope": scopes[i % 3], "consume": i % 4 == 0}),
        })
        .collect();
    let answer = stand.post("/v1/verify/batch", &json!({"questions": questions}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let verdicts = answer.json()["verdicts"]
        .as_array()
        .expect("an array")
        .clone();
    assert_eq!(verdicts.len(), questions.len());
    for (i, verdict) in verdicts.iter().enumerate() {
        let code = match (i % 6, i % 3) {
            (5, _) => "not_found",
            (_, 2) => "insufficient_scope",
            _ => "valid",
        };
        assert_eq!(verdict["code"], code, "{i}");
        if i % 6 != 5 {
            assert_eq!(verdict["token_id"], tokens[i % 6].id.as_str(), "{i}");
        }
    }
}

#[test]
fn a_batch_of_nothing_is_nothing_and_one_of_too_many_is_refused() {
    let stand = Stand::new();
    assert_eq!(
        stand
            .post("/v1/verify/batch", &json!({"questions": []}))
            .json(),
        json!({"verdicts": []})
    );
    let many: Vec<Value> = (0..501).map(|_| json!({"token": "x"})).collect();
    let answer = stand.post("/v1/verify/batch", &json!({"questions": many}));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/questions");
    let most = &many[..500];
    let full = stand.post("/v1/verify/batch", &json!({"questions": most}));
    assert_eq!(full.json()["verdicts"].as_array().map(Vec::len), Some(500));
    let bad = json!({"questions": [{"token": "x"}, {"token": "x", "permissions": [" "]}]});
    let answer = stand.post("/v1/verify/batch", &bad);
    assert_eq!(
        answer.json()["errors"][0]["pointer"],
        "/questions/1/permissions/0"
    );
}

#[test]
fn a_malformed_token_never_reaches_the_database() {
    // A facade whose database is nowhere answers at once.
    let stand = Stand::with(&[(
        "PGTOKEN_VERIFY_DATABASE_URL",
        "postgres://nobody@127.0.0.1:1/nowhere",
    )]);
    let long = "x".repeat(513);
    let unsound = format!("pgt_{}", "0".repeat(49));
    for text in [long.as_str(), &unsound] {
        let answer = stand.verify(&json!({"token": text}));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["code"], "malformed");
        assert_eq!(answer.json()["token_id"], Value::Null);
    }
    let metrics = stand.facade.get("/metrics").body;
    assert!(
        metrics.contains("pgtoken_verdicts_total{code=\"malformed\"} 2\n"),
        "{metrics}"
    );
}
