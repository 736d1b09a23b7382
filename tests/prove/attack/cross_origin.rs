//! Requests that another page makes a browser send.
use super::session::{JSON, SAME, ask, cookie, sign_in, stand};
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{ADMIN_SECRET, JWT_SECRET};
use serde_json::json;

/// Every route that changes something, with the session's cookie and whatever another page can make a browser send.
pub fn no_other_page_changes_anything_with_the_session(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..effort.tries(1, 10) {
        let mut stand = stand();
        let id = stand
            .acme
            .issue("'t', 'olga', 'agency', 'acme', grants => '{\"lobby\": true}'")
            .id;
        let before = stand
            .acme
            .rows("select t from pgtoken.tokens as t order by id");
        let administrator = cookie(&sign_in(
            &stand.facade,
            json!({"secret": ADMIN_SECRET}),
            &[],
        ));
        let user = cookie(&sign_in(
            &stand.facade,
            json!({"jwt": Signer::hs256(JWT_SECRET).user("olga")}),
            &[],
        ));
        for session in [&administrator, &user] {
            for (method, path, body) in writes(&id) {
                for headers in FOREIGN {
                    let mut all = vec![session.as_str()];
                    all.extend(headers.split('\n').filter(|line| !line.is_empty()));
                    if !headers.contains("Content-Type") {
                        all.push(JSON);
                    }
                    let answer = ask(&stand.facade, method, &path, &all, body);
                    tally.check(
                        answer.status == 403 && answer.body.contains("cross_origin"),
                        || format!("{method} {path} {headers}: {answer:?}"),
                    );
                }
            }
        }
        for headers in FOREIGN
            .iter()
            .filter(|headers| headers.contains("evil") || headers.contains("cross"))
        {
            let all: Vec<&str> = headers
                .split('\n')
                .filter(|line| !line.starts_with("Content-Type"))
                .collect();
            let answer = sign_in(&stand.facade, json!({"secret": ADMIN_SECRET}), &all);
            tally.check(answer.status == 403, || {
                format!("signed in from elsewhere: {headers}: {answer:?}")
            });
        }
        let after = stand
            .acme
            .rows("select t from pgtoken.tokens as t order by id");
        tally.check(after == before, || "something was changed".to_owned());
        let own = ask(
            &stand.facade,
            "POST",
            &format!("/v1/tokens/{id}/revoke"),
            &[&administrator, JSON, SAME],
            "{}",
        );
        tally.check(own.status == 200, || format!("the page itself: {own:?}"));
    }
    tally
}

fn writes(id: &str) -> Vec<(&'static str, String, &'static str)> {
    vec![
        (
            "POST",
            "/v1/tokens".to_owned(),
            r#"{"name": "csrf", "user_id": "olga"}"#,
        ),
        ("PATCH", format!("/v1/tokens/{id}"), r#"{"name": "csrf"}"#),
        ("DELETE", format!("/v1/tokens/{id}"), ""),
        ("POST", format!("/v1/tokens/{id}/revoke"), "{}"),
        ("POST", format!("/v1/tokens/{id}/rotate"), "{}"),
        (
            "PUT",
            format!("/v1/tokens/{id}/grants"),
            r#"{"grants": {"windows": true}}"#,
        ),
        (
            "POST",
            "/v1/tokens/revoke".to_owned(),
            r#"{"user_id": "olga"}"#,
        ),
        ("DELETE", "/v1/session".to_owned(), ""),
    ]
}

/// Header lines that a browser adds for a page that is not ours, or that a form of such a page chooses.
const FOREIGN: [&str; 16] = [
    "",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "Sec-Fetch-Site: none",
    "Sec-Fetch-Site: cross-site\nOrigin: http://127.0.0.1",
    "Sec-Fetch-Site: Same-Origin",
    "Sec-Fetch-Site: ",
    "Origin: null",
    "Origin: http://evil.example.com",
    "Origin: http://127.0.0.1.evil.example.com",
    "Origin: http://127.0.0.1@evil.example.com",
    "Origin: http://127.0.0.1:80",
    "Origin: https://127.0.0.1",
    "Origin: http://evil.example.com\nX-Forwarded-Host: evil.example.com\nForwarded: host=evil.example.com",
    "Referer: http://127.0.0.1/admin/",
    "X-Requested-With: XMLHttpRequest\nX-HTTP-Method-Override: POST",
];
