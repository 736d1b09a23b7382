//! Installing where something is amiss: no preloading, another encoding, roles and schemas that are there already.
use pgtoken_tests::{Cluster, Database, outcome, row, rows, shared};
use std::sync::OnceLock;

/// A cluster without the library in shared_preload_libraries; its roles are these tests' own.
fn bare() -> &'static Cluster {
    static BARE: OnceLock<Cluster> = OnceLock::new();
    BARE.get_or_init(|| Cluster::settings().without_preload().start())
}

/// What psql says on standard error.
fn complaints(db: &Database<'_>, sql: &str) -> String {
    let output = db
        .program("psql")
        .args(["-Xqc", sql])
        .output()
        .expect("psql starts");
    String::from_utf8(output.stderr).expect("psql prints UTF-8")
}

const LINE: &str =
    "add this line to postgresql.conf and restart the server: shared_preload_libraries = 'pgtoken'";

#[test]
fn without_preloading_it_is_created_with_a_warning_that_shows_the_line_to_add() {
    let db = bare().empty_database();
    let said = complaints(&db, "create extension pgtoken");
    assert!(
        said.contains("WARNING:  pgtoken is not in shared_preload_libraries"),
        "{said}"
    );
    assert!(said.contains(&format!("HINT:  {LINE}\n")), "{said}");
}

#[test]
fn without_preloading_what_needs_it_says_which_line_to_add() {
    let db = bare().empty_database();
    db.execute("create extension pgtoken; insert into pgtoken.app_user (user_id) values ('olga')");
    for call in [
        "verify_token('pgt_x')",
        "verify_token('x', consume => false)",
        "verify_digest(sha256('x'))",
        "verify_tokens('{x}')",
        "verify_digests(array[sha256('x')])",
        "require_token('x')",
        "issue_token('t', 'olga')",
        "import_token(sha256('x'), 'olga', 't')",
        "rotate_token(gen_random_uuid())",
        "revoke_token(gen_random_uuid())",
        "revoke_tokens(user_id => 'olga')",
        "revoke_secret('x')",
        "revoke_digest(sha256('x'))",
        "update_token(gen_random_uuid())",
        "grant_zones(gen_random_uuid(), '{}')",
        "purge_tokens(now())",
    ] {
        let error = db.error(&format!("select pgtoken.{call}"));
        assert_eq!(error.code, "55000", "{call}: {error}");
        assert_eq!(
            error.message, "pgtoken is not in shared_preload_libraries",
            "{call}"
        );
        assert_eq!(error.hint.as_deref(), Some(LINE), "{call}");
    }
}

/// What CREATE EXTENSION says where another library is preloaded and one of the roles is there and can log in.
fn said() -> &'static str {
    static SAID: OnceLock<String> = OnceLock::new();
    SAID.get_or_init(|| {
        let cluster = Cluster::settings()
            .with("shared_preload_libraries", "auto_explain")
            .start();
        let db = cluster.empty_database();
        db.execute("create role pgtoken_verifier login; create role pgtoken_auditor nologin");
        complaints(&db, "create extension pgtoken")
    })
}

#[test]
fn a_line_that_is_there_already_is_continued() {
    assert!(
        said().contains("shared_preload_libraries = 'auto_explain,pgtoken'"),
        "{}",
        said()
    );
}

#[test]
fn a_role_that_is_there_already_and_can_log_in_draws_a_warning() {
    let warning = "WARNING:  role pgtoken_verifier was there already and can log in";
    assert!(said().contains(warning), "{}", said());
    assert!(!said().contains("pgtoken_auditor"), "{}", said());
}

#[test]
fn only_utf8_databases_can_have_it() {
    shared().database().execute("select");
    let name = "latin_letters";
    let mut client = shared().connect("postgres", "postgres");
    rows(
        &mut client,
        &format!("create database {name} encoding 'LATIN1' locale 'C' template template0"),
    );
    let mut latin = shared().connect(name, "postgres");
    let error = pgtoken_tests::error_of(latin.simple_query("create extension pgtoken"));
    assert_eq!(error.code, "0A000");
    assert_eq!(
        error.message,
        format!("encoding: database \"{name}\" is encoded in LATIN1; pgtoken needs UTF8")
    );
    drop(latin);
    rows(&mut client, &format!("drop database {name}"));
}

#[test]
fn databases_can_get_it_at_the_same_time() {
    let cluster = Cluster::settings().without_preload().start();
    // The first time they race to create the roles, then to explain those that are there.
    for _ in 0..2 {
        let databases: Vec<_> = (0..4).map(|_| cluster.empty_database()).collect();
        std::thread::scope(|scope| {
            for db in &databases {
                scope.spawn(|| db.execute("create extension pgtoken"));
            }
        });
    }
    let granted = "select count(*) from pg_auth_members where member = 'pgtoken_admin'::regrole";
    let mut client = cluster.connect("postgres", "postgres");
    assert_eq!(row(&mut client, granted), "4");
}

#[test]
fn roles_outlive_the_extension() {
    let db = bare().empty_database();
    db.execute("create extension pgtoken; drop extension pgtoken");
    let roles = "select count(*) from pg_roles where rolname ~ '^pgtoken_'";
    assert_eq!(row(&mut db.client(), roles), "5");
}

#[test]
fn a_schema_that_others_own_fill_or_may_create_in_is_not_moved_into() {
    let db = shared().empty_database();
    let stranger = shared().login(&[]);
    let mut client = db.client();
    for schema in [
        format!("create schema pgtoken authorization {stranger}"),
        format!("create schema pgtoken; grant create on schema pgtoken to {stranger}"),
        "create schema pgtoken; create table pgtoken.mine ()".to_owned(),
        "create schema pgtoken; create function pgtoken.mine() returns int language sql as 'select 1'".to_owned(),
    ] {
        db.execute(&schema);
        assert_eq!(outcome(&mut client, "create extension pgtoken"), "55000", "{schema}");
        db.execute("drop schema pgtoken cascade");
    }
    db.execute("create schema pgtoken_internal");
    assert_eq!(outcome(&mut client, "create extension pgtoken"), "42P06");
    db.execute("drop schema pgtoken_internal; drop schema if exists pgtoken");
    db.execute("create schema pgtoken");
    assert_eq!(
        outcome(&mut client, "create extension pgtoken"),
        "ok",
        "an empty schema of the installer's"
    );
}
