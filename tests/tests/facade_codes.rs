//! The tables of facade/README.md about errors and verdicts: each row is provoked, and what has no row is found.
use pgtoken_tests::{HttpAnswer, Issued, Stand, checkout, readme_table};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const INVALID: &str = r#"Bearer realm="pgtoken", error="invalid_token""#;
const INSUFFICIENT: &str = r#"Bearer realm="pgtoken", error="insufficient_scope""#;

fn code(cell: &str) -> &str {
    cell.trim_matches('`')
}

#[test]
fn every_sqlstate_of_the_table_becomes_what_the_table_says() {
    let stand = Stand::new();
    stand.acme.db.execute(
        "create table provoked (errcode text, message text);
         create or replace function pgtoken.token_stats(workspace_id text default null, as_user text default null)
         returns table (total bigint, active bigint, suspended bigint, disabled bigint, expired bigint, revoked bigint,
                        expiring_14_days bigint, unused_90_days bigint, allowed_24_hours bigint, denied_24_hours bigint)
         language plpgsql security definer set search_path = public as $$
         declare p provoked;
         begin
             select * into strict p from provoked;
             raise exception using errcode = p.errcode, message = p.message, detail = 'DETAIL', hint = 'HINT';
         end $$",
    );
    for row in readme_table("| SQLSTATE |") {
        let [sqlstate, said, status, expected, headers, detail] = &row[..] else {
            panic!("six cells: {row:?}")
        };
        let message = match said.contains("by pgtoken") {
            true => "user_id: the words of the database",
            false => "the words of the database",
        };
        stand.acme.db.execute(&format!(
            "truncate provoked; insert into provoked values ('{sqlstate}', '{message}')"
        ));
        let answer = stand.admin("GET", "/v1/stats", Value::Null);
        assert_eq!(
            answer.problem(),
            format!("{status} {}", code(expected)),
            "{row:?}"
        );
        assert_eq!(
            headers == "`Retry-After`",
            !answer.header("retry-after").is_empty(),
            "{row:?}"
        );
        assert_eq!(
            answer.body.contains("the words of the database"),
            detail.starts_with("the message"),
            "{row:?}"
        );
        assert!(
            !answer.body.contains("DETAIL") && !answer.body.contains("HINT"),
            "{answer:?}"
        );
        let has_pointer = answer.body.contains("\"pointer\":\"/user_id\"");
        let is_told = message.starts_with("user_id") && detail.starts_with("the message");
        assert_eq!(has_pointer, is_told, "{row:?}");
    }
}

/// A token, and the question that gets the verdict.
struct Case {
    token: Issued,
    question: Value,
}

/// Every verdict there is.
fn case(stand: &mut Stand, verdict: &str) -> Case {
    let acme = &mut stand.acme;
    let nobody = |text: &str| Issued {
        text: text.to_owned(),
        id: String::new(),
    };
    let mut asked = json!({});
    let olga = "name => 't', user_id => 'olga', workspace_id => 'acme'";
    let token = match verdict {
        "malformed" => nobody(&"x".repeat(513)),
        "not_found" => nobody("st_unheard_of"),
        "not_a_member" => acme.issue("name => 't', user_id => 'leo', workspace_id => 'acme'"),
        "owner_disabled" => acme.issue("name => 't', user_id => 'mia', workspace_id => 'acme'"),
        "workspace_disabled" => {
            acme.issue("name => 't', user_id => 'stan', workspace_id => 'globex'")
        }
        "address_forbidden" => acme.issue(&format!("{olga}, allowed_addrs => '{{192.0.2.0/24}}'")),
        "rate_limited" => acme.issue(&format!(
            "{olga}, rate_limit => 1, rate_window => '31 days'"
        )),
        "zone_required" | "zone_forbidden" => acme.issue(&format!(
            r#"{olga}, scope => 'agency', grants => '{{"windows": ["main", "ticker"]}}'"#
        )),
        _ => acme.issue(olga),
    };
    let id = token.id.clone();
    match verdict {
        "revoked" => drop(acme.rows(&format!("select from pgtoken.revoke_token('{id}')"))),
        "expired" => {
            acme.rows(&format!(
                "update pgtoken.token set expires_at = now() where id = '{id}'"
            ));
        }
        "disabled" => {
            acme.rows(&format!(
                "select from pgtoken.update_token('{id}', enabled => false)"
            ));
        }
        "owner_disabled" => {
            acme.rows("update pgtoken.app_user set disabled_at = now() where user_id = 'mia'");
        }
        "workspace_disabled" => {
            acme.rows(
                "update pgtoken.workspace set disabled_at = now() where workspace_id = 'globex'",
            );
        }
        "not_a_member" => {
            acme.rows("delete from pgtoken.member where user_id = 'leo'");
        }
        "wrong_workspace" => asked["workspace_id"] = "globex".into(),
        "insufficient_scope" => asked["scope"] = "full".into(),
        "insufficient_permissions" => asked["permissions"] = json!(["upload"]),
        "target_forbidden" => asked["target"] = "roof".into(),
        "zone_required" => asked["target"] = "windows".into(),
        "zone_forbidden" => {
            asked["target"] = "windows".into();
            asked["zone"] = "left".into();
        }
        "rate_limited" => {
            let first = stand.verify(&json!({"token": token.text}));
            assert_eq!(first.json()["code"], "valid");
        }
        _ => {}
    }
    asked["token"] = token.text.clone().into();
    Case {
        token,
        question: asked,
    }
}

