//! Who is calling: secrets, JWTs of every kind, tokens.
use pgtoken_tests::jwt::{Signer, jwks, now};
use pgtoken_tests::{ADMIN_SECRET, HttpAnswer, Stand, VERIFIER_SECRET, wait_until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

/// A file that goes with this value.
struct File(PathBuf);

impl File {
    fn write(text: &str) -> File {
        let path = std::env::temp_dir().join(format!("pgtoken-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, text).expect("the temporary folder is writable");
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A server that serves one document, and counts how often.
struct Keys {
    url: String,
    document: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Keys {
    fn serve(document: String) -> Keys {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let keys = Keys {
            url: format!("http://{address}/jwks.json"),
            document: Arc::new(Mutex::new(document)),
            asked: Arc::new(AtomicUsize::new(0)),
        };
        let (document, asked) = (keys.document.clone(), keys.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
                lines.map_while(Result::ok).find(String::is_empty);
                asked.fetch_add(1, Ordering::SeqCst);
                let body = document.lock().expect("no panic").clone();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}",
                    body.len()
                );
                // The client may be gone.
                let _ = write!(stream, "{head}\r\n\r\n{body}");
            }
        });
        keys
    }
}

#[track_caller]
fn list(stand: &Stand, bearer: &str) -> HttpAnswer {
    stand.bearer(bearer, "GET", "/v1/tokens", Value::Null)
}

#[track_caller]
fn assert_refused(stand: &Stand, bearer: &str, why: &str) {
    let answer = list(stand, bearer);
    assert_eq!(answer.problem(), "401 invalid_token", "{why}");
}

fn lenient<'e>(more: &[(&'e str, &'e str)]) -> Stand {
    let mut environment = vec![("PGTOKEN_GUESSES_PER_MINUTE", "1000")];
    environment.extend(more);
    Stand::with(&environment)
}

#[test]
fn jwt_is_good_with_the_right_signature_and_claims() {
    let stand = lenient(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_JWT_ISSUER", "https://login.example.com/"),
        ("PGTOKEN_JWT_AUDIENCE", "pgtoken"),
    ]);
    let signer = Signer::hs256(JWT_SECRET);
    let good = json!({
        "sub": "olga", "iss": "https://login.example.com/", "aud": ["other", "pgtoken"],
        "exp": now() + 60, "nbf": now() - 60
    });
    assert_eq!(
        list(&stand, &signer.sign(&good)).status,
        200,
        "{}",
        stand.facade.log()
    );
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        claims
    };
    for (claim, value) in [
        ("exp", json!(now() - 60)),
        ("exp", json!("never")),
        ("exp", Value::Null),
        ("nbf", json!(now() + 60)),
        ("nbf", json!("now")),
        ("iss", json!("https://login.example.org/")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("ol\u{0}ga")),
        ("sub", Value::Null),
    ] {
        let jwt = signer.sign(&with(claim, value.clone()));
        assert_refused(&stand, &jwt, &format!("{claim} {value}"));
    }
    for claim in ["exp", "iss", "aud", "sub"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(claim);
        assert_refused(&stand, &signer.sign(&claims), &format!("without {claim}"));
    }
    let other = Signer::hs256("x-66f4b0a7c9e1f0c8b7e5d294368f3d15");
    assert_refused(&stand, &other.sign(&good), "another secret");
    let mut torn = signer.sign(&good);
    torn.pop();
    assert_refused(&stand, &torn, "a torn signature");
}

