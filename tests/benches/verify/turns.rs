//! Taking turns: every command once in each round, so that what slows the machine slows them all.

use std::collections::BTreeMap;

use pgtoken_tests::Database;

use crate::commands::{Command, VERIFY};
use crate::load::DRAWN;
use crate::options::Options;

/// Tokens per second of each command, one for each turn.
pub type Figures = BTreeMap<&'static str, Vec<f64>>;

/// Runs every command in every round.
pub fn take(
    options: &Options,
    (tokens, database): &(u64, Database<'_>),
    commands: &[Command],
) -> Figures {
    let mut figures = Figures::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for command in commands {
            let rate = run(options, *tokens, database, command);
            figures.entry(command.name).or_default().push(rate);
        }
    }
    figures
}

/// verify_token on tables of several sizes, in turns.
pub fn verify_by_size(
    options: &Options,
    databases: &[(u64, (u64, Database<'_>))],
) -> BTreeMap<u64, Vec<f64>> {
    let verify = crate::commands::compared()
        .into_iter()
        .find(|command| command.name == VERIFY)
        .expect("verify_token is among the commands");
    let mut figures: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for _ in 0..options.rounds {
        for (tokens, (_, database)) in databases {
            let rate = run(options, *tokens, database, &verify);
            figures.entry(*tokens).or_default().push(rate);
        }
    }
    figures
}

/// One turn of pgbench; tokens per second.
fn run(options: &Options, tokens: u64, database: &Database<'_>, command: &Command) -> f64 {
    let stride = (tokens / DRAWN).max(1);
    let script = std::env::temp_dir().join(format!("pgtoken-bench-{}.sql", std::process::id()));
    std::fs::write(&script, &command.script).expect("the temporary folder can be written");
    let clients = if command.alone { 1 } else { options.clients };
    let mut pgbench = database.program("pgbench");
    pgbench
        .args(["--no-vacuum", "--protocol=prepared"])
        .arg(format!("--define=stride={stride}"))
        .arg(format!("--define=tokens={tokens}"))
        .arg(format!("--time={}", options.seconds))
        .arg(format!("--client={clients}"))
        .arg(format!("--jobs={}", clients.min(2)))
        .arg("--file")
        .arg(&script);
    let output = pgbench.output().expect("pgbench starts");
    let _ = std::fs::remove_file(&script);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pgbench failed: {errors}");
    let transactions = rate(&text).unwrap_or_else(|| panic!("pgbench names no tps: {text}"));
    transactions * f64::from(command.tokens)
}

fn rate(output: &str) -> Option<f64> {
    let line = output.lines().find(|line| line.starts_with("tps = "))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

/// The middle of several figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
