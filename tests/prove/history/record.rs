//! What happened, as those saw it who did it.
use super::model::State;
use super::terms::{Change, Outcome, Question, Verdict};
use std::time::Duration;

/// One operation. When it took effect is not known, only that it was between its two times.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Before it was sent, on a clock that all clients share.
    pub start: Duration,
    /// After it was answered.
    pub end: Duration,
    pub act: Act,
}

/// What was asked for and what came back.
#[derive(Clone, Debug)]
pub enum Act {
    /// Questions that were answered by one statement, and so by one snapshot.
    Asked(Vec<(Question, Verdict)>),
    Changed(Change, Outcome),
}

impl Act {
    /// The state after this, if it is what comes of it in that state; none if not.
    pub fn next(&self, state: &State) -> Option<State> {
        match self {
            Act::Asked(answers) => answers
                .iter()
                .all(|(question, verdict)| state.verdict(*question) == *verdict)
                .then_some(*state),
            Act::Changed(change, outcome) => {
                let (next, expected) = state.after(*change);
                (expected == *outcome).then_some(next)
            }
        }
    }

    /// Whether no state is another after it.
    pub fn only_looks(&self) -> bool {
        !matches!(self, Act::Changed(_, Outcome::Done))
    }

    /// How many questions or changes it is.
    pub fn count(&self) -> usize {
        match self {
            Act::Asked(answers) => answers.len(),
            Act::Changed(..) => 1,
        }
    }
}
