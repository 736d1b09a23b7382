//! (b), (c), (f): what becomes of a token when its owner's state changes.
use crate::claim::{Effort, Tally};
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::stage::{ALL_VALID, REDUCTIONS, Stage, at};
use pgtoken_tests::{Issued, JWT_SECRET, Session, Stand};
use serde_json::json;

fn stand() -> Stand {
    Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)])
}

/// Every way in which the directory can say that olga is no longer in acme.
const REMOVALS: [&str; 3] = [
    "delete from pgtoken.member where workspace_id = 'acme' and user_id = 'olga'",
    "select pgtoken.put_members('acme', '[{\"user_id\": \"mia\", \"scope\": \"full\"}]')",
    "begin; set local session_replication_role = replica;
     delete from pgtoken.member where workspace_id = 'acme' and user_id = 'olga'; commit",
];

/// The codes of a token over SQL, asked in each of these ways.
fn asked(stand: &mut Stand, token: &Issued, questions: &[String]) -> Vec<(String, String)> {
    questions
        .iter()
        .map(|question| {
            let row = stand.acme.row(&format!(
                "select valid, code, user_id, workspace_id, scope, target
                 from pgtoken.verify_token('{}'{question})",
                token.text
            ));
            (question.clone(), row)
        })
        .collect()
}

fn questions(scopes: &[&str]) -> Vec<String> {
    let workspaces = [
        "",
        ", workspace_id => 'acme'",
        ", workspace_id => 'globex'",
        ", workspace_id => 'shut'",
    ];
    let targets = [
        "",
        ", target => 'windows'",
        ", target => 'lobby'",
        ", target => 'roof'",
    ];
    let mut all = Vec::new();
    for workspace in workspaces {
        for target in targets {
            for scope in scopes {
                all.push(format!("{workspace}{target}{scope}"));
            }
        }
    }
    all
}

/// (b) The owner is in three workspaces, and is removed from the one of the token.
pub fn a_token_of_a_removed_member_falls_back_to_no_other_workspace(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    for removal in &REMOVALS[..effort.tries(2, 3) as usize] {
        let mut stand = stand();
        stand.acme.rows(
            "insert into pgtoken.member (workspace_id, user_id, scope) values ('globex', 'olga', 'full');
             update pgtoken.workspace set disabled_at = null where workspace_id = 'shut'",
        );
        let token = stand
            .acme
            .issue("'bound', 'olga', 'write', 'acme', '{publish}'");
        tally.check(stand.acme.verdict(&token, "") == "valid", || {
            "the token was never valid".to_owned()
        });
        stand.acme.rows(removal);
        let scopes = ["", ", scope => 'read'", ", permissions => '{publish}'"];
        for (question, row) in asked(&mut stand, &token, &questions(&scopes)) {
            let refused = row == "f|not_a_member|∅|∅|∅|∅" || row == "f|wrong_workspace|∅|∅|∅|∅";
            tally.check(refused, || format!("{removal}{question}: {row}"));
        }
        over_http(&stand, &token, &mut tally);
        // A claim that still names the workspace issues nothing there, nor elsewhere.
        let jwt = Signer::hs256(JWT_SECRET).sign(&json!({
            "sub": "olga", "workspace_id": "acme", "exp": pgtoken_tests::jwt::now() + 60
        }));
        for body in [
            json!({"name": "t"}),
            json!({"name": "t", "workspace_id": "acme"}),
        ] {
            let answer = stand.bearer(&jwt, "POST", "/v1/tokens", body);
            tally.check(answer.status == 403, || answer.body.clone());
        }
        let elsewhere = stand
            .acme
            .row("select count(*) from pgtoken.tokens where workspace_id <> 'acme'");
        tally.check(elsewhere == "0", || format!("{elsewhere} tokens elsewhere"));
    }
    tally
}

