//! Issuing tokens and asking for verdicts, in the words of SQL.
use crate::database::Database;
use crate::error::describe;
use postgres::Client;
use serde_json::Value;
use uuid::Uuid;

/// A directory for tests of verification: workspace `acme` with a member on each rung of the ladder, two targets
/// with zones, a workspace `other` with one, and two permissions, of which `publish` needs an owner with `write`.
pub const ACME: &str = "
    insert into pgtoken.workspace (workspace_id) values ('acme'), ('other');
    insert into pgtoken.app_user (user_id) values ('reader'), ('writer'), ('owner');
    insert into pgtoken.member (workspace_id, user_id, scope) values
        ('acme', 'reader', 'read'), ('acme', 'writer', 'write'), ('acme', 'owner', 'full'), ('other', 'owner', 'full');
    insert into pgtoken.target (target_id, workspace_id) values
        ('windows', 'acme'), ('lobby', 'acme'), ('elsewhere', 'other');
    insert into pgtoken.zone (target_id, zone_id) values
        ('windows', 'main'), ('windows', 'ticker'), ('lobby', 'main'), ('lobby', 'wall'), ('elsewhere', 'main');
    insert into pgtoken.permission (name, member_scope) values ('upload', null), ('publish', 'write');
";

/// A token that a test was given.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// Its whole text.
    pub text: String,
}

/// Calls `issue_token` with these arguments.
#[track_caller]
pub fn issue(client: &mut Client, arguments: &str) -> Token {
    let sql = format!("select id, token from pgtoken.issue_token({arguments})");
    let row = client
        .query_one(&sql, &[])
        .unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)));
    Token {
        id: row.get(0),
        text: row.get(1),
    }
}

/// Imports a token with this text, and with these further arguments.
#[track_caller]
pub fn import(client: &mut Client, text: &str, arguments: &str) -> Token {
    let sql =
        format!("select id from pgtoken.import_token(sha256(convert_to($1, 'UTF8')), {arguments})");
    let row = client
        .query_one(&sql, &[&text])
        .unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)));
    Token {
        id: row.get(0),
        text: text.to_owned(),
    }
}

/// The row of `verify_token` for a text and these further arguments, as an object without the columns that are null.
#[track_caller]
pub fn verdict(client: &mut Client, text: &str, arguments: &str) -> Value {
    let comma = if arguments.is_empty() { "" } else { ", " };
    let sql = format!("select to_jsonb(v) from pgtoken.verify_token($1{comma}{arguments}) as v");
    let row = client
        .query_one(&sql, &[&text])
        .unwrap_or_else(|error| panic!("{sql}: {}", describe(&error)));
    let mut verdict: Value = row.get(0);
    let columns = verdict.as_object_mut().expect("a row is an object");
    columns.retain(|_, value| !value.is_null());
    verdict
}

/// The code of that row.
#[track_caller]
pub fn code(client: &mut Client, text: &str, arguments: &str) -> String {
    let verdict = verdict(client, text, arguments);
    verdict["code"].as_str().expect("a code is text").to_owned()
}

/// Every function that verifies or inspects, called with a token as `$1` and never raising.
pub const READS: [&str; 9] = [
    "select from pgtoken.verify_token($1)",
    "select from pgtoken.verify_token($1, scope => 'read', target => 'windows', zone => 'main')",
    "select from pgtoken.verify_token($1, scope => 'full')",
    "select from pgtoken.verify_token($1 || 'x')",
    "select from pgtoken.verify_tokens(array[$1, 'x'])",
    "select from pgtoken.verify_digest(sha256(convert_to($1, 'UTF8')))",
    "select from pgtoken.verify_digests(array[sha256(convert_to($1, 'UTF8')), null])",
    "select from pgtoken.inspect_token($1)",
    "select from pgtoken.inspect_digest(sha256(convert_to($1, 'UTF8')))",
];

/// A connection to a database that gets the directory [`ACME`], and a token of `owner` that writes in `acme`.
pub fn acme_token(db: &Database<'_>) -> (Client, Token) {
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', scope => 'write', workspace_id => 'acme'",
    );
    (client, token)
}

/// A connection to a database that gets the directory [`ACME`], and a confined token of `owner` with these grants.
pub fn confined(db: &Database<'_>, grants: &str) -> (Client, Token) {
    db.execute(ACME);
    let mut client = db.client();
    let token = issue_confined(&mut client, grants);
    (client, token)
}

/// Another such token.
pub fn issue_confined(client: &mut Client, grants: &str) -> Token {
    let arguments = format!(
        "'confined', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{grants}'"
    );
    issue(client, &arguments)
}

/// Asks each question and compares the code.
#[track_caller]
pub fn assert_codes(client: &mut Client, token: &Token, cases: &[(&str, &str)]) {
    for (arguments, expected) in cases {
        let got = code(client, &token.text, arguments);
        assert_eq!(got, *expected, "asked ({arguments})");
    }
}
