//! The checker against the plainest one there is, which tries every order: on short histories by chance, of which some
//! are linearizable and some are not.
use super::check::check;
use super::model::State;
use super::record::{Act, Operation};
use super::terms::{CASTING, Change, Grants, Kind, Outcome, Place, Question, Rung, Scope, Verdict};
use crate::claim::{Effort, Tally};
use pgtoken_rules::Code;
use pgtoken_tests::Dice;
use std::time::Duration;

const OPERATIONS: u64 = 7;

/// Compares both on many histories, and says how many were linearizable.
pub fn compare(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    let mut dice = Dice::seeded(1990);
    let mut linearizable = 0;
    for sample in [stale_after_revoke(), seen_before_revoke_returned()] {
        let (history, expected) = sample;
        tally.check(check(State::new(), &history).is_ok() == expected, || {
            format!("judged wrong: {history:?}")
        });
    }
    let tries = effort.tries(3_000, 200_000);
    for _ in 0..tries {
        let history = chance(&mut dice);
        let expected = is_some_order_right(State::new(), &mut history.iter().collect::<Vec<_>>());
        linearizable += u64::from(expected);
        tally.check(check(State::new(), &history).is_ok() == expected, || {
            format!("linearizable is {expected}: {history:?}")
        });
    }
    assert!(
        linearizable > tries / 10 && linearizable < tries - tries / 10,
        "{linearizable} of {tries} are linearizable: the samples are too much alike"
    );
    tally.figure(format!(
        "{linearizable} of {tries} histories were linearizable"
    ));
    tally
}

/// Whether one of those that nothing precedes can be the first, and the others follow.
fn is_some_order_right(state: State, left: &mut Vec<&Operation>) -> bool {
    if left.is_empty() {
        return true;
    }
    (0..left.len()).any(|i| {
        let first = left.swap_remove(i);
        let is_preceded = left.iter().any(|other| other.end < first.start);
        let next = first.act.next(&state).filter(|_| !is_preceded);
        let is_right = next.is_some_and(|next| is_some_order_right(next, left));
        left.push(first);
        let last = left.len() - 1;
        left.swap(i, last);
        is_right
    })
}

/// Operations at random times with the answers of one order, and in most of them one answer or time of another.
fn chance(dice: &mut Dice) -> Vec<Operation> {
    let mut state = State::new();
    let mut history = Vec::new();
    for instant in 0..OPERATIONS {
        let (past, future) = (dice.roll(15), dice.roll(15));
        let act = match dice.roll(2) {
            0 => {
                let change = a_change(dice);
                let (next, outcome) = state.after(change);
                state = next;
                Act::Changed(change, outcome)
            }
            _ => {
                let question = a_question(dice);
                Act::Asked(vec![(question, state.verdict(question))])
            }
        };
        history.push(Operation {
            start: Duration::from_millis((instant * 10).saturating_sub(past)),
            end: Duration::from_millis(instant * 10 + future),
            act,
        });
    }
    if dice.roll(4) > 0 {
        let (from, to) = (
            dice.roll(OPERATIONS) as usize,
            dice.roll(OPERATIONS) as usize,
        );
        let shift = Duration::from_millis(10 * OPERATIONS);
        match dice.roll(2) {
            // It was answered as another was.
            0 => history[from].act = history[to].act.clone(),
            // It came after all others.
            _ => history[from].start += shift,
        }
        history[from].end = history[from].end.max(history[from].start);
    }
    history
}

/// Among few tokens, so that what happens has to do with each other.
fn a_change(dice: &mut Dice) -> Change {
    let token = 4 + dice.roll(2) as usize;
    let grants = Grants::Zones(1 + dice.roll(3) as u8);
    match dice.roll(8) {
        0..=2 => Change::Issue(token, grants),
        3 => Change::Grant(token, grants),
        4 => Change::Revoke(token),
        5 => Change::DropZone(dice.roll(2) as u8),
        6 => Change::Promote(Rung::Read),
        _ => Change::EnableUser(dice.roll(2) == 0),
    }
}

fn a_question(dice: &mut Dice) -> Question {
    Question {
        token: 4 + dice.roll(2) as usize,
        scope: None,
        place: Place::Zone(dice.roll(2) as u8),
    }
}

/// A revoke from 10 to 20, and a question that is answered as if it had not been, at these times.
fn revoke_and_ask(start: u64, end: u64) -> Vec<Operation> {
    let at = |start: u64, end: u64, act| Operation {
        start: Duration::from_millis(start),
        end: Duration::from_millis(end),
        act,
    };
    let free = CASTING.iter().position(|role| role.kind == Kind::Free);
    let token = free.expect("there is one");
    let question = Question {
        token,
        scope: None,
        place: Place::Nowhere,
    };
    let valid = Verdict {
        code: Code::Valid,
        scope: Some(Scope::Rung(Rung::Read)),
        zone: None,
    };
    vec![
        at(
            0,
            5,
            Act::Changed(Change::Issue(token, Grants::Whole), Outcome::Done),
        ),
        at(10, 20, Act::Changed(Change::Revoke(token), Outcome::Done)),
        at(start, end, Act::Asked(vec![(question, valid)])),
    ]
}

fn stale_after_revoke() -> (Vec<Operation>, bool) {
    (revoke_and_ask(21, 22), false)
}

fn seen_before_revoke_returned() -> (Vec<Operation>, bool) {
    (revoke_and_ask(11, 22), true)
}
