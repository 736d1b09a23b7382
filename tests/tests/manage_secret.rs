//! The secret: of the documented format, shown once, kept nowhere.
use pgtoken_tests::{Acme, error_of};

/// Every value of every table of the database, as text, that contains a text.
fn places(acme: &mut Acme, secret: &str) -> Vec<String> {
    let tables = acme.rows(
        "select oid::regclass from pg_class
         where relkind in ('r', 'm', 'p') and relnamespace <> 'pg_toast'::regnamespace
           and has_table_privilege(oid, 'select')",
    );
    let mut found = Vec::new();
    for table in tables {
        let sql =
            format!("select count(*) from {table} as t where strpos(t::text, '{secret}') > 0");
        let count = acme.row(&sql);
        if count != "0" {
            found.push(format!("{table}: {count}"));
        }
    }
    found
}

#[test]
fn the_secret_has_the_documented_format() {
    let mut acme = Acme::new();
    for (setting, argument, prefix) in [
        ("reset pgtoken.prefix", "", "pgt"),
        ("set pgtoken.prefix = 'pv_live'", "", "pv_live"),
        ("set pgtoken.prefix = 'pv_live'", ", prefix => 'st'", "st"),
        (
            "reset pgtoken.prefix",
            ", prefix => repeat('a', 24)",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ] {
        acme.rows(setting);
        let token = acme.issue(&format!("'t', 'olga'{argument}"));
        let (head, tail) = token.text.rsplit_once('_').expect("an underscore");
        assert_eq!(head, prefix);
        assert_eq!(tail.len(), 49);
        assert!(tail.chars().all(|digit| digit.is_ascii_alphanumeric()));
        let start = acme.row(&format!(
            "select start from pgtoken.tokens where id = '{}'",
            token.id
        ));
        assert_eq!(start, format!("{prefix}_{}", &tail[..6]));
    }
}

#[test]
fn the_checksum_is_crc_32_of_what_stands_before_it() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'").text;
    let (body, checksum) = token.split_at(token.len() - 6);
    let mut crc = u32::MAX;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    let mut rest = !crc;
    let mut digits = Vec::new();
    for _ in 0..6 {
        let digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".as_bytes()
            [(rest % 62) as usize];
        digits.insert(0, digit);
        rest /= 62;
    }
    assert_eq!(digits, checksum.as_bytes());
}

#[test]
fn secrets_and_their_random_parts_are_nowhere_in_the_database() {
    let mut acme = Acme::new();
    acme.rows("create table public.mark as select 'pgt_findme_of_the_scan' as text");
    assert_eq!(
        places(&mut acme, "findme_of_the_scan"),
        ["mark: 1"],
        "the scan finds what is there"
    );
    let issued = acme.issue(
        "'t', 'olga', 'agency', 'acme', '{upload}', '{\"lobby\": true}', request_id => 'r', metadata => '{\"a\": 1}'",
    );
    let rotated = acme.row(&format!(
        "select token from pgtoken.rotate_token('{}')",
        issued.id
    ));
    acme.rows(&format!(
        "select pgtoken.verify_token('{rotated}', 'agency'); select pgtoken.verify_token('{rotated}x');
         select pgtoken.find_token('{rotated}'); select pgtoken.inspect_token('{rotated}');
         select pgtoken.revoke_secret('{rotated}', 'done')"
    ));
    for secret in [&issued.text, &rotated] {
        let random = &secret[secret.len() - 49..secret.len() - 6];
        // The start shows six digits; the seventh is secret already.
        for part in [secret.as_str(), random, &random[6..], &random[..7]] {
            assert_eq!(places(&mut acme, part), Vec::<String>::new(), "{part}");
        }
    }
}

#[test]
fn the_digest_is_in_the_token_table_alone() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga', request_id => 'r'");
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    assert_eq!(places(&mut acme, &digest), ["pgtoken.token: 1"]);
}

#[test]
fn no_error_repeats_a_secret() {
    let mut acme = Acme::new();
    let token = acme.issue("'t', 'olga'").text;
    let secret = &token[..token.len() - 1];
    for call in [
        format!("require_token('{secret}')"),
        format!("import_token('{secret}', 'olga', 't')"),
        format!("import_token(sha256('x'), 'olga', 't', '{token}')"),
        format!("import_token(sha256('x'), 'olga', 't', digest_rule => '{token}')"),
        format!("revoke_secret('{token}', repeat('{token}', 10))"),
        format!("issue_token('t', 'olga', prefix => '{token}')"),
    ] {
        let error = error_of(acme.client.simple_query(&format!("select pgtoken.{call}")));
        let said = format!("{error} {:?} {:?}", error.detail, error.hint);
        let random = &token[token.len() - 49..token.len() - 6];
        let leaks = said.contains(random);
        assert!(!leaks, "{call}: {said}");
    }
}

#[test]
fn texts_of_a_thousand_tokens_are_all_different() {
    let mut acme = Acme::new();
    let distinct = acme.row(
        "select count(distinct i.token), count(distinct i.id)
         from generate_series(1, 1000) as n, lateral pgtoken.issue_token('t' || n, 'olga') as i",
    );
    assert_eq!(distinct, "1000|1000");
}
