//! The whole test suite, with everything logged that can be.
//!
//! In its short form the claim reads a log with one line of each kind, and sees each for what it is.
use super::entry::{Words, words_of};
use super::find::tokens;
use crate::claim::{Effort, Tally};
use pgtoken_tests::{Acme, TELLTALE, checkout};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The experiment.
pub fn logs_nothing(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    read_each_kind(&mut tally);
    if effort == Effort::Full {
        run_everything(&mut tally);
    }
    tally
}

/// A line of each kind, with a token in it, and the words that it holds.
const KINDS: &[(&str, Option<Words>)] = &[
    (
        "<client backend|u|d|[unknown]> LOG:  00000: statement: select 'TOKEN'",
        Some(Words::Client),
    ),
    (
        "<client backend|u|d|psql> LOG:  00000: duration: 0.1 ms  statement: select 'TOKEN'",
        Some(Words::Client),
    ),
    (
        "<client backend|u|d|psql> DETAIL:  parameters: $1 = 'TOKEN'",
        Some(Words::Client),
    ),
    (
        "<client backend|u|d|psql> STATEMENT:  select 'TOKEN'",
        Some(Words::Client),
    ),
    (
        "<client backend|u|d|pgtoken-facade> DETAIL:  parameters: $1 = 'TOKEN'",
        Some(Words::Facade),
    ),
    (
        "<client backend|u|d|psql> ERROR:  22023: token: TOKEN is bad",
        Some(Words::Server),
    ),
    (
        "<postmaster|||> DETAIL:  Failed process was running: select 'TOKEN'",
        Some(Words::Client),
    ),
    (
        "<client backend|u|d|psql> CONTEXT:  while looking at TOKEN",
        Some(Words::Server),
    ),
    (
        "<client backend|u|d|psql> DETAIL:  Key (token)=(TOKEN) exists",
        Some(Words::Server),
    ),
    (
        "<client backend|u|d|psql> LOG:  00000: asked about TOKEN",
        Some(Words::Server),
    ),
    (
        "<pgtoken flush||d|> LOG:  00000: statement: TOKEN",
        Some(Words::Server),
    ),
];

fn read_each_kind(tally: &mut Tally) {
    let mut acme = Acme::new();
    for prefix in ["pgt", "pv_live"] {
        let token = acme
            .issue(&format!("'t', 'olga', prefix => '{prefix}'"))
            .text;
        for (kind, words) in KINDS {
            let line = format!("2026-11-22 01:48:24.865 UTC [24218] {kind}");
            let line = line.replace("TOKEN", &token);
            tally.check(words_of(line.as_bytes()) == *words, || {
                format!("misread: {line}")
            });
            tally.check(tokens(line.as_bytes()) == [token.as_str()], || {
                format!("overlooked: {line}")
            });
        }
        let damaged = token.replacen('_', "_x", 1);
        tally.check(tokens(damaged.as_bytes()).is_empty(), || {
            format!("taken for a token: {damaged}")
        });
    }
}

fn run_everything(tally: &mut Tally) {
    // The server's user can write there, and the checkout may be out of its reach.
    let folder = std::env::temp_dir().join(format!("pgtoken-secrecy-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a new folder");
    let mode = Command::new("chmod").arg("1777").arg(&folder).status();
    assert!(mode.expect("chmod starts").success());
    let report = pgtoken_tests::target().join("secrecy-suite.log");
    let output = File::create(&report).expect("target is writable");
    let suite = Command::new(checkout().join("scripts/test.sh"))
        .arg("--no-fail-fast")
        .env(TELLTALE, &folder)
        .stdin(std::process::Stdio::null())
        .stderr(output.try_clone().expect("a file"))
        .stdout(output)
        .status();
    tally.figure(format!(
        "the suite ended with {}, see {}",
        suite.expect("it starts"),
        report.display()
    ));
    let mut read = Read::default();
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        read.log(&entry.expect("it can be read").path());
    }
    tally.add(read.lines);
    let figure = format!(
        "{} logs of servers and {} of facades, {} MB; {} times a client wrote a token itself; {} entries of statements of facades",
        read.servers,
        read.facades,
        read.octets >> 20,
        read.by_clients,
        read.by_facades
    );
    tally.figure(figure);
    // A suite that did not run, or did not log, would leave nothing either.
    let enough = read.servers >= 30
        && read.facades >= 30
        && read.by_clients >= 1_000
        && read.by_facades >= 1_000;
    tally.check(enough, || "the suite did not log".to_owned());
    if read.leaks.is_empty() {
        std::fs::remove_dir_all(&folder).expect("it is ours");
        return;
    }
    tally.figure(format!("the logs are in {}", folder.display()));
    for leak in read.leaks {
        tally.attempt(Err(leak));
    }
}

/// What was read of all logs.
#[derive(Default)]
struct Read {
    servers: u64,
    facades: u64,
    lines: u64,
    octets: usize,
    by_clients: u64,
    by_facades: u64,
    leaks: Vec<String>,
}

impl Read {
    fn log(&mut self, path: &PathBuf) {
        let is_facade = name(path).starts_with("facade");
        match is_facade {
            true => self.facades += 1,
            false => self.servers += 1,
        }
        let mut words = Words::Server;
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).expect("it is there"));
        let mut line = Vec::new();
        loop {
            line.clear();
            if file.read_until(b'\n', &mut line).expect("it can be read") == 0 {
                return;
            }
            self.lines += 1;
            self.octets += line.len();
            if !is_facade && !line.starts_with(b"\t") {
                words = words_of(line.trim_ascii_end()).unwrap_or(words);
                self.by_facades += u64::from(words == Words::Facade);
            }
            let found = tokens(&line);
            if found.is_empty() {
                continue;
            }
            if !is_facade && words == Words::Client {
                self.by_clients += found.len() as u64;
                continue;
            }
            let shown = String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned();
            self.leaks
                .push(format!("{}: {words:?}: {}", name(path), shown.trim_end()));
        }
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().expect("a file has a name");
    name.to_string_lossy().into_owned()
}
