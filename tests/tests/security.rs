//! SECURITY.md names experiments and tests that exist, and every experiment.
use pgtoken_tests::checkout;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn security() -> String {
    fs::read_to_string(checkout().join("SECURITY.md")).expect("it is there")
}

/// What stands between backticks as `place::sentence_in_snake_case`.
fn named(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains("::") && !code.contains(' '))
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The names of the claims in a folder of `tests/prove`, with the part's before them.
fn claims(part: &str) -> BTreeSet<String> {
    let prove = checkout().join("tests/prove");
    let file = prove.join(part).with_extension("rs");
    let files = if file.exists() {
        vec![file]
    } else {
        sources(&prove.join(part))
    };
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a source"));
    texts
        .flat_map(|text| {
            let names = text.split("name: \"").skip(1);
            let names = names.filter_map(|rest| rest.split('"').next().map(str::to_owned));
            names.collect::<Vec<_>>()
        })
        .map(|name| format!("{part}::{name}"))
        .collect()
}

fn exists(name: &str) -> bool {
    let (place, sentence) = name.split_once("::").expect("two parts");
    let tests = checkout()
        .join("tests/tests")
        .join(place)
        .with_extension("rs");
    match fs::read_to_string(tests) {
        Ok(text) => text.contains(&format!("fn {sentence}()")),
        Err(_) => claims(place).contains(name),
    }
}

#[test]
fn every_claim_and_test_that_is_named_exists() {
    let named = named(&security());
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<&String> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_claim_is_named() {
    let named = named(&security());
    let folders = fs::read_dir(checkout().join("tests/prove")).expect("a folder");
    let parts = folders.filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_stem()?.to_str()?.to_owned();
        Some(name)
    });
    let claims: BTreeSet<String> = parts.flat_map(|part| claims(&part)).collect();
    assert!(claims.len() > 40, "{claims:?}");
    let silent: Vec<&String> = claims.difference(&named).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
