//! Inputs that are kept: what once broke something, and what is likely to.
use super::judge::judge;
use super::sandbox::{ROLES, Sandbox};
use crate::claim::Tally;
use pgtoken_tests::checkout;
use std::fs;
use std::path::PathBuf;

/// The kept files of one kind, in the order of their names.
fn files(kind: &str) -> Vec<PathBuf> {
    let folder = checkout().join("tests/prove/corpus").join(kind);
    let entries = fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    files
}

/// Runs each kept statement as every role. A file is one statement, which begins with the name of the
/// function that it calls in a comment; TOKEN and ID stand for a token's.
pub fn replay_sql(sandbox: &mut Sandbox, tally: &mut Tally) {
    for file in files("sql") {
        let text = fs::read_to_string(&file).expect("UTF-8");
        let (function, statement) = text.split_once('\n').expect("two lines");
        let function = function.strip_prefix("-- ").expect("a comment");
        let statement = statement
            .replace("TOKEN", &sandbox.known.tokens[0])
            .replace("ID", &sandbox.known.ids[0]);
        for (role, name) in ROLES.iter().enumerate() {
            let statements = [statement.clone()];
            let endings = sandbox.run(role, &statements, "begin", "rollback");
            let ending = endings.map_err(|error| error.to_string());
            let judged = ending.and_then(|endings| judge(function, name, &endings[0]));
            let file = file.display();
            tally.attempt(judged.map_err(|why| format!("{file} as {name}: {why}")));
        }
    }
}

/// Kept requests as bytes, with their names.
pub fn requests() -> Vec<(String, Vec<u8>)> {
    let read = |file: PathBuf| {
        let bytes = fs::read(&file).expect("it can be read");
        (file.display().to_string(), bytes)
    };
    files("http").into_iter().map(read).collect()
}