#[test]
fn audience_is_refused_where_none_is_expected() {
    let stand = lenient(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let signer = Signer::hs256(JWT_SECRET);
    let jwt = signer.sign(&json!({ "sub": "olga", "aud": "billing", "exp": now() + 60 }));
    assert_refused(&stand, &jwt, "a JWT for another service");
}

#[test]
fn each_algorithm_is_good_with_its_own_key_only() {
    let signers = [Signer::rs256("r"), Signer::es256("e"), Signer::eddsa("d")];
    let file = File::write(&jwks(&[&signers[0], &signers[1], &signers[2]]));
    let stand = lenient(&[("PGTOKEN_JWKS_FILE", file.path())]);
    for signer in &signers {
        let answer = list(&stand, &signer.user("olga"));
        assert_eq!(answer.status, 200, "{answer:?}\n{}", stand.facade.log());
    }
    let stranger = Signer::es256("e");
    assert_refused(
        &stand,
        &stranger.user("olga"),
        "the name of a key, and another key",
    );
    assert_refused(
        &stand,
        &Signer::es256("r").user("olga"),
        "a kid of another algorithm",
    );
}

#[test]
fn public_key_is_no_secret() {
    let signer = Signer::rs256("r");
    let file = File::write(&jwks(&[&signer]));
    let stand = lenient(&[("PGTOKEN_JWKS_FILE", file.path())]);
    let jwk = signer.jwk();
    // What confuses a library that takes the algorithm from the JWT: the public key as the secret.
    for secret in [
        jwk.to_string(),
        jwk["n"].as_str().expect("a modulus").to_owned(),
        String::new(),
    ] {
        assert_refused(
            &stand,
            &Signer::hs256(&secret).user("olga"),
            "HS256 with a public key",
        );
    }
}

#[test]
fn unsigned_jwt_is_refused() {
    let stand = lenient(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let good = Signer::hs256(JWT_SECRET).user("olga");
    let (_, rest) = good.split_once('.').expect("three parts");
    let (payload, signature) = rest.split_once('.').expect("three parts");
    // {"alg":"none"} and {"alg":"None","typ":"JWT"}
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIiwidHlwIjoiSldUIn0"] {
        assert_refused(
            &stand,
            &format!("{header}.{payload}."),
            "none without signature",
        );
        assert_refused(
            &stand,
            &format!("{header}.{payload}.{signature}"),
            "none with a signature",
        );
    }
}

#[test]
fn new_key_is_fetched_once_and_a_withdrawn_one_forgotten() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let keys = Keys::serve(jwks(&[&old]));
    let stand = lenient(&[
        ("PGTOKEN_JWKS_URL", &keys.url),
        ("PGTOKEN_JWKS_REFRESH", "1s"),
    ]);
    assert_eq!(
        list(&stand, &old.user("olga")).status,
        200,
        "{}",
        stand.facade.log()
    );
    assert_eq!(list(&stand, &old.user("olga")).status, 200);
    assert_eq!(keys.asked.load(Ordering::SeqCst), 1);
    *keys.document.lock().expect("no panic") = jwks(&[&new]);
    wait_until(Duration::from_secs(10), "the new key is known", || {
        list(&stand, &new.user("olga")).status == 200
    });
    assert_eq!(
        keys.asked.load(Ordering::SeqCst),
        2,
        "unknown keys ask once a second at most"
    );
    assert_refused(&stand, &old.user("olga"), "a withdrawn key");
}

#[test]
fn keys_that_cannot_be_fetched_are_no_fault_of_the_caller() {
    let stand = lenient(&[("PGTOKEN_JWKS_URL", "http://127.0.0.1:1/jwks.json")]);
    let answer = list(&stand, &Signer::es256("k").user("olga"));
    assert_eq!(answer.problem(), "503 keys_unavailable");
}

#[test]
fn published_secret_is_no_key() {
    let signer = Signer::hs256(JWT_SECRET);
    let other = Signer::es256("e");
    let keys = Keys::serve(jwks(&[&signer, &other]));
    let stand = lenient(&[("PGTOKEN_JWKS_URL", &keys.url)]);
    assert_eq!(list(&stand, &other.user("olga")).status, 200);
    assert_refused(&stand, &signer.user("olga"), "a secret from a URL");
}

#[test]
fn role_makes_an_administrator_where_it_is_configured() {
    let signer = Signer::hs256(JWT_SECRET);
    let jwt = |role: Value| signer.sign(&json!({ "sub": "mia", "roles": role, "exp": now() + 60 }));
    let mut stand = lenient(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_JWT_ROLE_CLAIM", "roles"),
        ("PGTOKEN_JWT_ADMIN_ROLE", "token-admin"),
    ]);
    let body = json!({ "name": "t", "user_id": "olga" });
    for role in [json!("token-admin"), json!(["x", "token-admin"])] {
        let answer = stand.bearer(&jwt(role), "POST", "/v1/tokens", body.clone());
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        assert!(stand.acme.last_event(&id).starts_with("issued|mia|"));
    }
    for role in [
        json!("token-administrator"),
        json!(["x"]),
        json!({ "token-admin": true }),
        Value::Null,
    ] {
        let answer = stand.bearer(&jwt(role.clone()), "POST", "/v1/tokens", body.clone());
        assert_eq!(answer.problem(), "403 not_allowed", "{role}");
    }
    let stand = lenient(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_JWT_ROLE_CLAIM", "roles"),
    ]);
    let answer = stand.bearer(&jwt(json!("")), "POST", "/v1/tokens", body);
    assert_eq!(answer.problem(), "403 not_allowed");
}

