//! `require_token`, which raises, and `inspect_token`, which tells what a token is.
use pgtoken_tests::{ACME, SqlError, Token, code, error_of, import, issue, shared};
use postgres::Client;
use serde_json::Value;

#[track_caller]
fn require(client: &mut Client, text: &str, arguments: &str) -> SqlError {
    let comma = if arguments.is_empty() { "" } else { ", " };
    let sql = format!("select from pgtoken.require_token($1{comma}{arguments})");
    error_of(client.query(&sql, &[&text]))
}

/// The row that inspect_token returns, if it returns one.
#[track_caller]
fn inspect(client: &mut Client, text: &str) -> Option<Value> {
    let sql = "select to_jsonb(t) from pgtoken.inspect_token($1) as t";
    let rows = client.query(sql, &[&text]).expect("inspect");
    assert!(rows.len() <= 1);
    rows.first().map(|row| row.get(0))
}

#[test]
fn required_token_that_is_valid_returns_the_verdict() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        r#"'one', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main"]}',
           metadata => '{"a": 1}'"#,
    );
    let both = "select to_jsonb(r) = to_jsonb(v), r.valid, r.zone
        from pgtoken.require_token($1, target => 'windows') as r, pgtoken.verify_token($1, target => 'windows') as v";
    let row = client.query_one(both, &[&token.text]).expect("row");
    assert!(row.get::<_, bool>(0) && row.get::<_, bool>(1));
    assert_eq!(row.get::<_, &str>(2), "main");
}

#[test]
fn required_token_that_is_not_valid_raises_by_status_and_ends_with_the_code() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'").text;
    let agency = issue(
        &mut client,
        r#"'two', 'owner', scope => 'agency', workspace_id => 'acme', grants => '{"windows": ["main", "ticker"]}'"#,
    )
    .text;
    let near = issue(
        &mut client,
        "'near', 'owner', allowed_addrs => '{10.0.0.0/8}'",
    )
    .text;
    let spent = issue(
        &mut client,
        "'spent', 'owner', rate_limit => 1, rate_window => '31 days'",
    )
    .text;
    assert_eq!(code(&mut client, &spent, ""), "valid");
    let late = import(
        &mut client,
        "st_late",
        "'owner', 'late', expires_at => now()",
    )
    .text;
    let gone = issue(&mut client, "'gone', 'owner'");
    let off = issue(&mut client, "'off', 'owner'");
    db.execute(&format!(
        "select pgtoken.revoke_token('{}'); select pgtoken.update_token('{}', enabled => false)",
        gone.id, off.id
    ));
    let mut damaged = token.clone();
    damaged.replace_range(10..11, if &damaged[10..11] == "x" { "y" } else { "x" });
    for (text, arguments, sqlstate, code) in [
        (&damaged, "", "28000", "malformed"),
        (&"st_nobody".to_owned(), "", "28000", "not_found"),
        (&gone.text, "", "28000", "revoked"),
        (&late, "", "28000", "expired"),
        (&off.text, "", "28000", "disabled"),
        (&spent, "", "53400", "rate_limited"),
        (
            &token,
            "workspace_id => 'other'",
            "42501",
            "wrong_workspace",
        ),
        (&token, "scope => 'full'", "42501", "insufficient_scope"),
        (
            &token,
            "permissions => '{upload}'",
            "42501",
            "insufficient_permissions",
        ),
        (&token, "target => 'nil'", "42501", "target_forbidden"),
        (&agency, "target => 'windows'", "42501", "zone_required"),
        (&token, "zone => 'nil'", "42501", "zone_forbidden"),
        (&near, "", "42501", "address_forbidden"),
    ] {
        let error = require(&mut client, text, arguments);
        assert_eq!(error.code, sqlstate, "{error}");
        assert!(error.message.ends_with(&format!(" {code}")), "{error}");
        assert!(!format!("{error:?}").contains(text.as_str()), "{error:?}");
    }
    for (break_it, code) in [
        (
            "delete from pgtoken.member where user_id = 'owner'",
            "not_a_member",
        ),
        (
            "update pgtoken.workspace set disabled_at = now()",
            "workspace_disabled",
        ),
        (
            "update pgtoken.app_user set disabled_at = now()",
            "owner_disabled",
        ),
    ] {
        db.execute(break_it);
        let error = require(&mut client, &token, "");
        assert_eq!(error.code, "28000");
        assert!(error.message.ends_with(&format!(" {code}")), "{error}");
    }
}

#[test]
fn required_token_that_is_null_raises_and_never_returns_null() {
    let db = shared().database();
    for call in [
        "require_token()",
        "require_token(null)",
        "require_token(null, null, null, null, null, null, null, null)",
    ] {
        let error = db.error(&format!("select pgtoken.{call}"));
        assert_eq!(error.code, "28000");
        assert!(error.message.ends_with(" malformed"), "{error}");
    }
}

