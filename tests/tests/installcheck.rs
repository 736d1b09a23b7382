//! The regression tests that a packager runs against an installed server.
use pgtoken_tests::{checkout, shared};
use std::process::Command;

#[test]
fn installcheck_passes() {
    let db = shared().empty_database();
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
