//! The table of `make prove`.
use crate::claim::Outcome;

/// Tells what came of one claim while the others run.
pub fn tell(outcome: &Outcome) {
    for figure in &outcome.figures {
        eprintln!("  {figure}");
    }
    if !outcome.failures.is_empty() {
        eprintln!("  BROKEN: {}", outcome.complaint());
    }
}

/// Prints all outcomes as a table in Markdown.
pub fn print(outcomes: &[Outcome]) {
    let names = outcomes.iter().map(|outcome| outcome.name.len() + 2);
    let width = names.max().unwrap_or_default();
    println!(
        "| {:width$} | {:>9} | failures | seconds |",
        "claim", "tries"
    );
    println!(
        "|{}|----------:|---------:|--------:|",
        "-".repeat(width + 2)
    );
    for outcome in outcomes {
        let name = format!("`{}`", outcome.name);
        let (tries, failures) = (outcome.tries, outcome.failures.len());
        let seconds = outcome.took.as_secs_f64();
        println!("| {name:width$} | {tries:>9} | {failures:>8} | {seconds:>7.1} |");
    }
}
