//! Looking for secrets in files.
use super::generator::Secret;
use std::collections::HashSet;
use std::path::Path;

/// Digits of the random part of a token, before its checksum.
const BODY: usize = 43;

/// The random parts of tokens.
pub struct Needles<'a>(HashSet<&'a [u8]>);

impl<'a> Needles<'a> {
    /// Of every token whose text holds one, which is each but those taken over from systems with shorter ones.
    pub fn of(secrets: &'a [Secret]) -> Needles<'a> {
        let body = |secret: &'a Secret| {
            let digits = secret.text().rsplit('_').next().expect("rsplit yields one");
            &digits.as_bytes()[..BODY]
        };
        Needles(secrets.iter().map(body).collect())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether any of them is in the bytes, wherever it begins.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        let runs = bytes.split(|byte| !byte.is_ascii_alphanumeric());
        runs.flat_map(|run| run.windows(BODY))
            .any(|window| self.0.contains(window))
    }

    /// Every file below the folder that holds one, and how many files there are.
    pub fn search(&self, folder: &Path) -> (Vec<String>, u64) {
        let (mut found, mut files) = (Vec::new(), 0);
        for entry in std::fs::read_dir(folder).expect("the folder is readable") {
            let entry = entry.expect("an entry");
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() {
                let (below, count) = self.search(&entry.path());
                found.extend(below);
                files += count;
            } else if kind.is_file() {
                files += 1;
                let bytes = std::fs::read(entry.path()).expect("the file is readable");
                if self.are_in(&bytes) {
                    found.push(entry.path().display().to_string());
                }
            }
        }
        (found, files)
    }
}
