//! What only the admin page asks of the facade.
use pgtoken_tests::jwt::Signer;
use pgtoken_tests::{JWT_SECRET, Stand, wait_until};
use serde_json::{Value, json};
use std::time::Duration;

fn stand() -> Stand {
    Stand::with(&[("PGTOKEN_JWT_SECRET", JWT_SECRET)])
}

#[test]
fn verdicts_are_counted_by_reason_for_administrators() {
    let mut stand = stand();
    stand
        .acme
        .rows("select from pgtoken.verify_token('nonsense')");
    let counted = "select count(*) = 1 from pgtoken.verdict_usage where code = 'not_found'";
    wait_until(Duration::from_secs(20), "the verdict is flushed", || {
        stand.acme.row(counted) == "t"
    });
    let answer = stand.admin("GET", "/v1/verdicts", Value::Null).json();
    assert_eq!(
        answer["items"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    let item = &answer["items"][0];
    assert_eq!(
        (&item["code"], &item["count"]),
        (&json!("not_found"), &json!(1))
    );
    let none = stand.admin(
        "GET",
        "/v1/verdicts?until=2020-01-01T00:00:00Z",
        Value::Null,
    );
    assert_eq!(none.json()["items"], json!([]));
    let bad = stand.admin("GET", "/v1/verdicts?since=yesterday", Value::Null);
    assert_eq!(
        (bad.problem(), bad.pointer()),
        ("400 invalid_request".to_owned(), "/since".to_owned())
    );
    let mia = Signer::hs256(JWT_SECRET).user("mia");
    let refused = stand.bearer(&mia, "GET", "/v1/verdicts", Value::Null);
    assert_eq!(refused.problem(), "403 insufficient_scope");
    let method = stand.admin("POST", "/v1/verdicts", json!({}));
    assert_eq!(method.problem(), "405 method_not_allowed");
}

#[test]
fn workspaces_of_somebody_else_are_for_administrators() {
    let stand = stand();
    let names = |answer: pgtoken_tests::HttpAnswer| {
        let items = answer.json()["items"].clone();
        let items = items.as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|item| format!("{} {}", item["workspace_id"], item["scope"]))
            .collect::<Vec<_>>()
    };
    let leo = names(stand.admin("GET", "/v1/workspaces?user_id=leo", Value::Null));
    assert_eq!(leo, [r#""acme" "read""#]);
    let unknown = stand.admin("GET", "/v1/workspaces?user_id=nobody", Value::Null);
    assert_eq!(unknown.problem(), "403 not_allowed");
    let mia = Signer::hs256(JWT_SECRET).user("mia");
    let own = names(stand.bearer(&mia, "GET", "/v1/workspaces?user_id=mia", Value::Null));
    assert_eq!(own, [r#""acme" "full""#]);
    let other = stand.bearer(&mia, "GET", "/v1/workspaces?user_id=leo", Value::Null);
    assert_eq!(other.problem(), "403 insufficient_scope");
}
