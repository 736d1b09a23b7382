//! Verification gives one row for every input, and an error for none.
use pgtoken_tests::{ACME, code, import, issue, shared};
use postgres::Client;
use serde_json::Value;

#[test]
fn text_of_our_own_shape_with_a_wrong_checksum_is_malformed_and_any_other_is_looked_up() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', prefix => 'pv_live'").text;
    let mut damaged = token.clone();
    let last = damaged.pop().expect("not empty");
    damaged.push(if last == '0' { '1' } else { '0' });
    let cases = [
        (token.clone(), "valid"),
        (damaged, "malformed"),
        (token.replacen("pv_live", "pv_test", 1), "malformed"),
        (token.to_uppercase(), "not_found"),
        (format!(" {token}"), "not_found"),
        (format!("{token}\n"), "not_found"),
        (token[..token.len() - 1].to_owned(), "not_found"),
        (String::new(), "not_found"),
        ("é".repeat(256), "not_found"),
        ("é".repeat(257), "malformed"),
        ("x".repeat(512), "not_found"),
        ("x".repeat(513), "malformed"),
        ("x".repeat(1 << 20), "malformed"),
        ("\u{1}\u{7f}\u{10ffff}\r\n\t".to_owned(), "not_found"),
        ("'; drop table pgtoken.token; --".to_owned(), "not_found"),
        ("$1 %s \\' \" {}".to_owned(), "not_found"),
    ];
    for (text, expected) in cases {
        assert_eq!(code(&mut client, &text, ""), expected, "{text:.60?}");
    }
    assert_eq!(code(&mut client, &token, ""), "valid");
}

#[test]
fn null_and_empty_arguments_get_one_row_each() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let row = |client: &mut Client, call: &str| -> Value {
        let rows = client
            .query(&format!("select to_jsonb(v) from pgtoken.{call} as v"), &[])
            .expect(call);
        assert_eq!(rows.len(), 1, "{call}");
        rows[0].get(0)
    };
    let nulls = "null, null, null, null, null, null, null, null";
    let empties = "'', '', '{}', '', '', '', null, true";
    for (call, code) in [
        ("verify_token()".to_owned(), "malformed"),
        ("verify_digest()".to_owned(), "malformed"),
        (format!("verify_token({nulls})"), "malformed"),
        (format!("verify_digest({nulls})"), "malformed"),
        (format!("verify_token({empties})"), "not_found"),
        (format!("verify_digest({empties})"), "malformed"),
        ("verify_digest('\\x00')".to_owned(), "malformed"),
        (
            "verify_digest(sha256('') || '\\x00')".to_owned(),
            "malformed",
        ),
        (
            "verify_digest(repeat('x', 1000000)::bytea)".to_owned(),
            "malformed",
        ),
        ("verify_digest(sha256('nobody'))".to_owned(), "not_found"),
    ] {
        assert_eq!(row(&mut client, &call)["code"], code, "{call}");
    }
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'").text;
    let nulls = "null, null, null, null, null, null, null";
    assert_eq!(code(&mut client, &token, nulls), "valid");
}

#[test]
fn empty_string_is_a_value_that_matches_nothing() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let bound = issue(&mut client, "'bound', 'owner', workspace_id => 'acme'").text;
    let unbound = issue(&mut client, "'unbound', 'owner'").text;
    for (arguments, expected) in [
        ("workspace_id => ''", "wrong_workspace"),
        ("scope => ''", "insufficient_scope"),
        ("permissions => array['']", "insufficient_permissions"),
        ("target => ''", "target_forbidden"),
        ("zone => ''", "zone_forbidden"),
        ("target => '', zone => ''", "target_forbidden"),
    ] {
        for token in [&bound, &unbound] {
            assert_eq!(code(&mut client, token, arguments), expected, "{arguments}");
        }
    }
    let windows = "target => 'windows', zone => ''";
    assert_eq!(code(&mut client, &bound, windows), "zone_forbidden");
}

#[test]
fn arguments_of_a_megabyte_are_denied_like_any_other_unknown_value() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'").text;
    for (arguments, expected) in [
        ("scope => repeat('x', 1 << 20)", "insufficient_scope"),
        (
            "permissions => array[repeat('x', 1 << 20)]",
            "insufficient_permissions",
        ),
        (
            "permissions => array_fill('x'::text, array[100000])",
            "insufficient_permissions",
        ),
        ("workspace_id => repeat('x', 1 << 20)", "wrong_workspace"),
        ("target => repeat('x', 1 << 20)", "target_forbidden"),
        (
            "target => 'windows', zone => repeat('x', 1 << 20)",
            "zone_forbidden",
        ),
    ] {
        assert_eq!(
            code(&mut client, &token, arguments),
            expected,
            "{arguments}"
        );
    }
}

#[test]
fn text_that_comes_compressed_from_a_table_is_read_as_it_is() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let long = "st_".to_owned() + &"long".repeat(120);
    import(&mut client, &long, "'owner', 'long'");
    db.execute("create table request (token text, words text[], scope text)");
    let insert = "insert into request values
        ($1, array_fill('upload'::text, array[5000]), repeat('read', 1000)),
        (repeat('x', 1 << 20), null, null)";
    client.execute(insert, &[&long]).expect("insert");
    let codes = "select string_agg(code, ' ' order by length(request.token)) from request, pgtoken.verify_token";
    for (arguments, expected) in [
        ("(token)", "valid malformed"),
        (
            "(token, permissions => words)",
            "insufficient_permissions malformed",
        ),
        (
            "(token, scope => request.scope)",
            "insufficient_scope malformed",
        ),
    ] {
        assert_eq!(
            db.value::<String>(&format!("{codes}{arguments}"), &[]),
            expected
        );
    }
}
