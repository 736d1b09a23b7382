//! What a refusal tells of what the caller may not know.
use super::leaks::said_by;
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{HttpAnswer, JWT_SECRET, Stand};
use serde_json::Value;

/// Somebody else's token, and one that there never was: the same code, message, detail and hint over SQL, and the
/// same status, headers and body over HTTP; and to a stranger with a text, all that is not valid is one thing.
pub fn a_refusal_says_the_same_of_anothers_token_and_of_none(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let others = [
        "'a', 'stan', 'full', 'globex'",
        "'b', 'mia', 'read', 'acme'",
        "'c', 'olga'",
    ]
    .map(|arguments| stand.acme.issue(arguments));
    let mut issuer = stand.acme.db.client_as("pgtoken_issuer");
    let jwt = Signer::hs256(JWT_SECRET).user("leo");
    for _ in 0..effort.tries(2, 50) {
        let none = uuid::Uuid::new_v4().to_string();
        for other in &others {
            for call in [
                "get_token('ID', 'leo')",
                "revoke_token('ID', as_user => 'leo')",
                "rotate_token('ID', as_user => 'leo')",
                "update_token('ID', name => 'x', as_user => 'leo')",
                "grant_zones('ID', '{\"lobby\": true}', 'leo')",
                "list_usage('ID', as_user => 'leo')",
                "find_token('ID', 'leo')",
                "list_events(token_id => 'ID', as_user => 'leo')",
                "revoke_tokens(ids => '{ID}', as_user => 'leo')",
                "list_tokens(after => 'ID', user_id => 'stan', as_user => 'leo')",
            ] {
                let [one, two] = [&other.id, &none].map(|id| {
                    said_by(
                        &mut issuer,
                        &format!("select x from pgtoken.{} as x", call.replace("ID", id)),
                    )
                    .replace(id, "ID")
                });
                tally.check(one == two, || format!("{call}: {one} but {two}"));
            }
            for (method, path, body) in [
                ("GET", "/v1/tokens/ID", ""),
                ("PATCH", "/v1/tokens/ID", "{\"name\": \"x\"}"),
                ("DELETE", "/v1/tokens/ID", ""),
                ("POST", "/v1/tokens/ID/revoke", "{}"),
                ("POST", "/v1/tokens/ID/rotate", "{}"),
                ("GET", "/v1/tokens/ID/usage", ""),
                (
                    "PUT",
                    "/v1/tokens/ID/grants",
                    "{\"grants\": {\"lobby\": true}}",
                ),
                ("GET", "/v1/events?token_id=ID", ""),
                ("POST", "/v1/tokens/find", "{\"text\": \"ID\"}"),
            ] {
                let body: Value = serde_json::from_str(body).unwrap_or_default();
                let [one, two] = [&other.id, &none].map(|id| {
                    let body =
                        serde_json::from_str(&body.to_string().replace("ID", id)).expect("JSON");
                    http_of(
                        &stand.bearer(&jwt, method, &path.replace("ID", id), body),
                        id,
                    )
                });
                tally.check(one == two, || format!("{method} {path}: {one} but {two}"));
            }
        }
    }
    texts(&mut stand, &mut tally);
    tally
}

/// An answer without what differs in any two.
fn http_of(answer: &HttpAnswer, id: &str) -> String {
    let request = answer.header("x-request-id");
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date");
    format!("{} {headers:?} {}", answer.status, answer.body)
        .replace(request, "REQUEST")
        .replace(id, "ID")
}

/// To the holder of a text, every reason is one answer.
fn texts(stand: &mut Stand, tally: &mut Tally) {
    let mut all = vec![
        ("unknown", format!("pgt_{}", "0".repeat(49))),
        ("of another shape", "st_nobody".to_owned()),
    ];
    for (reason, act) in [
        ("revoked", "select pgtoken.revoke_token('ID')"),
        (
            "disabled",
            "select pgtoken.update_token('ID', enabled => false)",
        ),
        (
            "expired",
            "update pgtoken.token set expires_at = now() - interval '1 s' where id = 'ID'",
        ),
        (
            "owner gone",
            "update pgtoken.token set owner_scope = null where id = 'ID'",
        ),
    ] {
        let token = stand.acme.issue("'t', 'olga', 'read', 'acme'");
        stand.acme.rows(&act.replace("ID", &token.id));
        all.push((reason, token.text));
    }
    let mut answers: Vec<(&str, [String; 4])> = Vec::new();
    for (reason, text) in all {
        let bearer = format!("Authorization: Bearer {text}");
        let asked = [
            stand.ask("GET", "/v1/forward-auth?scope=read", &[&bearer], ""),
            stand.ask(
                "GET",
                "/v1/forward-auth",
                &[&bearer, "X-Forwarded-For: 10.0.0.1"],
                "",
            ),
            stand.form("/v1/introspect", &format!("token={text}")),
            stand.form("/v1/revocation", &format!("token={text}")),
        ];
        answers.push((reason, asked.map(|answer| http_of(&answer, &text))));
    }
    let (_, first) = &answers[0];
    for (reason, answer) in &answers[1..] {
        for (one, two) in first.iter().zip(answer) {
            tally.check(one == two, || {
                format!("{reason}: {two}, but unknown: {one}")
            });
        }
    }
}
