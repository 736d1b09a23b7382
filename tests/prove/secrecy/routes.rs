//! Tokens over HTTP, on every route that takes or makes one.
use super::looked::Looked;
use super::secret::Secrets;
use super::tour::QUIET;
use pgtoken_format::{Shape, classify, digest};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, JWT_SECRET, Stand, VERIFIER_SECRET};
use serde_json::{Value, json};
use std::process::Command;

/// Every route that takes or makes a text, as whoever may and as whoever may not.
pub fn over_http(stand: &mut Stand, secrets: &mut Secrets, looked: &mut Looked) {
    let jwt = Signer::hs256(JWT_SECRET).user("olga");
    for secret in [ADMIN_SECRET, VERIFIER_SECRET, JWT_SECRET, jwt.as_str()] {
        secrets.text(secret);
    }
    let body = json!({"name": "t", "user_id": "olga", "workspace_id": "acme", "scope": "write"});
    let issued = stand.admin("POST", "/v1/tokens", body).json();
    let (first, id) = (text(&issued["token"]), text(&issued["id"]));
    let rotation = json!({"overlap": "1h"});
    let rotated = stand
        .bearer(&jwt, "POST", &format!("/v1/tokens/{id}/rotate"), rotation)
        .json();
    let second = text(&rotated["token"]);
    let foreign = "sk-other-9Zr3nC8wU5xMa7SlXd2Og4It6Ke1Hq0B".to_owned();
    let import = "select from pgtoken.import_token($1, 'olga', 'old', 'sk-oth')";
    let digest = digest(foreign.as_bytes());
    let mut quiet = stand.acme.db.cluster().connect(stand.acme.db.name(), QUIET);
    quiet
        .execute(import, &[&digest.as_slice()])
        .expect("an import");
    let session = stand.json("POST", "/v1/session", &[], json!({"secret": ADMIN_SECRET}));
    let cookie = session
        .header("set-cookie")
        .split(['=', ';'])
        .nth(1)
        .expect("a value")
        .to_owned();
    secrets.text(&cookie);
    stand.ask(
        "GET",
        "/v1/session",
        &[&format!("Cookie: pgtoken_session={cookie}")],
        "",
    );

    for token in [&first, &second, &foreign] {
        secrets.token(token);
        let damaged = format!("{}x", &token[..token.len() - 1]);
        for shown in [token, &damaged] {
            let encoded = format!("token={shown}");
            let questions =
                json!({"questions": [{"token": shown}, {"token": shown, "scope": "full"}]});
            let mut answers = vec![
                stand.verify(&json!({"token": shown, "scope": "read"})),
                stand.post("/v1/verify/batch", &questions),
                stand.form("/v1/introspect", &encoded),
                stand.form("/v1/introspect", &format!("{encoded}&client_addr={shown}")),
                stand.admin("POST", "/v1/tokens/find", json!({"text": shown})),
                stand.bearer(&jwt, "POST", "/v1/tokens/find", json!({"text": shown})),
                stand.admin("POST", "/v1/session", json!({"secret": shown})),
            ];
            // In a URL only what has our shape can be told from a name.
            if classify(shown.as_bytes()) != Shape::Foreign {
                for target in [
                    format!("/v1/tokens/{shown}"),
                    format!("/v1/tokens?token={shown}"),
                ] {
                    answers.push(stand.ask("GET", &target, &[], ""));
                }
            }
            for credential in [
                format!("Authorization: Bearer {shown}"),
                format!("X-API-Key: {shown}"),
            ] {
                for (method, target) in [
                    ("GET", "/v1/token"),
                    ("GET", "/v1/forward-auth?scope=read"),
                    ("GET", "/v1/forward-auth"),
                    ("GET", "/v1/tokens"),
                    ("GET", "/v1/stats"),
                    ("POST", "/v1/verify"),
                    ("DELETE", "/v1/session"),
                ] {
                    answers.push(stand.ask(method, target, &[&credential], ""));
                }
            }
            over_http2(stand, shown);
            for answer in answers {
                looked.answer(format!("{answer:?}"));
            }
        }
    }
    for token in [&first, &second, &foreign] {
        looked.answer(format!(
            "{:?}",
            stand.form("/v1/revocation", &format!("token={token}"))
        ));
        looked.answer(format!(
            "{:?}",
            stand.form("/v1/revocation", &format!("token={token}"))
        ));
    }
}

/// Headers are other code there.
fn over_http2(stand: &Stand, token: &str) {
    let asked = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--http2-prior-knowledge",
        ])
        .arg("--header")
        .arg(format!("Authorization: Bearer {token}"))
        .arg(stand.facade.url("/v1/token"))
        .output();
    let asked = asked.expect("curl starts");
    assert!(asked.status.success(), "{asked:?}");
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