#[test]
fn required_token_guards_the_statements_after_it_in_a_transaction() {
    let db = shared().database();
    db.execute(ACME);
    db.execute("create table work (done text)");
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'").text;
    for (scope, done) in [("full", 0), ("read", 1)] {
        let block = format!(
            "begin;
             select pgtoken.require_token('{token}', scope => '{scope}');
             insert into work values ('{scope}');
             commit"
        );
        if client.batch_execute(&block).is_err() {
            client.batch_execute("rollback").expect("rollback");
        }
        assert_eq!(
            db.value::<i64>("select count(*) from work", &[]),
            done,
            "{scope}"
        );
    }
}

/// A token in each state, with the state.
fn tokens_in_each_state(client: &mut Client) -> Vec<(Token, &'static str)> {
    let mut found = vec![
        (
            issue(client, "'active', 'owner', workspace_id => 'acme'"),
            "active",
        ),
        (
            issue(client, "'suspended', 'reader', workspace_id => 'acme'"),
            "suspended",
        ),
        (
            import(client, "st_late", "'owner', 'late', expires_at => now()"),
            "expired",
        ),
    ];
    let off = issue(client, "'off', 'owner'");
    let gone = issue(client, "'gone', 'owner'");
    client
        .batch_execute(&format!(
            "select pgtoken.update_token('{}', enabled => false);
             select pgtoken.revoke_token('{}', reason => 'lost');
             update pgtoken.app_user set disabled_at = now() where user_id = 'reader'",
            off.id, gone.id
        ))
        .expect("states");
    found.extend([(off, "disabled"), (gone, "revoked")]);
    found
}

#[test]
fn inspected_token_is_its_row_of_the_view_whatever_its_state() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let mut verifier = db.client_as("pgtoken_verifier");
    for (token, state) in tokens_in_each_state(&mut client) {
        let sql = "select to_jsonb(t) from pgtoken.tokens as t where id = $1";
        let row: Value = client.query_one(sql, &[&token.id]).expect("row").get(0);
        assert_eq!(row["state"], state);
        assert_eq!(inspect(&mut verifier, &token.text).as_ref(), Some(&row));
        let sql =
            "select to_jsonb(t) from pgtoken.inspect_digest(sha256(convert_to($1, 'UTF8'))) as t";
        let by_digest = verifier.query_one(sql, &[&token.text]).expect("a row");
        assert_eq!(by_digest.get::<_, Value>(0), row);
    }
}

#[test]
fn inspecting_what_is_no_token_returns_no_row() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'").text;
    let mut damaged = token.clone();
    damaged.replace_range(10..11, if &damaged[10..11] == "x" { "y" } else { "x" });
    let others = [
        damaged,
        token[..10].to_owned(),
        String::new(),
        "x".repeat(1 << 20),
        "%".to_owned(),
    ];
    for text in &others {
        assert_eq!(inspect(&mut client, text), None);
    }
    for call in [
        "inspect_token()",
        "inspect_token(null)",
        "inspect_digest()",
        "inspect_digest('')",
        "inspect_digest('\\x00')",
        "inspect_digest(sha256('x'))",
    ] {
        assert_eq!(
            db.value::<i64>(&format!("select count(*) from pgtoken.{call}"), &[]),
            0
        );
    }
}

#[test]
fn inspecting_takes_nothing_from_the_rate() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', rate_limit => 1, rate_window => '31 days'",
    )
    .text;
    for _ in 0..3 {
        assert!(inspect(&mut client, &token).is_some());
    }
    assert_eq!(code(&mut client, &token, ""), "valid");
    assert_eq!(code(&mut client, &token, ""), "rate_limited");
    assert!(inspect(&mut client, &token).is_some());
}

#[test]
fn inspecting_shows_no_digest() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'").text;
    let sql = "select position(encode(sha256(convert_to($1, 'UTF8')), 'hex') in t::text),
                      position(split_part($1, '_', 2) in t::text)
               from pgtoken.inspect_token($1) as t";
    let row = client.query_one(sql, &[&token]).expect("row");
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1)), (0, 0));
}

#[test]
fn inspecting_leaves_the_role_in_force_as_it_was() {
    let db = shared().database();
    db.execute(ACME);
    let token = issue(&mut db.client(), "'one', 'owner'").text;
    let mut verifier = db.client_as("pgtoken_verifier");
    assert!(inspect(&mut verifier, &token).is_some());
    let sql = "select from pgtoken.tokens";
    assert_eq!(error_of(verifier.query(sql, &[])).code, "42501");
    verifier
        .batch_execute("set statement_timeout = '1ms'")
        .expect("set");
    let many = "select (select id from pgtoken.inspect_token($1 || repeat('', n))) from generate_series(1, 1000000) as n";
    assert_eq!(error_of(verifier.query(many, &[&token])).code, "57014");
    verifier
        .batch_execute("reset statement_timeout")
        .expect("reset");
    assert_eq!(error_of(verifier.query(sql, &[])).code, "42501");
}
