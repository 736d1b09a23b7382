//! Signing in to the page: one-time links, cookies, the same origin.
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, Facade, Http, HttpAnswer, Stand};
use serde_json::{Value, json};

const JWT_SECRET: &str = "j-66f4b0a7c9e1f0c8b7e5d294368f3d15";

/// The link that the command prints.
fn link(secret: &str, arguments: &[&str]) -> String {
    let output = Facade::program()
        .env(
            "PGTOKEN_DATABASE_URL",
            "postgres://nobody@127.0.0.1:1/nowhere",
        )
        .env("PGTOKEN_ADMIN_SECRET", secret)
        .env("PGTOKEN_PUBLIC_URL", "https://tokens.example.com/p/")
        .arg("sign-in-link")
        .args(arguments)
        .output()
        .expect("the facade is built");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("a URL")
}

/// What the page sends of it.
fn secret_of(link: &str) -> &str {
    let link = link
        .trim_end()
        .strip_prefix("https://tokens.example.com/p/admin/#link=");
    link.expect("the address of the page, and the secret where no browser sends it")
}

fn sign_in(facade: &Facade, body: Value) -> HttpAnswer {
    ask(facade, "POST", "/v1/session", &[], &body)
}

#[track_caller]
fn ask(facade: &Facade, method: &str, path: &str, headers: &[&str], body: &Value) -> HttpAnswer {
    let mut all = vec!["Content-Type: application/json"];
    all.extend(headers);
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut http = Http::connect(&facade.url("")).expect("the facade listens");
    http.ask(method, path, &all, &text)
        .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", facade.log()))
}

/// The header line that a browser sends next.
#[track_caller]
fn cookie(answer: &HttpAnswer) -> String {
    let cookie = answer.header("set-cookie");
    format!("Cookie: a=b; {}", cookie.split(';').next().expect("a pair"))
}

#[test]
fn link_signs_an_administrator_in_once_across_facades() {
    let mut stand = Stand::new();
    let other = Stand::facade_of(&stand.acme, &[]);
    let printed = link(ADMIN_SECRET, &["--actor", "zoe"]);
    let body = json!({ "link": secret_of(&printed) });
    let first = sign_in(&stand.facade, body.clone());
    assert_eq!(first.status, 201, "{first:?}");
    let session = first.json();
    assert_eq!(
        (&session["kind"], &session["actor"]),
        (&json!("administrator"), &json!("zoe"))
    );
    for facade in [&stand.facade, &other] {
        assert_eq!(sign_in(facade, body.clone()).problem(), "401 link_used");
    }
    let cookie = cookie(&first);
    let shown = ask(&other, "GET", "/v1/session", &[&cookie], &Value::Null);
    assert_eq!(shown.json(), session);
    let headers = [cookie.as_str(), "Sec-Fetch-Site: same-origin"];
    let issued = ask(
        &other,
        "POST",
        "/v1/tokens",
        &headers,
        &json!({ "name": "t", "user_id": "olga" }),
    );
    assert_eq!(issued.status, 201, "{issued:?}");
    let id = issued.json()["id"].as_str().expect("an id").to_owned();
    assert!(stand.acme.last_event(&id).starts_with("issued|zoe|"));
}

