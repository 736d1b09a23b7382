//! Crash: the postmaster is killed again and again (`kill -9`, fsync on) while clients manage and use tokens through
//! the facade, which nobody restarts.
//!
//! Each of six clients has a user of its own, whose tokens it issues, rotates, confines anew and revokes, one at a
//! time; so it knows from the answers what each token is, at every moment. What was not answered (503) is in doubt:
//! afterwards it has happened or it has not, and never half. After each crash the tables are compared with what the
//! clients know, row by row and event by event, and every token is verified over HTTP ([`audit`]).
//! Two more clients do nothing but use a token of their own, to see how many uses are forgotten ([`uses`]).
//!
//! What a power cut would do beyond this is up to the disk: the kernel goes on, and with it its cache.
mod afterwards;
mod audit;
mod caller;
mod client;
mod experiment;
mod token;
mod uses;

use crate::claim::{Claim, Effort, Tally};
use experiment::Experiment;
use pgtoken_tests::Cluster;
use std::sync::OnceLock;

/// The claims of this part; one experiment tries them all.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "acknowledged_changes_survive_kill_9_and_none_is_half_there",
        run: |effort| findings(effort).changes.clone(),
    },
    Claim {
        name: "no_answer_during_a_crash_is_wrong",
        run: |effort| findings(effort).answers.clone(),
    },
    Claim {
        name: "the_facade_recovers_within_5_seconds",
        run: |effort| findings(effort).recoveries.clone(),
    },
    Claim {
        name: "a_crash_forgets_at_most_one_flush_interval_of_uses",
        run: |effort| findings(effort).uses.clone(),
    },
];

/// What came of each claim.
#[derive(Default)]
struct Findings {
    changes: Tally,
    answers: Tally,
    recoveries: Tally,
    uses: Tally,
}

fn findings(effort: Effort) -> &'static Findings {
    static FINDINGS: OnceLock<Findings> = OnceLock::new();
    FINDINGS.get_or_init(|| {
        let cluster = Cluster::settings().durable().start();
        let mut experiment = Experiment::new(&cluster);
        for n in 0..effort.tries(2, 20) {
            if !experiment.round(n) {
                break;
            }
        }
        experiment.finish()
    })
}
