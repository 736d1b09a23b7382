//! Many questions in one call get the answers that each would get alone.
use pgtoken_tests::{ACME, error_of, issue, shared};

#[test]
fn array_of_another_length_is_refused_by_name() {
    let db = shared().database();
    for (function, one) in [
        ("verify_tokens", "'{a,b}'"),
        ("verify_digests", r"'{\\x00,\\x01}'"),
    ] {
        for argument in [
            "scopes",
            "permissions",
            "workspace_ids",
            "targets",
            "zones",
            "client_addrs",
        ] {
            let element = if argument == "client_addrs" {
                "::1"
            } else {
                "x"
            };
            for wrong in [
                "{}".to_owned(),
                format!("{{{element}}}"),
                format!("{{{element},{element},null}}"),
            ] {
                let sql = format!("select from pgtoken.{function}({one}, {argument} => '{wrong}')");
                let error = db.error(&sql);
                assert_eq!(error.code, "22023", "{sql}");
                assert!(
                    error.message.starts_with(&format!("{argument}: ")),
                    "{error}"
                );
            }
        }
    }
    let sql = "select from pgtoken.verify_tokens('{}', scopes => '{read}')";
    assert!(db.error(sql).message.starts_with("scopes: "));
}

#[test]
fn array_of_another_length_is_refused_before_anything_is_taken() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', rate_limit => 1, rate_window => '31 days'",
    )
    .text;
    let wrong = "select from pgtoken.verify_tokens(array[$1], zones => '{}')";
    assert_eq!(error_of(client.query(wrong, &[&token])).code, "22023");
    assert_eq!(pgtoken_tests::code(&mut client, &token, ""), "valid");
}

#[test]
fn no_array_of_tokens_is_refused_and_an_empty_one_has_no_answers() {
    let db = shared().database();
    for (function, argument) in [("verify_tokens", "tokens"), ("verify_digests", "digests")] {
        for arguments in ["", "null", "null, null, null, null, null, null, null, null"] {
            let error = db.error(&format!("select from pgtoken.{function}({arguments})"));
            assert_eq!(error.code, "22023");
            assert!(
                error.message.starts_with(&format!("{argument}: ")),
                "{error}"
            );
        }
        let count = |arguments: &str| {
            let sql = format!("select count(*) from pgtoken.{function}({arguments})");
            db.value::<i64>(&sql, &[])
        };
        assert_eq!(count("'{}'"), 0);
        assert_eq!(count("'{}', '{}', '{}', '{}', '{}', '{}', '{}', null"), 0);
    }
}

#[test]
fn null_elements_ask_nothing_and_a_null_token_is_malformed() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'").text;
    let nulls =
        "'{null,null}', '{null,null}', '{null,null}', '{null,null}', '{null,null}', '{null,null}'";
    let sql = format!(
        "select string_agg(n || ' ' || code, ', ' order by n)
         from pgtoken.verify_tokens(array[$1, null], {nulls})"
    );
    let codes: String = client.query_one(&sql, &[&token]).expect("row").get(0);
    assert_eq!(codes, "1 valid, 2 malformed");
}

#[test]
fn answers_are_numbered_from_one_whatever_the_bounds_of_the_array() {
    let db = shared().database();
    let codes = |arguments: &str| {
        let sql = format!(
            "select string_agg(n || ' ' || code, ', ') from pgtoken.verify_tokens({arguments})"
        );
        db.value::<String>(&sql, &[])
    };
    let expected = "1 not_found, 2 malformed, 3 not_found";
    assert_eq!(codes("'[7:9]={a,null,b}'"), expected);
    assert_eq!(codes("'[-1:1]={a,null,b}', '[3:5]={x,x,x}'"), expected);
}

#[test]
fn same_token_asked_often_in_one_call_is_answered_each_time() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', rate_limit => 3, rate_window => '31 days'",
    )
    .text;
    let sql = "select array_agg(code order by n) from pgtoken.verify_tokens(array_fill($1::text, array[5]))";
    let codes: Vec<String> = client.query_one(sql, &[&token]).expect("row").get(0);
    assert_eq!(
        codes,
        ["valid", "valid", "valid", "rate_limited", "rate_limited"]
    );
}

#[test]
fn ten_thousand_questions_fit_in_one_call() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'").text;
    let sql = "select count(*) filter (where valid), count(distinct n), max(n)
               from pgtoken.verify_tokens(array_fill($1::text, array[10000]))";
    let row = client.query_one(sql, &[&token]).expect("row");
    assert_eq!(
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, i32>(2)
        ),
        (10_000, 10_000, 10_000)
    );
}

#[test]
fn answers_can_be_asked_for_in_the_select_list_and_in_part() {
    let db = shared().database();
    assert_eq!(
        db.psql("select (pgtoken.verify_tokens('{a,b}')).code"),
        "not_found\nnot_found\n"
    );
    assert_eq!(
        db.psql("select n from pgtoken.verify_tokens('{a,b}') limit 1"),
        "1\n"
    );
}