#[test]
fn of_facades_that_get_a_link_at_once_one_signs_in() {
    let stand = Stand::new();
    let other = Stand::facade_of(&stand.acme, &[]);
    let printed = link(ADMIN_SECRET, &[]);
    let body = json!({ "link": secret_of(&printed) });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let facades = [&stand.facade, &other, &stand.facade, &other];
        let asked = facades.map(|facade| scope.spawn(|| sign_in(facade, body.clone()).status));
        asked
            .into_iter()
            .map(|asked| asked.join().expect("no panic"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        3,
        "{statuses:?}"
    );
}

#[test]
fn what_proves_nothing_signs_nobody_in() {
    let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let foreign = link("another-1f0c8b7e5d2943668f4b0a7c9e3d1526", &[]);
    let token = stand.acme.issue("'t', 'mia'").text;
    for (body, problem) in [
        (json!({ "link": secret_of(&foreign) }), "401 link_invalid"),
        (json!({ "link": "" }), "401 link_invalid"),
        (json!({ "secret": "guess" }), "401 invalid_token"),
        (json!({ "jwt": "e.y.J" }), "401 invalid_token"),
        (json!({ "secret": token }), "403 token_cannot_manage"),
        (json!({}), "400 invalid_request"),
        (
            json!({ "secret": ADMIN_SECRET, "link": "" }),
            "400 invalid_request",
        ),
        (json!({ "password": "" }), "400 invalid_request"),
    ] {
        let answer = sign_in(&stand.facade, body.clone());
        assert_eq!(answer.problem(), problem, "{body}");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[test]
fn cookie_is_for_the_page_alone() {
    let stand = Stand::with(&[
        ("PGTOKEN_TRUSTED_PROXIES", "127.0.0.1"),
        ("PGTOKEN_BASE_PATH", "/p"),
    ]);
    let body = json!({ "secret": ADMIN_SECRET, "actor": "zoe" });
    let https = "X-Forwarded-Proto: https";
    let answer = ask(&stand.facade, "POST", "/p/v1/session", &[https], &body);
    let attributes: Vec<&str> = answer.header("set-cookie").split("; ").skip(1).collect();
    assert_eq!(
        attributes,
        [
            "Path=/p/",
            "Max-Age=28800",
            "HttpOnly",
            "SameSite=Strict",
            "Secure"
        ]
    );
    let plain = ask(&stand.facade, "POST", "/p/v1/session", &[], &body);
    assert!(!plain.header("set-cookie").contains("Secure"));
    assert_eq!(plain.header("cache-control"), "no-store");
    assert_eq!(plain.json()["actor"], "zoe");
}

#[test]
fn writes_with_a_cookie_come_from_the_page() {
    let stand = Stand::new();
    let cookie = cookie(&sign_in(&stand.facade, json!({ "secret": ADMIN_SECRET })));
    let revoke = json!({ "ids": [] });
    // The client sends Host: 127.0.0.1.
    for (header, status) in [
        ("Sec-Fetch-Site: same-origin", 200),
        ("Sec-Fetch-Site: same-site", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Sec-Fetch-Site: none", 403),
        ("Origin: http://127.0.0.1", 200),
        ("Origin: https://127.0.0.1", 403),
        ("Origin: http://127.0.0.1.example.com", 403),
        ("Origin: null", 403),
        ("X-Nothing: nothing", 403),
    ] {
        let answer = ask(
            &stand.facade,
            "POST",
            "/v1/tokens/revoke",
            &[&cookie, header],
            &revoke,
        );
        assert_eq!(answer.status, status, "{header}: {answer:?}");
        if status == 403 {
            assert_eq!(answer.problem(), "403 cross_origin");
        }
    }
    let read = ask(&stand.facade, "GET", "/v1/scopes", &[&cookie], &Value::Null);
    assert_eq!(read.status, 200, "{read:?}");
    let elsewhere = ["Origin: https://evil.example.com"];
    let body = json!({ "secret": ADMIN_SECRET });
    let planted = ask(&stand.facade, "POST", "/v1/session", &elsewhere, &body);
    assert_eq!(planted.problem(), "403 cross_origin");
}

#[test]
fn session_that_was_ended_is_ended_on_every_facade() {
    let stand = Stand::new();
    let other = Stand::facade_of(&stand.acme, &[]);
    let cookie = cookie(&sign_in(&stand.facade, json!({ "secret": ADMIN_SECRET })));
    let headers = [cookie.as_str(), "Sec-Fetch-Site: same-origin"];
    let ended = ask(
        &stand.facade,
        "DELETE",
        "/v1/session",
        &headers,
        &Value::Null,
    );
    assert_eq!(ended.status, 204, "{ended:?}");
    assert!(
        ended
            .header("set-cookie")
            .starts_with("pgtoken_session=; Path=/; Max-Age=0")
    );
    for facade in [&stand.facade, &other] {
        let answer = ask(facade, "GET", "/v1/tokens", &headers, &Value::Null);
        assert_eq!(answer.problem(), "401 session_ended");
    }
}

#[test]
fn session_ends_with_its_time_and_with_the_credential_it_came_from() {
    let stand = Stand::with(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_SESSION_TTL", "1s"),
    ]);
    let cookie = cookie(&sign_in(&stand.facade, json!({ "secret": ADMIN_SECRET })));
    pgtoken_tests::wait_until(
        std::time::Duration::from_secs(10),
        "the session expires",
        || {
            let answer = ask(
                &stand.facade,
                "GET",
                "/v1/session",
                &[&cookie],
                &Value::Null,
            );
            answer.status == 401 && answer.problem() == "401 session_expired"
        },
    );
    let stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let exp = pgtoken_tests::jwt::now() + 600;
    let claims = json!({ "sub": "olga", "workspace_id": "acme", "exp": exp });
    let jwt = Signer::hs256(JWT_SECRET).sign(&claims);
    let answer = sign_in(&stand.facade, json!({ "jwt": jwt }));
    let session = answer.json();
    assert_eq!(
        (&session["kind"], &session["user_id"]),
        (&json!("user"), &json!("olga"))
    );
    assert_eq!(session["workspace_id"], "acme");
    let lasts = answer
        .header("set-cookie")
        .split("Max-Age=")
        .nth(1)
        .expect("an age");
    let lasts: u64 = lasts
        .split(';')
        .next()
        .expect("an age")
        .parse()
        .expect("seconds");
    assert!((590..=600).contains(&lasts), "{answer:?}");
}

#[test]
fn damaged_or_foreign_cookie_is_no_session() {
    let stand = Stand::new();
    let cookie = cookie(&sign_in(&stand.facade, json!({ "secret": ADMIN_SECRET })));
    let printed = link(ADMIN_SECRET, &[]);
    // A link is signed with the same secret, for another purpose.
    let link_as_cookie = format!("Cookie: pgtoken_session={}", secret_of(&printed));
    for damaged in [
        format!("{cookie}x"),
        "Cookie: pgtoken_session=".to_owned(),
        link_as_cookie,
    ] {
        let answer = ask(
            &stand.facade,
            "GET",
            "/v1/tokens",
            &[&damaged],
            &Value::Null,
        );
        assert_eq!(answer.problem(), "401 session_invalid", "{damaged}");
    }
    let none = ask(&stand.facade, "GET", "/v1/session", &[], &Value::Null);
    assert_eq!(none.problem(), "401 unauthenticated");
}

#[test]
fn signing_in_takes_an_administrators_secret() {
    let stand = Stand::new();
    let role = pgtoken_tests::shared().login(&["pgtoken_admin"]);
    let facade = Facade::start_as(
        Facade::program()
            .env("PGTOKEN_DATABASE_URL", stand.acme.db.url(&role))
            .env("PGTOKEN_JWT_SECRET", JWT_SECRET),
    );
    let jwt = Signer::hs256(JWT_SECRET).user("olga");
    assert_eq!(
        sign_in(&facade, json!({ "jwt": jwt })).problem(),
        "404 sign_in_off"
    );
    let output = Facade::program()
        .env(
            "PGTOKEN_DATABASE_URL",
            "postgres://nobody@127.0.0.1:1/nowhere",
        )
        .arg("sign-in-link")
        .output()
        .expect("the facade is built");
    assert_eq!(output.status.code(), Some(64));
}
