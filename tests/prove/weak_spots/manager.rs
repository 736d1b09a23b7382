//! (d) Whoever administers a workspace cannot see or revoke a member's token.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{JWT_SECRET, Stand, outcome, row};
use serde_json::{Value, json};

/// A token of each kind that a member can have, and what happened to it since.
const TOKENS: [(&str, &str); 9] = [
    ("'ladder', 'olga', 'write', 'acme'", ""),
    ("'viewer', 'leo', 'read', 'acme'", ""),
    ("'service', 'robot', 'full', 'acme'", ""),
    (
        "'confined', 'olga', 'agency', 'acme', grants => '{\"windows\": [\"main\"]}', auto_publish => true",
        "",
    ),
    ("'special', 'olga', 'break_glass', 'acme'", ""),
    ("'permitted', 'olga', null, 'acme', '{upload}'", ""),
    (
        "'switched off', 'olga', 'read', 'acme'",
        "select pgtoken.update_token('ID', enabled => false, as_user => 'olga')",
    ),
    (
        "'of one who left', 'olga', 'read', 'acme'",
        "delete from pgtoken.member where user_id = 'olga' and workspace_id = 'acme'",
    ),
    (
        "'of one disabled', 'leo', 'read', 'acme'",
        "update pgtoken.app_user set disabled_at = now() where user_id = 'leo'",
    ),
];

/// mia manages acme: over SQL and over HTTP she finds each token, is told its events, and ends it; and nobody
/// else does who should not.
pub fn a_manager_sees_and_revokes_every_members_token(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..effort.tries(1, 5) {
        for over_http in [false, true] {
            let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
            for (arguments, since) in TOKENS {
                let token = stand.acme.issue(arguments);
                stand
                    .acme
                    .rows(&format!("select 1; {}", since.replace("ID", &token.id)));
                let name = arguments.split('\'').nth(1).expect("a name");
                let seen = match over_http {
                    false => by_sql(&stand, &token.id, &token.text[..10]),
                    true => by_http(&stand, &token.id, &token.text[..10]),
                };
                for (what, held) in seen {
                    tally.check(held, || format!("{name}: {what} (over HTTP: {over_http})"));
                }
                let state = stand.acme.row(&format!(
                    "select state, revoked_by from pgtoken.tokens where id = '{}'",
                    token.id
                ));
                tally.check(state == "revoked|mia", || format!("{name}: {state}"));
            }
        }
    }
    tally
}

type Seen = Vec<(&'static str, bool)>;

fn by_sql(stand: &Stand, id: &str, start: &str) -> Seen {
    let mut issuer = stand.acme.db.client_as("pgtoken_issuer");
    let mut count =
        |call: &str| row(&mut issuer, &format!("select count(*) from pgtoken.{call}")) != "0";
    let mut seen = vec![
        ("get", count(&format!("get_token('{id}', 'mia')"))),
        ("find by id", count(&format!("find_token('{id}', 'mia')"))),
        (
            "find by start",
            count(&format!("find_token('{start}', 'mia')")),
        ),
        (
            "list",
            count(&format!(
                "list_tokens(workspace_id => 'acme', max_rows => 200, as_user => 'mia') as t where id = '{id}'"
            )),
        ),
        (
            "events",
            count(&format!(
                "list_events(token_id => '{id}', as_user => 'mia')"
            )),
        ),
        (
            "hidden from a stranger",
            !count(&format!("find_token('{id}', 'stan')")),
        ),
    ];
    for (what, call, end) in [
        (
            "rotate is refused",
            format!("rotate_token('{id}', as_user => 'mia')"),
            "42501",
        ),
        (
            "a stranger revokes nothing",
            format!("revoke_token('{id}', as_user => 'stan')"),
            "P0002",
        ),
        (
            "revoke",
            format!("revoke_token('{id}', as_user => 'mia')"),
            "ok",
        ),
    ] {
        seen.push((
            what,
            outcome(&mut issuer, &format!("select pgtoken.{call}")) == end,
        ));
    }
    seen
}

fn by_http(stand: &Stand, id: &str, start: &str) -> Seen {
    let signer = Signer::hs256(JWT_SECRET);
    let (mia, stan) = (signer.user("mia"), signer.user("stan"));
    let get = |who: &str, path: &str| stand.bearer(who, "GET", path, Value::Null);
    let post = |who: &str, path: &str, body: Value| stand.bearer(who, "POST", path, body);
    vec![
        ("get", get(&mia, &format!("/v1/tokens/{id}")).status == 200),
        (
            "find",
            post(&mia, "/v1/tokens/find", json!({"text": start}))
                .body
                .contains(id),
        ),
        (
            "list",
            get(&mia, "/v1/tokens?workspace_id=acme&max_rows=200")
                .body
                .contains(id),
        ),
        (
            "events",
            get(&mia, &format!("/v1/events?token_id={id}"))
                .body
                .contains(id),
        ),
        (
            "hidden from a stranger",
            get(&stan, &format!("/v1/tokens/{id}")).status == 404,
        ),
        (
            "rotate is refused",
            post(&mia, &format!("/v1/tokens/{id}/rotate"), Value::Null).status == 403,
        ),
        (
            "a stranger revokes nothing",
            post(&stan, &format!("/v1/tokens/{id}/revoke"), Value::Null).status == 404,
        ),
        (
            "revoke",
            post(&mia, &format!("/v1/tokens/{id}/revoke"), Value::Null).status == 200,
        ),
    ]
}