/// What every route that takes a token says of one that is worth nothing.
fn over_http(stand: &Stand, token: &Issued, tally: &mut Tally) {
    for requirement in [
        json!({}),
        json!({"scope": "read"}),
        json!({"scope": "agency"}),
        json!({"target": "windows"}),
        json!({"target": "windows", "zone": "main"}),
        json!({"workspace_id": "globex"}),
    ] {
        let mut question = requirement.clone();
        question["token"] = json!(token.text);
        let answer = stand.verify(&question).json();
        tally.check(answer["valid"] == false, || {
            format!("{requirement}: {answer}")
        });
        let batch = stand.post("/v1/verify/batch", &json!({"questions": [question]}));
        tally.check(!batch.body.contains("\"valid\":true"), || {
            batch.body.clone()
        });
    }
    for query in [
        "",
        "?scope=read",
        "?scope=agency",
        "?target=windows",
        "?target=windows&zone=main",
        "?workspace=globex",
    ] {
        let answer = stand.get_with(&format!("/v1/forward-auth{query}"), token, &[]);
        tally.check([401, 403].contains(&answer.status), || {
            format!("{query}: {answer:?}")
        });
    }
    let active = stand.form("/v1/introspect", &format!("token={}", token.text));
    tally.check(active.body == "{\"active\":false}", || active.body.clone());
}

/// (c) A confined token of somebody who is no longer a member, or no longer may have one.
pub fn a_removed_members_confined_token_is_refused_everywhere(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let others = [
        "update pgtoken.member set scope = 'read' where workspace_id = 'acme' and user_id = 'olga'",
        "update pgtoken.app_user set disabled_at = now() where user_id = 'olga'",
        "delete from pgtoken.app_user where user_id = 'olga'",
        "update pgtoken.workspace set disabled_at = now() where workspace_id = 'acme'",
    ];
    let all: Vec<&str> = REMOVALS.iter().chain(&others).copied().collect();
    let step = effort.tries(2, 1) as usize;
    for removal in all.iter().step_by(step) {
        let mut stand = stand();
        let tokens = [
            r#"{"windows": ["main"]}"#,
            r#"{"windows": ["main", "ticker"], "lobby": true}"#,
        ]
        .map(|grants| {
            stand.acme.issue(&format!(
                "'c', 'olga', 'agency', 'acme', grants => '{grants}', auto_publish => true"
            ))
        });
        for token in &tokens {
            let before = stand
                .acme
                .verdict(token, ", target => 'windows', zone => 'main'");
            tally.check(before == "valid", || format!("never valid: {before}"));
        }
        stand.acme.rows(removal);
        let scopes = [
            "",
            ", scope => 'agency'",
            ", zone => 'main'",
            ", scope => 'agency', zone => 'ticker'",
        ];
        for token in &tokens {
            for (question, row) in asked(&mut stand, token, &questions(&scopes)) {
                tally.check(
                    row.starts_with("f|") && row.ends_with("|∅|∅|∅|∅"),
                    || format!("{removal}{question}: {row}"),
                );
            }
            over_http(&stand, token, &mut tally);
        }
    }
    tally
}

/// (f) Everything in the directory that takes authority away, in each isolation level, for each kind of token.
pub fn every_change_of_the_owners_state_reaches_its_tokens(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let stand = stand();
    let session = Session::open(&stand.acme.db);
    let levels = ["read committed", "repeatable read", "serializable"];
    let mut n = 0;
    for round in 0..effort.tries(1, 20) {
        for reduction in REDUCTIONS {
            for level in levels {
                n += 1;
                let stage = Stage::set(&session, n);
                tally.check(stage.codes(&session) == ALL_VALID, || {
                    format!("round {round}: not valid before")
                });
                session.rows(&format!(
                    "begin isolation level {level}; {}; commit",
                    at(reduction.sql, n)
                ));
                let (codes, states) = (stage.codes(&session), stage.states(&session));
                tally.check(codes == reduction.codes, || {
                    format!("{level}: {}: {codes}", reduction.sql)
                });
                tally.check(states == reduction.states, || {
                    format!("{level}: {}: {states}", reduction.sql)
                });
                let first = reduction.codes.split(' ').next().expect("a code");
                let answer = stand
                    .verify(&json!({"token": stage.ladder.text, "scope": "full"}))
                    .json();
                tally.check(answer["code"] == first, || {
                    format!("HTTP: {}: {answer}", reduction.sql)
                });
            }
        }
    }
    tally
}
