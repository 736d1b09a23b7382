//! One token: get_token, and find_token for whatever somebody found of it.
use pgtoken_tests::{Acme, Issued};

fn find(acme: &mut Acme, text: &str) -> Vec<String> {
    acme.rows(&format!("select name from pgtoken.find_token('{text}')"))
}

fn one_and_another() -> (Acme, Issued) {
    let mut acme = Acme::new();
    let token = acme.issue("'one', 'olga', workspace_id => 'acme', prefix => 'pv_live'");
    acme.issue("'another', 'leo', workspace_id => 'acme'");
    (acme, token)
}

#[test]
fn a_token_is_found_by_its_id_its_text_and_its_digest() {
    let (mut acme, token) = one_and_another();
    let digest = acme.row(&format!("select encode(sha256('{}'), 'hex')", token.text));
    let bare = token.id.replace('-', "");
    for text in [
        token.id.clone(),
        token.id.to_uppercase(),
        bare,
        token.text.clone(),
        format!("  {}\n", token.text),
        digest.clone(),
        digest.to_uppercase(),
        format!("\\x{digest}"),
    ] {
        assert_eq!(find(&mut acme, &text), ["one"], "{text}");
    }
}

#[test]
fn a_token_is_found_by_a_fragment_shorter_than_its_start_and_longer() {
    let (mut acme, token) = one_and_another();
    let start = acme.row(&format!(
        "select start from pgtoken.tokens where id = '{}'",
        token.id
    ));
    assert_eq!(start, token.text[.."pv_live_".len() + 6]);
    for length in [
        4,
        8,
        start.len() - 1,
        start.len(),
        start.len() + 1,
        token.text.len() - 1,
    ] {
        assert_eq!(
            find(&mut acme, &token.text[..length]),
            ["one"],
            "{length} characters"
        );
    }
}

#[test]
fn a_fragment_of_another_token_with_the_same_prefix_finds_nothing() {
    let (mut acme, token) = one_and_another();
    let other = format!(
        "pv_live_{}",
        if token.text.contains("_0") {
            "111111"
        } else {
            "000000"
        }
    );
    assert!(find(&mut acme, &other).is_empty());
}

#[test]
fn a_damaged_whole_token_is_found_by_its_start() {
    let (mut acme, token) = one_and_another();
    let last = if token.text.ends_with('0') { "1" } else { "0" };
    let damaged = format!("{}{last}", &token.text[..token.text.len() - 1]);
    assert_eq!(find(&mut acme, &damaged), ["one"]);
}

#[test]
fn an_imported_token_is_found_by_its_own_shape() {
    let mut acme = Acme::new();
    acme.rows(
        "select from pgtoken.import_token(sha256('st_example_of_old'), 'olga', 'old', 'st_exam')",
    );
    for text in ["st_example_of_old", "st_exam", "st_e", "st_example_of_ol"] {
        assert_eq!(find(&mut acme, text), ["old"], "{text}");
    }
}

#[test]
fn a_fragment_is_no_pattern() {
    let (mut acme, _) = one_and_another();
    for text in ["pv%live", "%%%%", "____", "pv_l%", ".*.*", "\\\\\\\\"] {
        assert!(find(&mut acme, text).is_empty(), "{text}");
    }
}

#[test]
fn ended_tokens_are_found_too() {
    let (mut acme, token) = one_and_another();
    acme.rows(&format!("select pgtoken.revoke_token('{}')", token.id));
    let found = acme.row(&format!(
        "select name, state from pgtoken.find_token('{}')",
        token.text
    ));
    assert_eq!(found, "one|revoked");
}

#[test]
fn what_fits_nothing_gives_no_row() {
    let (mut acme, _) = one_and_another();
    for text in [
        "00000000-0000-0000-0000-000000000000",
        "zzzz",
        &"0".repeat(64),
        &"x".repeat(10_000),
    ] {
        assert!(find(&mut acme, text).is_empty(), "{text:.70}");
    }
}

#[test]
fn a_fragment_of_fewer_than_4_characters_is_refused() {
    let mut acme = Acme::new();
    for text in ["null", "''", "'  '", "'pgt'", "' pgt '"] {
        let error = acme.error(&format!("select pgtoken.find_token({text})"));
        assert_eq!(error.code, "22023", "{text}");
        assert!(error.message.starts_with("text: "), "{error}");
    }
}

#[test]
fn a_user_finds_only_what_it_may_see() {
    let (mut acme, token) = one_and_another();
    let start = &token.text[..12];
    for (user, found) in [("olga", 1), ("mia", 1), ("leo", 0), ("stan", 0)] {
        for text in [token.id.as_str(), &token.text, start] {
            let rows = acme.rows(&format!(
                "select pgtoken.find_token('{text}', as_user => '{user}')"
            ));
            assert_eq!(rows.len(), found, "{user}: {text}");
        }
    }
}

#[test]
fn at_most_50_tokens_fit_a_fragment() {
    let mut acme = Acme::new();
    acme.rows(
        "select from generate_series(1, 60) as n, lateral pgtoken.issue_token('t' || n, 'olga')",
    );
    assert_eq!(find(&mut acme, "pgt_").len(), 50);
}

#[test]
fn get_token_is_the_row_of_the_view() {
    let (mut acme, token) = one_and_another();
    let same = acme.row(&format!(
        "select g = t from pgtoken.get_token('{0}') as g, pgtoken.tokens as t where t.id = '{0}'",
        token.id
    ));
    assert_eq!(same, "t");
}

#[test]
fn get_token_names_the_argument_that_is_wrong() {
    let mut acme = Acme::new();
    let error = acme.error("select pgtoken.get_token()");
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("22023", "id: must be given")
    );
    let id = "00000000-0000-0000-0000-000000000000";
    let error = acme.error(&format!("select pgtoken.get_token('{id}')"));
    assert_eq!(error.code, "P0002");
    assert_eq!(error.message, format!("id: not found: token {id}"));
}

#[test]
fn reading_works_in_a_read_only_transaction_and_assigns_no_transaction_id() {
    let (mut acme, token) = one_and_another();
    acme.rows("begin read only");
    acme.rows(&format!(
        "select pgtoken.get_token('{0}'); select pgtoken.find_token('{1}'); select pgtoken.list_tokens();
         select pgtoken.list_events(); select pgtoken.list_usage('{0}'); select pgtoken.list_users();
         select pgtoken.list_workspaces(); select pgtoken.list_targets('acme'); select pgtoken.token_stats()",
        token.id, token.text
    ));
    assert_eq!(
        acme.row("select pg_current_xact_id_if_assigned() is null"),
        "t"
    );
    acme.rows("commit");
}