fn forward_auth(stand: &Stand, case: &Case, more: &str) -> HttpAnswer {
    let mut query = more.to_owned();
    for (name, parameter) in [
        ("workspace_id", "workspace"),
        ("scope", "scope"),
        ("target", "target"),
        ("zone", "zone"),
    ] {
        if let Some(value) = case.question[name].as_str() {
            query.push_str(&format!("&{parameter}={value}"));
        }
    }
    if let Some(permission) = case.question["permissions"][0].as_str() {
        query.push_str(&format!("&permission={permission}"));
    }
    let query = query.trim_start_matches('&');
    stand.get_with(&format!("/v1/forward-auth?{query}"), &case.token, &[])
}

#[test]
fn every_verdict_of_the_table_becomes_what_the_table_says() {
    for row in readme_table("| verdict |") {
        let [verdict, status, gateway, expected, headers] = &row[..] else {
            panic!("five cells: {row:?}")
        };
        let mut stand = Stand::new();
        let case = case(&mut stand, code(verdict));
        let answer = stand.verify(&case.question);
        assert_eq!(answer.status, 200, "{row:?}");
        let told = answer.json();
        assert_eq!(told["code"], code(verdict), "{row:?}");
        assert_eq!(told["status"].to_string(), *status, "{row:?}");
        assert_eq!(told["retry_after"].is_null(), status != "429", "{row:?}");

        let answer = forward_auth(&stand, &case, "");
        let challenge = answer.header("www-authenticate");
        match &**status {
            "200" => {
                assert_eq!((answer.status, challenge), (200, ""));
                let named = |(name, _): &&(String, String)| {
                    name.starts_with("x-") && name != "x-request-id"
                };
                assert_eq!(answer.headers.iter().filter(named).count(), 9, "{answer:?}");
            }
            "401" => assert_eq!(
                (answer.problem(), challenge),
                ("401 invalid_token".to_owned(), INVALID)
            ),
            _ => assert_eq!(
                (answer.problem(), challenge),
                ("403 insufficient_scope".to_owned(), INSUFFICIENT)
            ),
        }
        if *status == "429" {
            let answer = forward_auth(&stand, &case, "status_429=429");
            assert_eq!(answer.problem(), "429 rate_limited");
            assert!(gateway.contains("429") && expected.contains("rate_limited"));
        } else {
            assert_eq!(answer.status.to_string(), *gateway, "{row:?}");
            assert!(headers.contains(challenge), "{row:?}");
            let told = match answer.status {
                200 => String::new(),
                _ => answer.json()["code"].as_str().expect("a text").to_owned(),
            };
            assert_eq!(told, code(expected), "{row:?}");
        }
    }
}

#[test]
fn the_table_of_verdicts_is_complete() {
    let rows = readme_table("| verdict |");
    let told: BTreeSet<&str> = rows.iter().map(|row| code(&row[0])).collect();
    let known: BTreeSet<&str> = pgtoken_rules::Code::ALL.map(|code| code.as_str()).into();
    assert_eq!(told, known);
}

#[test]
fn every_code_of_the_document_is_in_a_table() {
    let mut told = BTreeSet::new();
    for (head, column) in [
        ("| SQLSTATE |", 3),
        ("| verdict |", 3),
        ("| status | `code` |", 1),
    ] {
        for row in readme_table(head) {
            let codes = row[column].split('`').skip(1).step_by(2);
            told.extend(codes.map(str::to_owned));
        }
    }
    let document = std::fs::read_to_string(checkout().join("facade/reference/openapi.json"));
    let document: Value = serde_json::from_str(&document.expect("it is there")).expect("JSON");
    let known = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let known = known.as_array().expect("a list").iter();
    let known: BTreeSet<String> = known
        .map(|code| code.as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(told, known);
}
