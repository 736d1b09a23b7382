//! Never stale: every verdict is what the tables said at some instant while it was asked for.
//!
//! Eight clients, four in SQL and two at each of two facades, issue and import tokens, ask about them, revoke, disable
//! and enable them, replace their grants, disable and enable their owner and its workspace, move the owner up and down
//! the ladder and out of the workspace, and add and remove zones; all at once, about the same few tokens, and several
//! about the same one. Each notes when it sent what, and when which answer came, on one monotonic clock.
//! [`check`] then looks for an order of all this that respects these times and gives every answer.
//!
//! A history is about one user, the user's workspace and tokens ([`stage`]): what is on one stage has no influence on
//! another, and a history is linearizable if its part on each stage is (Herlihy and Wing 1990, theorem 1).
//! A statement that asks many questions answers them by one snapshot, and is checked as one operation.
mod check;
mod client;
mod every_order;
mod load;
mod model;
mod record;
mod stage;
mod statement;
mod terms;
mod words;

use crate::claim::{Claim, Effort, Tally};
use client::Client;
use load::Company;
use model::State;
use pgtoken_tests::Stand;
use record::{Act, Operation};
use stage::Stage;
use std::time::Instant;
use terms::{Question, Verdict};

/// The claims of this part.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "every_verdict_is_explained_by_an_order_that_respects_time",
        run: record_and_check,
    },
    Claim {
        name: "the_checker_agrees_with_trying_every_order",
        run: every_order::compare,
    },
];

/// Questions and changes on one stage.
const OPERATIONS: usize = 5_000;

/// Nobody gives up, however slow the machine: an answer that does not come cannot be checked.
const PATIENT: [(&str, &str); 2] = [
    ("PGTOKEN_VERIFY_TIMEOUT", "15s"),
    ("PGTOKEN_DATABASE_TIMEOUT", "15s"),
];

fn record_and_check(effort: Effort) -> Tally {
    let stand = Stand::with(&PATIENT);
    let second = Stand::facade_of(&stand.acme, &PATIENT);
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(Client::of_database(&stand.acme.db));
        clients.push(Client::of_database(&stand.acme.db));
        clients.push(Client::of_facade(&stand.facade));
        clients.push(Client::of_facade(&second));
    }
    let mut company = Company {
        clients,
        cleaner: stand.acme.db.client(),
        began: Instant::now(),
    };
    let mut tally = Tally::default();
    let mut seen = Seen::default();
    for n in 0..effort.tries(4, 200) as usize {
        let history = company.play(&Stage::new(n), OPERATIONS);
        seen.add(&history);
        let count: usize = history.iter().map(|operation| operation.act.count()).sum();
        tally.add(count as u64 - 1);
        tally.attempt(check::check(State::new(), &history).map_err(|unexplained| {
            let operation = told(&history[unexplained.operation], &unexplained.states);
            format!("no order explains this on stage {n}: {operation}")
        }));
    }
    seen.tell(&mut tally);
    tally
}

/// An operation and the states that there may have been; of many answers only those that none of them gives.
fn told(operation: &Operation, states: &[State]) -> String {
    let Operation { start, end, act } = operation;
    let act = match act {
        Act::Asked(answers) if answers.len() > 1 => {
            let is_odd = |(question, verdict): &&(Question, Verdict)| {
                states
                    .iter()
                    .all(|state| state.verdict(*question) != *verdict)
            };
            Act::Asked(answers.iter().filter(is_odd).copied().collect())
        }
        act => act.clone(),
    };
    format!("from {start:?} to {end:?}: {act:?}; the state may have been {states:?}")
}

/// What the histories were made of.
#[derive(Default)]
struct Seen {
    alone: usize,
    together: usize,
    changes: usize,
    valid: usize,
}

impl Seen {
    fn add(&mut self, history: &[Operation]) {
        for operation in history {
            match &operation.act {
                Act::Changed(..) => self.changes += 1,
                Act::Asked(answers) if answers.len() == 1 => self.alone += 1,
                Act::Asked(answers) => self.together += answers.len(),
            }
            if let Act::Asked(answers) = &operation.act {
                let valid = |(_, verdict): &&(_, Verdict)| verdict.scope.is_some();
                self.valid += answers.iter().filter(valid).count();
            }
        }
    }

    fn tell(&self, tally: &mut Tally) {
        let Seen {
            alone,
            together,
            changes,
            valid,
        } = self;
        let asked = alone + together;
        tally.figure(format!(
            "{changes} changes; {alone} questions asked alone and {together} together, {valid} of {asked} answered valid"
        ));
        assert!(
            valid * 10 > asked && valid * 10 < asked * 9,
            "{valid} of {asked} were valid: there was too little to get wrong"
        );
    }
}
