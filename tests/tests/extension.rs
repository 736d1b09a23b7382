//! Installing and removing the extension.
use pgtoken_tests::{Cluster, checkout, shared};

#[test]
fn extension_is_dropped_and_created_again_in_one_connection() {
    let db = shared().database();
    let mut client = db.client();
    client
        .batch_execute("drop extension pgtoken")
        .expect("drop");
    client
        .batch_execute("create extension pgtoken")
        .expect("create");
    assert_eq!(
        db.value::<i64>(
            "select count(*) from pg_extension where extname = 'pgtoken'",
            &[]
        ),
        1
    );
}

#[test]
fn extension_leaves_its_schema_empty_when_dropped() {
    let db = shared().database();
    db.execute("drop extension pgtoken");
    let left = "select count(*) from pg_depend where refobjid = to_regnamespace('pgtoken')";
    assert_eq!(db.value::<i64>(left, &[]), 0);
}

#[test]
fn extension_is_of_the_version_of_the_crate() {
    let db = shared().database();
    let version: String = db.value(
        "select extversion from pg_extension where extname = 'pgtoken'",
        &[],
    );
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
}

#[test]
fn package_metadata_is_of_the_version_of_the_crate() {
    let meta = std::fs::read_to_string(checkout().join("META.json")).expect("it is there");
    let meta: serde_json::Value = serde_json::from_str(&meta).expect("it is JSON");
    assert_eq!(meta["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        meta["provides"]["pgtoken"]["version"],
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn extension_belongs_to_a_superuser() {
    let db = shared().empty_database();
    let error = pgtoken_tests::error_of(
        db.client_as_stranger()
            .simple_query("create extension pgtoken"),
    );
    assert_eq!(error.code, "42501");
}

#[test]
fn extension_is_created_without_preloading_so_that_a_dump_can_be_restored() {
    let cluster = Cluster::settings().without_preload().start();
    let db = cluster.database();
    assert_eq!(
        db.sqlstate("select from pg_extension where extname = 'pgtoken'"),
        "00000"
    );
}
