//! The table of facade/README.md about what the facade itself refuses: each code in it is provoked.
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use pgtoken_tests::jwt::{Signer, now};
use pgtoken_tests::{ADMIN_SECRET, Facade, HttpAnswer, Stand, VERIFIER_SECRET, readme_table};
use serde_json::{Value, json};
use std::sync::mpsc;
use std::thread;

const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

#[test]
fn each_refusal_is_as_the_table_says() {
    let mut stand = Stand::new();
    for row in readme_table("| status | `code` |") {
        for code in row[1].split('`').skip(1).step_by(2) {
            let answer = provoke(&mut stand, &row[0], code);
            assert_eq!(answer.problem(), format!("{} {code}", row[0]));
            for header in ["Allow", "Retry-After", "WWW-Authenticate"] {
                let is_told =
                    row[3].contains(header) || row[3] == "the same" && header == "WWW-Authenticate";
                let is_there = !answer.header(&header.to_ascii_lowercase()).is_empty();
                assert_eq!(is_told, is_there, "{header} of {code}");
            }
        }
    }
}

/// An answer with this code; one that nobody knows how to get fails the test.
fn provoke(stand: &mut Stand, status: &str, code: &str) -> HttpAnswer {
    match code {
        "invalid_request" => stand.admin("POST", "/v1/tokens", json!({"nope": 1})),
        "unauthenticated" => stand.ask("GET", "/v1/tokens", &[], ""),
        "invalid_token" => stand.bearer("st_guess", "GET", "/v1/tokens", Value::Null),
        "session_expired" => show(stand, &forged("pgtoken session", now() - 1)),
        "session_invalid" => show(stand, "x"),
        "session_ended" => ended(stand),
        "link_expired" => sign_in(stand, &forged("pgtoken sign-in link", now() - 1)),
        "link_invalid" => sign_in(stand, "x"),
        "link_used" => {
            let link = forged("pgtoken sign-in link", now() + 60);
            assert_eq!(sign_in(stand, &link).status, 201);
            sign_in(stand, &link)
        }
        "insufficient_scope" => with_token(stand, "/v1/forward-auth?scope=full"),
        "token_cannot_manage" => with_token(stand, "/v1/tokens"),
        "cross_origin" => {
            let body = json!({"secret": ADMIN_SECRET});
            let elsewhere = "Sec-Fetch-Site: cross-site";
            stand.json("POST", "/v1/session", &[elsewhere], body)
        }
        "not_found" => stand.ask("GET", "/nope", &[], ""),
        "verify_only" => verify_only(),
        "sign_in_off" => without_admin_secret(stand),
        "method_not_allowed" => stand.ask("PUT", "/v1/tokens", &[], ""),
        "body_timeout" => unfinished_body(),
        "body_too_large" => {
            let headers = [admin(), "Content-Type: application/json".to_owned()];
            let headers = headers.each_ref().map(String::as_str);
            stand.ask("POST", "/v1/tokens", &headers, &"x".repeat(65_537))
        }
        "unsupported_media_type" => stand.ask("POST", "/v1/tokens", &[&admin()], "x"),
        "too_many_guesses" => guesses(),
        "keys_unavailable" => {
            let nowhere = [("PGTOKEN_JWKS_URL", "http://127.0.0.1:1/jwks.json")];
            let jwt = Signer::es256("k").user("olga");
            Stand::with(&nowhere).bearer(&jwt, "GET", "/v1/tokens", Value::Null)
        }
        "busy" => crowd(),
        _ => panic!("{status} {code}: nobody knows how to get it"),
    }
}

fn admin() -> String {
    format!("Authorization: Bearer {ADMIN_SECRET}")
}

fn sign_in(stand: &Stand, link: &str) -> HttpAnswer {
    stand.json("POST", "/v1/session", &[], json!({ "link": link }))
}

/// Asks who the session of a cookie is.
fn show(stand: &Stand, cookie: &str) -> HttpAnswer {
    let cookie = format!("Cookie: pgtoken_session={cookie}");
    stand.ask("GET", "/v1/session", &[&cookie], "")
}

