//! Hints of where rows were found save the way through the index, and never change an answer.
use pgtoken_tests::{ACME, Acme, Session, code, import, issue, shared};
use postgres::Client;

/// How many scans of an index this transaction has made so far.
fn scans(client: &mut Client, index: &str) -> i64 {
    client
        .query_one(
            "select pg_stat_get_xact_numscans($1::text::regclass)",
            &[&format!("pgtoken.{index}")],
        )
        .expect("the index exists")
        .get(0)
}

/// Verifies a confined token so often that its row and its grants must be known, and returns the scans that it took.
fn scans_of_a_hundred(client: &mut Client, text: &str, index: &str) -> i64 {
    let before = scans(client, index);
    for _ in 0..100 {
        assert_eq!(
            code(client, text, "target => 'lobby', zone => 'wall'"),
            "valid"
        );
    }
    scans(client, index) - before
}

#[test]
fn a_row_that_was_found_is_found_again_without_its_index() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'");
    for index in [
        "token_digest_key",
        "target_workspace_id_target_id_key",
        "zone_pkey",
    ] {
        client.execute("begin", &[]).expect("begin");
        let scans = scans_of_a_hundred(&mut client, &token.text, index);
        client.execute("commit", &[]).expect("commit");
        assert!(scans < 10, "{index}: {scans} scans for 100 verifications");
    }
}

#[test]
fn a_serializable_transaction_goes_by_the_index() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'");
    client
        .execute("begin isolation level serializable", &[])
        .expect("begin");
    assert_eq!(
        scans_of_a_hundred(&mut client, &token.text, "token_digest_key"),
        100
    );
}

/// Imports a token with this text.
fn import_text(client: &mut Client, text: &str) {
    import(client, text, "'owner', 'imported', workspace_id => 'acme'");
}

#[test]
fn a_place_that_another_row_has_taken_is_not_believed() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    import_text(&mut client, "first");
    for generation in 0..50 {
        let (old, new) = match generation % 2 {
            0 => ("first", "second"),
            _ => ("second", "first"),
        };
        assert_eq!(
            code(&mut client, old, ""),
            "valid",
            "generation {generation}"
        );
        let place = place_of(&mut client);
        client
            .execute("delete from pgtoken.token", &[])
            .expect("delete");
        client
            .execute("vacuum (truncate off) pgtoken.token", &[])
            .expect("vacuum");
        import_text(&mut client, new);
        assert_eq!(place_of(&mut client), place, "the place is used again");
        assert_eq!(
            code(&mut client, old, ""),
            "not_found",
            "generation {generation}"
        );
        assert_eq!(
            code(&mut client, new, ""),
            "valid",
            "generation {generation}"
        );
    }
}

fn place_of(client: &mut Client) -> String {
    client
        .query_one("select ctid::text from pgtoken.token", &[])
        .expect("there is one token")
        .get(0)
}

#[test]
fn a_place_on_a_page_that_is_gone_is_not_believed() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    import_text(&mut client, "kept");
    for i in 0..200 {
        import_text(&mut client, &format!("passing {i}"));
    }
    for gone in [
        "vacuum pgtoken.token",
        "vacuum full pgtoken.token",
        "cluster pgtoken.token using token_pkey",
    ] {
        for i in 0..200 {
            code(&mut client, &format!("passing {i}"), "");
        }
        client
            .execute("delete from pgtoken.token where id in (select id from pgtoken.token order by ctid desc limit 60)
                      and name = 'imported' and digest <> sha256('kept')", &[])
            .expect("delete");
        client.execute(gone, &[]).expect(gone);
        assert_eq!(code(&mut client, "kept", ""), "valid", "{gone}");
        let alive: i64 = client
            .query_one("select count(*) from pgtoken.token", &[])
            .expect("count")
            .get(0);
        let valid = (0..200)
            .filter(|i| code(&mut client, &format!("passing {i}"), "") == "valid")
            .count();
        assert_eq!(valid as i64, alive - 1, "{gone}");
    }
}

#[test]
fn every_version_of_a_row_is_seen_by_its_own_snapshots_only() {
    let db = shared().database();
    db.execute(ACME);
    let (old, new) = (Session::open(&db), Session::open(&db));
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'");
    let ask = format!("select code from pgtoken.verify_token('{}')", token.text);
    old.rows("begin isolation level repeatable read");
    assert_eq!(old.row(&ask), "valid");
    assert_eq!(new.row(&ask), "valid");
    new.rows(&format!(
        "select from pgtoken.update_token('{}', enabled => false)",
        token.id
    ));
    for _ in 0..20 {
        assert_eq!(new.row(&ask), "disabled");
        assert_eq!(old.row(&ask), "valid", "its snapshot is older");
    }
    old.rows("commit");
    assert_eq!(old.row(&ask), "disabled");
}

#[test]
fn a_row_that_is_not_committed_is_seen_by_its_own_transaction_only() {
    let db = shared().database();
    db.execute(ACME);
    let (writer, reader) = (Session::open(&db), Session::open(&db));
    let ask = "select code from pgtoken.verify_token('uncommitted')";
    let import = "select from pgtoken.import_token(sha256('uncommitted'), 'owner', 'one', workspace_id => 'acme')";
    for (end, after) in [("rollback", "not_found"), ("commit", "valid")] {
        writer.rows("begin");
        writer.rows(import);
        for _ in 0..5 {
            assert_eq!(writer.row(ask), "valid");
            assert_eq!(reader.row(ask), "not_found");
        }
        writer.rows(end);
        assert_eq!(writer.row(ask), after);
        assert_eq!(reader.row(ask), after);
    }
}

#[test]
fn a_new_extension_does_not_see_the_rows_of_the_old() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', workspace_id => 'acme'");
    assert_eq!(code(&mut client, &token.text, ""), "valid");
    client
        .batch_execute("drop extension pgtoken cascade; create extension pgtoken")
        .expect("a new extension");
    assert_eq!(code(&mut client, &token.text, ""), "not_found");
}

#[test]
fn a_grant_that_is_taken_away_and_given_back_is_seen_each_time() {
    let mut acme = Acme::new();
    let both = r#"{"windows": ["main"], "lobby": true}"#;
    let token = acme.issue(&format!(
        "'one', 'olga', scope => 'agency', workspace_id => 'acme', grants => '{both}'"
    ));
    let asked = ", target => 'windows', zone => 'main'";
    for _ in 0..20 {
        assert_eq!(acme.verdict(&token, asked), "valid");
        for (grants, code) in [(r#"{"lobby": true}"#, "target_forbidden"), (both, "valid")] {
            acme.row(&format!(
                "select pgtoken.grant_zones('{}', '{grants}')",
                token.id
            ));
            assert_eq!(acme.verdict(&token, asked), code);
        }
    }
}
