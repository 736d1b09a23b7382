//! (a) A viewer mints a confined, publishing token and acts above their own right.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{JWT_SECRET, Stand, outcome, rows};
use serde_json::{Value, json};

const USERS: [&str; 7] = ["olga", "mia", "leo", "dora", "stan", "robot", "ghost"];
const SCOPES: [&str; 9] = [
    "read",
    "write",
    "full",
    "agency",
    "review",
    "vault",
    "break_glass",
    "root",
    "",
];
const WORKSPACES: [Option<&str>; 4] = [Some("acme"), Some("globex"), Some("shut"), None];
const GRANTS: [&str; 4] = [
    "{}",
    r#"{"windows": ["main"]}"#,
    r#"{"lobby": true}"#,
    r#"{"roof": true}"#,
];

/// A request for a token, and what may come of it.
struct Wish {
    user: &'static str,
    scope: &'static str,
    workspace: Option<&'static str>,
    auto_publish: bool,
    grants: &'static str,
}

impl Wish {
    fn all() -> Vec<Wish> {
        let mut all = Vec::new();
        for user in USERS {
            for scope in SCOPES {
                for workspace in WORKSPACES {
                    for auto_publish in [false, true] {
                        all.extend(GRANTS.map(|grants| Wish {
                            user,
                            scope,
                            workspace,
                            auto_publish,
                            grants,
                        }));
                    }
                }
            }
        }
        all
    }

    /// The rung that the directory of `Acme` gives the user there.
    fn held(&self) -> u8 {
        match (self.user, self.workspace) {
            ("leo", Some("acme")) => 1,
            ("olga", Some("acme")) => 2,
            ("mia" | "robot", Some("acme")) | ("stan", Some("globex")) => 3,
            _ => 0,
        }
    }

    /// Whether the user may have such a token, by the words of the contract.
    fn is_due(&self) -> bool {
        let confined = self.scope == "agency";
        let needed = match self.scope {
            "read" => 1,
            "write" | "agency" | "review" => 2,
            "full" => 3,
            _ => return false,
        };
        let granted_at_home = match self.grants {
            "{}" => false,
            r#"{"roof": true}"# => self.workspace == Some("globex"),
            _ => self.workspace == Some("acme"),
        };
        self.held() >= needed
            && confined == granted_at_home
            && (confined || !self.auto_publish && self.grants == "{}")
    }

    fn sql(&self) -> String {
        let workspace = self
            .workspace
            .map_or("null".to_owned(), |id| format!("'{id}'"));
        format!(
            "select pgtoken.issue_token('t', '{0}', '{1}', {workspace}, grants => '{2}', auto_publish => {3}, as_user => '{0}')",
            self.user, self.scope, self.grants, self.auto_publish
        )
    }

    fn json(&self) -> Value {
        let grants: Value = serde_json::from_str(self.grants).expect("JSON");
        let mut body = json!({
            "name": "t", "scope": self.scope, "grants": grants, "auto_publish": self.auto_publish
        });
        if let Some(workspace) = self.workspace {
            body["workspace_id"] = json!(workspace);
        }
        body
    }

    fn says(&self, end: &str) -> String {
        format!("{end}: {}", self.sql())
    }
}

/// Every user wishes for every kind of token, for itself; and a viewer's token gains nothing once it is there.
pub fn nobody_mints_a_token_above_their_own_right(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let stand = Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)]);
    let mut issuer = stand.acme.db.client_as("pgtoken_issuer");
    let signer = Signer::hs256(JWT_SECRET);
    let wishes = Wish::all();
    let mut granted = 0;
    for wish in &wishes {
        let end = outcome(&mut issuer, &wish.sql());
        tally.check((end == "ok") == wish.is_due(), || wish.says(&end));
        tally.check(["ok", "42501", "22023"].contains(&end.as_str()), || {
            wish.says(&end)
        });
        granted += u32::from(end == "ok");
    }
    let step = effort.tries(7, 1) as usize;
    let mut http = stand.connect();
    for wish in wishes.iter().step_by(step) {
        let bearer = format!("Authorization: Bearer {}", signer.user(wish.user));
        let headers = [bearer.as_str(), "Content-Type: application/json"];
        let answer = http
            .ask("POST", "/v1/tokens", &headers, &wish.json().to_string())
            .expect("an answer");
        tally.check((answer.status == 201) == wish.is_due(), || {
            wish.says(&answer.body)
        });
    }
    tally.check(granted >= 10, || "hardly anything was granted".to_owned());
    widening(&stand, &mut tally);
    tally.figure(format!(
        "{granted} of {} wishes were due and granted",
        wishes.len()
    ));
    tally
}

/// What a viewer could try with a token that it has.
fn widening(stand: &Stand, tally: &mut Tally) {
    let mut issuer = stand.acme.db.client_as("pgtoken_issuer");
    let own = rows(
        &mut issuer,
        "select id from pgtoken.issue_token('own', 'leo', 'read', 'acme', as_user => 'leo')",
    );
    let id = &own[0];
    for call in [
        format!("grant_zones('{id}', '{{\"windows\": true}}', 'leo')"),
        format!("update_token('{id}', metadata => '{{\"auto_publish\": true}}', as_user => 'leo')"),
        format!(
            "update_token('{id}', expires_at => 'infinity', rate_limit => 0, allowed_addrs => '{{}}', metadata => '{{}}', as_user => 'leo')"
        ),
        "issue_token('t', 'mia', 'read', 'acme', as_user => 'leo')".to_owned(),
        "issue_token('t', 'robot', 'read', 'acme', as_user => 'leo')".to_owned(),
        "issue_token('t', 'leo', 'read', 'acme', '{publish}', as_user => 'leo')".to_owned(),
        "issue_token('t', 'leo', 'read', 'acme', '{audit}', as_user => 'leo')".to_owned(),
        "issue_token('t', 'leo', 'read', 'acme', '{upload}', as_user => 'leo')".to_owned(),
        "issue_token('t', 'leo', null, 'acme', '{publish}', as_user => 'leo')".to_owned(),
    ] {
        let end = outcome(&mut issuer, &format!("select pgtoken.{call}"));
        tally.check(["42501", "22023"].contains(&end.as_str()), || {
            format!("{end}: {call}")
        });
    }
}
