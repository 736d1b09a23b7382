//! Where secrets are looked for, and whether they were found.
use super::entry::{Words, words_of};
use super::secret::Secrets;
use crate::claim::Tally;
use regex::bytes::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// What was looked at: its name, its octets, and whether digests may be there.
#[derive(Default)]
pub struct Looked {
    at: Vec<(String, Vec<u8>, bool)>,
}

impl Looked {
    /// A place where nothing secret may be.
    pub fn everywhere(&mut self, place: &str, octets: Vec<u8>) {
        self.at.push((place.to_owned(), octets, false));
    }

    /// An answer of the facade, other than those that show a secret once.
    pub fn answer(&mut self, answer: String) {
        self.everywhere(&format!("the answer {answer:.60}"), answer.into_bytes());
    }

    /// Digests are in the table of tokens, and in no other.
    pub fn dump(&mut self, dump: &[u8]) {
        let text = String::from_utf8_lossy(dump);
        let (before, rest) = text
            .split_once("COPY pgtoken.token (")
            .expect("the table is there");
        let (rows, after) = rest.split_once("\\.\n").expect("its end is there");
        let others = format!("{before}{after}");
        self.everywhere("the rest of a dump", others.into_bytes());
        self.at.push((
            "a dump of tokens".to_owned(),
            rows.as_bytes().to_vec(),
            true,
        ));
    }

    /// Every file of the stopped server: tables, indexes, the write-ahead log, saved use and statistics.
    pub fn data(&mut self, data: &Path) {
        for file in files_below(data) {
            let name = file
                .strip_prefix(data)
                .expect("it is below")
                .display()
                .to_string();
            let holds_rows = name.starts_with("base/") || name.starts_with("pg_wal/");
            let octets = fs::read(&file).expect("the data of our own server can be read");
            self.at.push((name, octets, holds_rows));
        }
    }

    /// The server's log. Digests are parameters of the facade there, and nothing else.
    pub fn log(&mut self, log: &str) {
        let mut words = Words::Server;
        let (mut facades, mut others) = (String::new(), String::new());
        for line in log.lines() {
            if !line.starts_with('\t') {
                words = words_of(line.as_bytes()).unwrap_or(words);
            }
            let side = if words == Words::Facade {
                &mut facades
            } else {
                &mut others
            };
            side.push_str(line);
            side.push('\n');
        }
        assert!(
            facades.contains("verify_digests"),
            "the facade's statements are logged"
        );
        self.at.push((
            "statements of the facade in the server's log".to_owned(),
            facades.into_bytes(),
            true,
        ));
        self.everywhere("the server's log", others.into_bytes());
    }

    /// One try for each secret and place.
    pub fn tally(self, secrets: &Secrets) -> Tally {
        let mut tally = Tally::default();
        let (texts, digests) = (secrets.texts(), secrets.digests());
        let places = self.at.len();
        for (place, octets, may_have_digests) in &self.at {
            tally.add(secrets.count() - 1);
            let digests = digests.find(octets).filter(|_| !may_have_digests);
            let found = texts.find(octets).or(digests);
            tally.check(found.is_none(), || {
                let found = found.expect("it is some");
                let around = found.start().saturating_sub(300)..octets.len().min(found.end() + 50);
                format!("{place}: {}", String::from_utf8_lossy(&octets[around]))
            });
        }
        tally.figure(format!(
            "{} secrets and digests, looked for in {places} places",
            secrets.count()
        ));
        seen_where_it_must_be(&mut tally, &self.at, &digests);
        tally
    }
}

/// Whoever finds nothing anywhere has not looked: digests are in the tables.
fn seen_where_it_must_be(tally: &mut Tally, at: &[(String, Vec<u8>, bool)], digests: &Regex) {
    for (begins, what) in [
        ("base/", "tables"),
        ("pg_wal/", "write-ahead log"),
        ("a dump", "dump"),
    ] {
        let mut places = at.iter().filter(|(place, _, _)| place.starts_with(begins));
        let seen = places.any(|(_, octets, _)| digests.is_match(octets));
        tally.check(seen, || {
            format!("no digest in the {what}: nothing was looked at")
        });
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}
