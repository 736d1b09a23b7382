//! Proof: what pgtoken promises when things go wrong, as experiments that anyone can run.
//!
//! Each part is a file, each promise a [`Claim`] in it. `cargo test` runs them in their short form,
//! like any other test; `make prove` runs the long form and prints one table.
//! The long form is asked for by `--full`, followed by the parts or claims that are wanted.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)] // a table is what this program is for

mod attack;
mod claim;
mod crash;
mod history;
mod misuse;
mod restore;
mod secrecy;
mod table;
mod upgrade;
mod weak_spots;

use claim::{Claim, Effort, Outcome};
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

/// Every part with its claims, in the order of the table.
const PARTS: &[(&str, &[Claim])] = &[
    ("crash", crash::CLAIMS),
    ("history", history::CLAIMS),
    ("restore", restore::CLAIMS),
    ("upgrade", upgrade::CLAIMS),
    ("misuse", misuse::CLAIMS),
    ("attack", attack::CLAIMS),
    ("weak_spots", weak_spots::CLAIMS),
    ("secrecy", secrecy::CLAIMS),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--full") {
        return prove(&arguments.collect::<Vec<_>>());
    }
    let claims = PARTS
        .iter()
        .flat_map(|(part, claims)| claims.iter().map(move |claim| (*part, claim)));
    let trials = claims.map(|(part, claim)| trial(part, claim)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The short form of a claim.
fn trial(part: &'static str, claim: &'static Claim) -> Trial {
    Trial::test(format!("{part}::{}", claim.name), move || {
        let outcome = Outcome::of(part, claim, Effort::Short);
        match outcome.failures.is_empty() {
            true => Ok(()),
            false => Err(Failed::from(outcome.complaint())),
        }
    })
}

/// The long form of every claim whose name has one of the words in it, or of all.
fn prove(words: &[String]) -> ExitCode {
    let wanted = |part: &str, claim: &Claim| {
        let name = format!("{part}::{}", claim.name);
        words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
    };
    let mut outcomes = Vec::new();
    for (part, claims) in PARTS {
        for claim in claims.iter().filter(|claim| wanted(part, claim)) {
            eprintln!("{part}::{} ...", claim.name);
            let outcome = Outcome::of(part, claim, Effort::Full);
            table::tell(&outcome);
            outcomes.push(outcome);
        }
    }
    if outcomes.is_empty() {
        eprintln!("no claim has {} in its name", words.join(" or "));
        return ExitCode::from(64);
    }
    table::print(&outcomes);
    let broken = outcomes.iter().any(|outcome| !outcome.failures.is_empty());
    ExitCode::from(u8::from(broken))
}
