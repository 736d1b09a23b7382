//! What is claimed, and what came of trying.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A promise, and the experiment that tries to break it.
pub struct Claim {
    /// The promise as a sentence in snake case, which is also what selects it.
    pub name: &'static str,
    /// The experiment.
    pub run: fn(Effort) -> Tally,
}

/// How hard an experiment tries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Seconds, in `make test`.
    Short,
    /// Minutes, in `make prove`.
    Full,
}

impl Effort {
    /// The number of tries: `short` in `make test`, `full` in `make prove`.
    pub fn tries(self, short: u64, full: u64) -> u64 {
        match self {
            Effort::Short => short,
            Effort::Full => full,
        }
    }
}

/// What was tried, how often, and what was lost.
#[derive(Clone, Default)]
pub struct Tally {
    tries: u64,
    failures: Vec<String>,
    figures: Vec<String>,
}

impl Tally {
    /// Counts tries that went well.
    pub fn add(&mut self, tries: u64) {
        self.tries += tries;
    }

    /// Counts one try: what is broken, if anything is.
    pub fn attempt(&mut self, outcome: Result<(), String>) {
        self.tries += 1;
        self.failures.extend(outcome.err());
    }

    /// Counts one try, which broke the promise in the way that `broken` says if `held` is false.
    pub fn check(&mut self, held: bool, broken: impl FnOnce() -> String) {
        self.attempt(if held { Ok(()) } else { Err(broken()) });
    }

    /// A figure worth printing beside the table: "longest recovery 1.3 s".
    pub fn figure(&mut self, figure: impl Into<String>) {
        self.figures.push(figure.into());
    }
}

/// A claim after its experiment.
pub struct Outcome {
    /// `part::claim`.
    pub name: String,
    /// How often it was tried.
    pub tries: u64,
    /// Each way in which it was broken.
    pub failures: Vec<String>,
    /// Figures worth printing.
    pub figures: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Runs the experiment; a panic in it is a failure, and so is having tried nothing.
    pub fn of(part: &str, claim: &Claim, effort: Effort) -> Outcome {
        let start = Instant::now();
        let tally = catch_unwind(AssertUnwindSafe(|| (claim.run)(effort)));
        let mut tally = tally.unwrap_or_else(|panic| Tally {
            failures: vec![said(panic.as_ref())],
            ..Tally::default()
        });
        if tally.tries == 0 && tally.failures.is_empty() {
            tally.failures.push("nothing was tried".to_owned());
        }
        Outcome {
            name: format!("{part}::{}", claim.name),
            tries: tally.tries,
            failures: tally.failures,
            figures: tally.figures,
            took: start.elapsed(),
        }
    }

    /// The first failures, a line each.
    pub fn complaint(&self) -> String {
        const SHOWN: usize = 10;
        let mut lines: Vec<&str> = self.failures.iter().map(String::as_str).collect();
        lines.truncate(SHOWN);
        let more = self.failures.len() - lines.len();
        let shown = lines.join("\n  ");
        match more {
            0 => shown,
            _ => format!("{shown}\n  and {more} more"),
        }
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("the experiment panicked")
        .to_owned()
}
