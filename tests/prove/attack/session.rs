//! Sessions that somebody else started, forged or ended, and links that were used.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::{Signer, base64url, now};
use pgtoken_tests::{ADMIN_SECRET, Facade, Http, HttpAnswer, JWT_SECRET, Stand};
use serde_json::{Value, json};

pub(super) const JSON: &str = "Content-Type: application/json";
pub(super) const SAME: &str = "Sec-Fetch-Site: same-origin";

pub(super) fn stand() -> Stand {
    Stand::with(&[
        ("PGTOKEN_JWT_SECRET", JWT_SECRET),
        ("PGTOKEN_GUESSES_PER_MINUTE", "1000000"),
    ])
}

pub(super) fn ask(
    facade: &Facade,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> HttpAnswer {
    let mut http = Http::connect(&facade.url("")).expect("the facade listens");
    http.ask(method, path, headers, body).expect("an answer")
}

/// The header line that a browser sends after this answer.
pub(super) fn cookie(answer: &HttpAnswer) -> String {
    let pair = answer.header("set-cookie").split(';').next();
    format!("Cookie: {}", pair.unwrap_or_default())
}

pub(super) fn sign_in(facade: &Facade, body: Value, headers: &[&str]) -> HttpAnswer {
    let all: Vec<&str> = [JSON].iter().chain(headers).copied().collect();
    ask(facade, "POST", "/v1/session", &all, &body.to_string())
}

fn link(actor: &str) -> String {
    let output = Facade::program()
        .env(
            "PGTOKEN_DATABASE_URL",
            "postgres://nobody@127.0.0.1:1/nowhere",
        )
        .env("PGTOKEN_ADMIN_SECRET", ADMIN_SECRET)
        .env("PGTOKEN_PUBLIC_URL", "http://localhost/")
        .args(["sign-in-link", "--actor", actor])
        .output()
        .expect("the facade is built");
    let printed = String::from_utf8(output.stdout).expect("a URL");
    printed
        .trim_end()
        .rsplit("#link=")
        .next()
        .expect("a link")
        .to_owned()
}

/// A session is what signing in has just made: none that was there before is taken over, none can be made up, a link
/// is no session and a session no link nor bearer, and what was ended or used stays so on every facade.
pub fn no_session_is_planted_forged_or_used_again(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = stand();
    let other = Stand::facade_of(&stand.acme, &[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let facades = [&stand.facade, &other];
    for n in 0..effort.tries(3, 200) {
        let printed = link(&format!("zoe{n}"));
        // Fixation: whoever plants a cookie before the victim signs in knows nothing of the session.
        let attackers = sign_in(
            &stand.facade,
            json!({"jwt": Signer::hs256(JWT_SECRET).user("leo")}),
            &[],
        );
        let planted = cookie(&attackers);
        let victims = sign_in(
            facades[n as usize % 2],
            json!({"link": printed}),
            &[&planted],
        );
        let own = cookie(&victims);
        tally.check(
            victims.status == 201 && own != planted && own.len() > 30,
            || format!("{victims:?}"),
        );
        let planted_still = ask(&other, "GET", "/v1/session", &[&planted], "").json();
        tally.check(planted_still["user_id"] == "leo", || {
            planted_still.to_string()
        });
        // Replay: of the link, at once and later, on every facade.
        for facade in facades {
            let again = sign_in(facade, json!({"link": printed}), &[]);
            tally.check(
                again.status == 401 && again.header("set-cookie").is_empty(),
                || format!("{again:?}"),
            );
        }
        confused(&stand, &own, &printed, &mut tally);
        let ended = ask(facades[0], "DELETE", "/v1/session", &[&own, SAME], "");
        tally.check(ended.status == 204, || format!("{ended:?}"));
        for facade in facades {
            let after = ask(facade, "GET", "/v1/tokens", &[&own], "");
            tally.check(after.status == 401, || {
                format!("after signing out: {after:?}")
            });
        }
    }
    raced(&facades, effort, &mut tally);
    let before = ask(
        &other,
        "GET",
        "/v1/tokens",
        &[&cookie(&sign_in(
            &other,
            json!({"jwt": Signer::hs256(JWT_SECRET).user("leo")}),
            &[],
        ))],
        "",
    );
    let leo = cookie(&sign_in(
        &other,
        json!({"jwt": Signer::hs256(JWT_SECRET).user("leo")}),
        &[],
    ));
    stand
        .acme
        .rows("update pgtoken.app_user set disabled_at = now() where user_id = 'leo'");
    let after = ask(&other, "GET", "/v1/tokens", &[&leo], "");
    tally.check((before.status, after.status) == (200, 403), || {
        format!("a disabled user: {after:?}")
    });
    tally
}

/// One thing in the place of another, and what somebody else signed.
fn confused(stand: &Stand, own: &str, link: &str, tally: &mut Tally) {
    let session = own.split('=').nth(1).expect("a value");
    let claims = json!({"jti": uuid::Uuid::new_v4(), "exp": now() + 600, "as_user": null, "actor": "eve", "workspace_id": null});
    let unsigned = format!(
        "{}.{}.",
        base64url(r#"{"alg":"none"}"#),
        base64url(claims.to_string())
    );
    let (header, rest) = session.split_once('.').expect("three parts");
    let swapped = format!(
        "{header}.{}.{}",
        base64url(claims.to_string()),
        rest.rsplit('.').next().expect("a signature")
    );
    let mut torn = session.to_owned();
    torn.pop();
    for forged in [
        link.to_owned(),
        unsigned,
        swapped,
        torn,
        format!("{session}x"),
        format!(" {session}"),
        String::new(),
        Signer::hs256(JWT_SECRET).sign(&claims),
        Signer::hs256(ADMIN_SECRET).sign(&claims),
        Signer::hs256("").sign(&claims),
        Signer::hs256("pgtoken session").sign(&claims),
        Signer::hs256(JWT_SECRET).user("olga"),
        ADMIN_SECRET.to_owned(),
    ] {
        let cookie = format!("Cookie: pgtoken_session={forged}");
        // An attacker's neighbour host can set a cookie of the same name beside the right one, and gains nothing by it.
        let answer = ask(&stand.facade, "GET", "/v1/tokens", &[&cookie], "");
        let held = answer.status == 401 || forged.starts_with(' ') && answer.status == 200;
        tally.check(held, || format!("as a session: {forged}: {answer:?}"));
    }
    for (what, answer) in [
        (
            "a session as a link",
            sign_in(&stand.facade, json!({"link": session}), &[]),
        ),
        (
            "a session as a JWT",
            sign_in(&stand.facade, json!({"jwt": session}), &[]),
        ),
        (
            "a session as a bearer",
            stand.bearer(session, "GET", "/v1/tokens", Value::Null),
        ),
        (
            "a link as a bearer",
            stand.bearer(link, "GET", "/v1/tokens", Value::Null),
        ),
        (
            "a link that another secret signed",
            sign_in(
                &stand.facade,
                json!({"link": Signer::hs256(JWT_SECRET).sign(&claims)}),
                &[],
            ),
        ),
    ] {
        tally.check(answer.status == 401, || format!("{what}: {answer:?}"));
    }
}

/// A link that is sent many times at once signs in once.
fn raced(facades: &[&Facade; 2], effort: Effort, tally: &mut Tally) {
    for _ in 0..effort.tries(2, 100) {
        let body = json!({"link": link("zoe")}).to_string();
        let mut all: Vec<Http> = (0..8)
            .map(|n| Http::connect(&facades[n % 2].url("")).expect("it listens"))
            .collect();
        for http in &mut all {
            let length = body.len();
            http.send(&format!("POST /v1/session HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\nContent-Length: {length}\r\n\r\n{body}"))
                .expect("sent");
        }
        let statuses: Vec<u16> = all
            .iter_mut()
            .map(|http| http.receive().expect("an answer").status)
            .collect();
        let signed_in = statuses.iter().filter(|status| **status == 201).count();
        tally.check(signed_in == 1, || format!("{statuses:?}"));
    }
}
