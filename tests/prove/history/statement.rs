//! Changes as SQL and as requests.
use super::stage::Stage;
use super::terms::{Change, Grants};
use super::words::{arguments, grants_of, word};
use serde_json::{Map, Value, json};

/// The statement that makes a change.
pub fn sql_of(stage: &Stage, change: Change) -> String {
    let Stage { n, .. } = stage;
    let id = |token: usize| &stage.token(token).expect("it is known").id;
    let disabled_at = |enabled| if enabled { "null" } else { "now()" };
    match change {
        Change::Issue(token, grants) => {
            let arguments = named(&arguments(stage, token, grants));
            format!("select id, token from pgtoken.issue_token({arguments})")
        }
        Change::Import(token) => {
            let arguments = named(&arguments(stage, token, Grants::Whole));
            let (id, text) = (id(token), &stage.token(token).expect("it is known").text);
            format!("select from pgtoken.import_token(sha256('{text}'), {arguments}, id => '{id}')")
        }
        Change::Revoke(token) => format!("select from pgtoken.revoke_token('{}')", id(token)),
        Change::Enable(token, enabled) => format!(
            "select from pgtoken.update_token('{}', enabled => {enabled})",
            id(token)
        ),
        Change::Grant(token, grants) => format!(
            "select pgtoken.grant_zones('{}', '{}')",
            id(token),
            grants_of(stage, grants)
        ),
        Change::EnableUser(enabled) => format!(
            "update pgtoken.app_user set disabled_at = {} where user_id = 'u{n}'",
            disabled_at(enabled)
        ),
        Change::EnableWorkspace(enabled) => format!(
            "update pgtoken.workspace set disabled_at = {} where workspace_id = 'w{n}'",
            disabled_at(enabled)
        ),
        Change::Promote(rung) => format!(
            "update pgtoken.member set scope = '{}' where workspace_id = 'w{n}'",
            word(rung)
        ),
        Change::Leave => format!("delete from pgtoken.member where workspace_id = 'w{n}'"),
        Change::Join(rung) => format!(
            "insert into pgtoken.member (workspace_id, user_id, scope) values ('w{n}', 'u{n}', '{}')
             on conflict do nothing",
            word(rung)
        ),
        Change::AddZone(zone) => format!(
            "insert into pgtoken.zone (target_id, zone_id) values ('t{n}', 'z{zone}') on conflict do nothing"
        ),
        Change::DropZone(zone) => {
            format!("delete from pgtoken.zone where target_id = 't{n}' and zone_id = 'z{zone}'")
        }
    }
}

fn named(arguments: &Map<String, Value>) -> String {
    let named: Vec<String> = arguments
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} => '{text}'"),
            other => format!("{name} => '{other}'"),
        })
        .collect();
    named.join(", ")
}

/// The method, path and body that make a change, where the facade makes such changes.
pub fn request_of(stage: &Stage, change: Change) -> (&'static str, String, Value) {
    let path = |token: usize| format!("/v1/tokens/{}", stage.token(token).expect("it is known").id);
    match change {
        Change::Issue(token, grants) => {
            let body = arguments(stage, token, grants).into();
            ("POST", "/v1/tokens".to_owned(), body)
        }
        Change::Revoke(token) => ("DELETE", path(token), Value::Null),
        Change::Enable(token, enabled) => ("PATCH", path(token), json!({ "enabled": enabled })),
        Change::Grant(token, grants) => {
            let body = json!({ "grants": grants_of(stage, grants) });
            ("PUT", format!("{}/grants", path(token)), body)
        }
        _ => panic!("the facade does not do this: {change:?}"),
    }
}