/// What whoever has the administrator's secret can sign: the key of each purpose is an HMAC of its name.
fn forged(purpose: &str, exp: i64) -> String {
    let secret = EncodingKey::from_secret(ADMIN_SECRET.as_bytes());
    let key = crypto::sign(purpose.as_bytes(), &secret, Algorithm::HS256).expect("a signature");
    let key = EncodingKey::from_base64_secret(&standard_base64(&key)).expect("base64");
    let claims = json!({"jti": uuid::Uuid::new_v4(), "exp": exp});
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a JWT")
}

/// Base64url without padding, of 32 bytes, in the alphabet of RFC 4648, section 4.
fn standard_base64(url: &str) -> String {
    url.replace('-', "+").replace('_', "/") + "="
}

fn ended(stand: &Stand) -> HttpAnswer {
    let session = forged("pgtoken session", now() + 60);
    let cookie = format!("Cookie: pgtoken_session={session}");
    let here = "Sec-Fetch-Site: same-origin";
    let ended = stand.ask("DELETE", "/v1/session", &[&cookie, here], "");
    assert_eq!(ended.status, 204);
    show(stand, &session)
}

fn with_token(stand: &mut Stand, path: &str) -> HttpAnswer {
    let token = stand.acme.issue("'t', 'olga', workspace_id => 'acme'");
    stand.get_with(path, &token, &[])
}

fn verify_only() -> HttpAnswer {
    let facade = Facade::start_as(
        Facade::program()
            .env(
                "PGTOKEN_VERIFY_DATABASE_URL",
                "postgres://nobody@127.0.0.1:1/nowhere",
            )
            .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET),
    );
    let mut http = pgtoken_tests::Http::connect(&facade.url("")).expect("it listens");
    http.ask("GET", "/v1/tokens", &[&admin()], "")
        .expect("an answer")
}

fn without_admin_secret(stand: &Stand) -> HttpAnswer {
    let role = pgtoken_tests::shared().login(&["pgtoken_admin"]);
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", stand.acme.db.url(&role))
            .env("PGTOKEN_JWT_SECRET", JWT_SECRET),
    );
    let mut http = pgtoken_tests::Http::connect(&facade.url("")).expect("it listens");
    let body = json!({"jwt": Signer::hs256(JWT_SECRET).user("olga")}).to_string();
    http.ask(
        "POST",
        "/v1/session",
        &["Content-Type: application/json"],
        &body,
    )
    .expect("an answer")
}

fn unfinished_body() -> HttpAnswer {
    let stand = Stand::with(&[("PGTOKEN_BODY_TIMEOUT", "100ms")]);
    let mut http = stand.connect();
    let head = "POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9";
    http.send(&format!("{head}\r\n{}\r\n\r\n{{", admin()))
        .expect("sent");
    http.receive().expect("an answer")
}

fn guesses() -> HttpAnswer {
    let stand = Stand::with(&[("PGTOKEN_GUESSES_PER_MINUTE", "3")]);
    let guess = |_| stand.bearer("st_guess", "GET", "/v1/tokens", Value::Null);
    let refused = (0..20).map(guess).find(|answer| answer.status != 401);
    refused.expect("so many guesses are refused")
}

/// More questions at once than may wait, while the database answers none.
fn crowd() -> HttpAnswer {
    const QUEUE_MAX: usize = 16_384;
    const BATCH: usize = 500;
    let stand = Stand::with(&[("PGTOKEN_VERIFY_TIMEOUT", "15s")]);
    let mut locker = stand.acme.db.client();
    locker
        .batch_execute("begin; lock table pgtoken.token in access exclusive mode")
        .expect("locked");
    let questions = vec![json!({"token": "st_unheard_of"}); BATCH];
    let body = json!({ "questions": questions }).to_string();
    let headers = [
        format!("Authorization: Bearer {VERIFIER_SECRET}"),
        "Content-Type: application/json".to_owned(),
    ];
    let headers = headers.each_ref().map(String::as_str);
    let (answered, answers) = mpsc::channel();
    thread::scope(|scope| {
        // One more than fill the queue, and those that the connections take out of it.
        for _ in 0..QUEUE_MAX / BATCH + 3 {
            let answered = answered.clone();
            let (headers, body) = (&headers, &body);
            let mut http = stand.connect();
            scope.spawn(move || {
                let answer = http.ask("POST", "/v1/verify/batch", headers, body);
                let answer = answer.expect("an answer");
                answered.send(answer).expect("it is awaited");
            });
        }
        let first = answers.recv().expect("an answer");
        locker.batch_execute("rollback").expect("unlocked");
        first
    })
}