#[test]
fn no_token_manages_whatever_its_shape_and_state() {
    let mut stand = lenient(&[]);
    let own = stand
        .acme
        .issue("'t', 'mia', scope => 'full', workspace_id => 'acme'");
    assert_eq!(list(&stand, &own.text).problem(), "403 token_cannot_manage");
    stand
        .acme
        .rows(&format!("select 1 from pgtoken.revoke_token('{}')", own.id));
    assert_eq!(list(&stand, &own.text).problem(), "403 token_cannot_manage");
    let imported = "st_0123456789abcdef";
    stand.acme.rows(&format!(
        "select 1 from pgtoken.import_token(sha256('{imported}'), 'mia', 'old', start => 'st_0')"
    ));
    assert_eq!(list(&stand, imported).problem(), "403 token_cannot_manage");
    let mut damaged = own.text.clone();
    damaged.pop();
    damaged.push(if own.text.ends_with('0') { '1' } else { '0' });
    assert_refused(&stand, &damaged, "a wrong checksum");
    assert_refused(&stand, &"x".repeat(600), "longer than any token");
}

#[test]
fn credential_comes_in_one_of_two_headers() {
    let stand = lenient(&[]);
    let get = |headers: &[&str]| stand.ask("GET", "/v1/scopes", headers, "");
    let bearer = |scheme: &str| format!("Authorization: {scheme} {ADMIN_SECRET}");
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        assert_eq!(get(&[&bearer(scheme)]).status, 200, "{scheme}");
    }
    let key = format!("X-API-Key: {ADMIN_SECRET}");
    assert_eq!(get(&[&key]).status, 200);
    assert_eq!(get(&[&key, &bearer("Bearer")]).status, 200);
    let other = format!("X-API-Key: {VERIFIER_SECRET}");
    assert_eq!(
        get(&[&other, &bearer("Bearer")]).problem(),
        "400 invalid_request"
    );
    assert_eq!(get(&[&key, &other]).problem(), "400 invalid_request");
    assert_eq!(
        get(&["Authorization: Basic YTpi"]).problem(),
        "401 unauthenticated"
    );
    assert_eq!(
        get(&["Authorization: Bearer"]).problem(),
        "401 invalid_token"
    );
    assert_eq!(
        get(&["Authorization: Bearerx y"]).problem(),
        "401 unauthenticated"
    );
    let url = format!("/v1/scopes?access_token={ADMIN_SECRET}");
    assert_eq!(
        stand.ask("GET", &url, &[], "").problem(),
        "401 unauthenticated"
    );
}

#[test]
fn guessing_is_slowed_down_for_the_one_who_guesses() {
    let stand = Stand::with(&[
        ("PGTOKEN_GUESSES_PER_MINUTE", "3"),
        ("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1"),
    ]);
    let ask = |bearer: &str, address: &str| {
        let bearer = format!("Authorization: Bearer {bearer}");
        stand.ask(
            "GET",
            "/v1/scopes",
            &[&bearer, &format!("X-Forwarded-For: {address}")],
            "",
        )
    };
    let guesses = (0..10).map(|n| ask(&format!("guess-{n}"), "192.0.2.1").problem());
    let guesses: Vec<String> = guesses.collect();
    assert_eq!(guesses[0], "401 invalid_token");
    assert_eq!(guesses[9], "429 too_many_guesses");
    assert_eq!(ask("guess", "192.0.2.2").problem(), "401 invalid_token");
    assert_eq!(
        ask(ADMIN_SECRET, "192.0.2.1").status,
        200,
        "who knows the secret does not guess"
    );
}
