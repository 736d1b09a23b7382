//! (e) A token or user bound to one workspace sees rows of another.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{JWT_SECRET, Stand, rows};
use serde_json::{Value, json};

/// In every name that belongs to globex alone, and in no text of acme's.
const MARK: &str = "ofglobexalone";

/// Marks everything in globex, and issues a token there.
fn mark(stand: &mut Stand) -> String {
    stand.acme.rows(&format!(
        "update pgtoken.workspace set name = '{MARK}' where workspace_id = 'globex';
         update pgtoken.app_user set name = '{MARK}', email = '{MARK}@globex.example' where user_id = 'stan';
         update pgtoken.target set name = '{MARK}' where workspace_id = 'globex';
         update pgtoken.zone set name = '{MARK}' where target_id = 'roof'"
    ));
    let of_globex = stand.acme.issue(&format!(
        "'{MARK}', 'stan', 'agency', 'globex', grants => '{{\"roof\": true}}'"
    ));
    stand.acme.issue("'own', 'olga', 'write', 'acme'");
    of_globex.id
}

/// The lists and look-ups, asked for what is globex's.
const CALLS: [&str; 24] = [
    "get_token('ID', AS)",
    "find_token('ID', AS)",
    "find_token('ofglobex', AS)",
    "find_token('pgt_', AS)",
    "list_tokens(as_user => AS)",
    "list_tokens(user_id => 'stan', as_user => AS)",
    "list_tokens(workspace_id => 'globex', as_user => AS)",
    "list_tokens(target_id => 'roof', as_user => AS)",
    "list_tokens(search => 'ofglobexalone', as_user => AS)",
    "list_tokens(scope => 'agency', max_rows => 200, as_user => AS)",
    "list_events(as_user => AS)",
    "list_events(token_id => 'ID', as_user => AS)",
    "list_events(user_id => 'stan', as_user => AS)",
    "list_events(workspace_id => 'globex', as_user => AS)",
    "list_usage('ID', as_user => AS)",
    "list_users(as_user => AS)",
    "list_users('ofglobexalone', as_user => AS)",
    "list_users(workspace_id => 'globex', as_user => AS)",
    "list_workspaces(as_user => AS)",
    "list_targets('globex', as_user => AS)",
    "list_targets('acme', as_user => AS)",
    "token_stats('globex', as_user => AS)",
    "revoke_tokens(workspace_id => 'globex', as_user => AS)",
    "revoke_tokens(ids => '{ID}', as_user => AS)",
];

const PATHS: [&str; 17] = [
    "/v1/tokens",
    "/v1/tokens/ID",
    "/v1/tokens?workspace_id=globex",
    "/v1/tokens?user_id=stan",
    "/v1/tokens?target_id=roof",
    "/v1/tokens?search=ofglobexalone",
    "/v1/tokens/ID/usage",
    "/v1/users",
    "/v1/users?search=ofglobex",
    "/v1/users?workspace_id=globex",
    "/v1/workspaces",
    "/v1/workspaces/globex/targets",
    "/v1/workspaces/acme/targets",
    "/v1/events",
    "/v1/events?workspace_id=globex",
    "/v1/events?token_id=ID",
    "/v1/stats?workspace_id=globex",
];

/// Whoever belongs to acme alone asks for globex in every way there is; and globex's manager, who may, gets it.
pub fn a_token_or_user_of_one_workspace_is_shown_nothing_of_another(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let id = mark(&mut stand);
    let mut issuer = stand.acme.db.client_as("pgtoken_issuer");
    let mut shown_to_its_manager = 0;
    for call in CALLS {
        for user in ["olga", "mia", "leo", "robot", "stan"] {
            let call = call.replace("ID", &id).replace("AS", &format!("'{user}'"));
            if user == "stan" && call.starts_with("revoke") {
                continue;
            }
            let said = format!(
                "{:?}",
                issuer.simple_query(&format!("select x from pgtoken.{call} as x"))
            );
            // What the caller asked for is in the error's text; rows and names are not.
            let shown = said.contains(MARK) || said.contains("Row(") && said.contains(&id);
            shown_to_its_manager += u64::from(shown && user == "stan");
            tally.check(user == "stan" || !shown, || {
                format!("{user}: {call}: {said}")
            });
        }
    }
    let signer = Signer::hs256(JWT_SECRET);
    for path in PATHS {
        for user in ["olga", "mia", "leo", "robot", "stan"] {
            // With a claim that names the workspace, too: membership decides, not the claim.
            for claimed in ["acme", "globex"] {
                let jwt = signer.sign(&json!({
                    "sub": user, "workspace_id": claimed, "exp": pgtoken_tests::jwt::now() + 60
                }));
                let answer = stand.bearer(&jwt, "GET", &path.replace("ID", &id), Value::Null);
                let shown = answer.body.contains(MARK);
                shown_to_its_manager += u64::from(shown && user == "stan");
                tally.check(user == "stan" || !shown, || {
                    format!("{user}: {path}: {}", answer.body)
                });
            }
        }
    }
    tally.check(shown_to_its_manager >= 20, || {
        format!("globex's own manager was shown {shown_to_its_manager} times only")
    });
    verdicts(&mut stand, effort, &mut tally);
    let alive = rows(
        &mut stand.acme.client,
        "select state from pgtoken.tokens where workspace_id = 'globex'",
    );
    tally.check(alive == ["active"], || {
        "a token of globex was ended".to_owned()
    });
    tally
}

/// A token of acme, asked about globex and its targets, whoever owns it.
fn verdicts(stand: &mut Stand, effort: Effort, tally: &mut Tally) {
    // stan is in both, so that only the token's own workspace can be what confines it.
    stand.acme.rows("insert into pgtoken.member (workspace_id, user_id, scope, manages_tokens) values ('acme', 'stan', 'full', true)");
    for n in 0..effort.tries(3, 200) {
        let scope = ["read", "write", "full"][n as usize % 3];
        let token = stand.acme.issue(&format!("'t', 'stan', '{scope}', 'acme'"));
        for (question, code) in [
            (json!({"workspace_id": "globex"}), "wrong_workspace"),
            (
                json!({"workspace_id": "globex", "target": "roof"}),
                "wrong_workspace",
            ),
            (json!({"target": "roof"}), "target_forbidden"),
            (
                json!({"target": "roof", "zone": "main"}),
                "target_forbidden",
            ),
            (
                json!({"target": "roof", "scope": "read", "workspace_id": "acme"}),
                "target_forbidden",
            ),
            (json!({"workspace_id": ""}), "wrong_workspace"),
        ] {
            let mut asked = question.clone();
            asked["token"] = json!(token.text);
            let verdict = stand.verify(&asked).json();
            tally.check(verdict["code"] == code, || format!("{question}: {verdict}"));
            tally.check(
                verdict["workspace_id"].is_null() && verdict["target"].is_null(),
                || format!("{question}: {verdict}"),
            );
        }
    }
}
