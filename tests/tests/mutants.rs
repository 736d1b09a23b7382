//! The patches of tests/mutants are kept up: each applies, and names a claim that SECURITY.md knows.
use pgtoken_tests::checkout;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn patches() -> Vec<PathBuf> {
    let folder = fs::read_dir(checkout().join("tests/mutants")).expect("a folder");
    folder
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
fn every_mutant_applies() {
    for patch in patches() {
        let mut apply = Command::new("git");
        apply.args(["apply", "--check"]).arg(&patch);
        let applied = apply.current_dir(checkout()).status().expect("git starts");
        assert!(applied.success(), "{} no longer applies", patch.display());
    }
}

#[test]
fn every_mutant_says_what_it_breaks_and_which_claim_catches_it() {
    let security = fs::read_to_string(checkout().join("SECURITY.md")).expect("it is there");
    for patch in patches() {
        let text = fs::read_to_string(&patch).expect("UTF-8");
        let head = text.split("diff --git").next().unwrap_or_default();
        let red = head.lines().find_map(|line| line.strip_prefix("Red: "));
        let red = red.unwrap_or_else(|| panic!("{} names no claim", patch.display()));
        assert!(security.contains(&format!("`{red}`")), "{red} is no claim");
        assert!(head.lines().count() > 1, "{} says nothing", patch.display());
    }
}
