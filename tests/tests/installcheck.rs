//! The regression tests that a packager runs against an installed server.
use pgtoken_tests::{Cluster, Database, checkout};
use std::process::Command;

#[test]
fn installcheck_passes_on_a_new_server_and_beside_other_databases() {
    let cluster = Cluster::start();
    let bare = cluster.empty_database();
    assert_installcheck_passes(&bare);
    // Now the roles are there, and another database has the extension.
    let _other = cluster.database();
    assert_installcheck_passes(&bare);
}

#[track_caller]
fn assert_installcheck_passes(db: &Database) {
    let results = std::env::temp_dir().join(format!("{}-regress", db.name()));
    let mut installcheck = Command::new("make");
    installcheck.arg("installcheck").current_dir(checkout());
    // The flags of the make that runs the tests are not meant for this one.
    installcheck
        .env_remove("MAKEFLAGS")
        .env("REGRESS_OUTPUT", &results);
    db.lead_here(&mut installcheck);
    let output = installcheck.output().expect("make starts");

    let diffs = std::fs::read_to_string(results.join("regression.diffs")).unwrap_or_default();
    let _ = std::fs::remove_dir_all(&results);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{report}{}{diffs}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_script_is_on_the_schedule() {
    let folder = checkout().join("tests/regress");
    let schedule = std::fs::read_to_string(folder.join("schedule")).expect("it is there");
    for entry in std::fs::read_dir(folder.join("sql")).expect("it is there") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let line = format!("test: {}", name.expect("UTF-8"));
        assert!(schedule.lines().any(|known| known == line), "{line}");
    }
}
