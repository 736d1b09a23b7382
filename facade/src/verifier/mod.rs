//! The engine: questions about tokens, answered by the database over a few connections of their own.
//!
//! Whatever waits when a connection becomes free goes to the database as one call of
//! `verify_digests`; a question that finds a connection free waits for nothing. No answer is kept.
//!
//! *Invariant*: a question gets one answer or one error within its time, whatever the database and
//! its neighbours in the batch do; and an answer is that of a snapshot taken after it was asked.
mod batch;
mod connection;
mod link;
mod question;
mod queue;
mod verdict;

pub use question::{Presented, Question};
pub use verdict::Verdict;

use crate::address::Address;
use crate::metrics::Metrics;
use queue::Queue;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

/// How the engine works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Connections, each with one call in flight.
    pub connections: usize,
    /// Questions in one call; 1 switches folding off.
    pub batch_max: usize,
    /// Questions that may wait; the next is refused at once.
    pub queue_max: usize,
    /// From asking to the answer, whatever happens in between.
    pub timeout: Duration,
}

impl Settings {
    /// How long a call may take before its connection is given up: half of a question's time, so
    /// that the other half is left for another connection.
    fn call_timeout(self) -> Duration {
        self.timeout / 2
    }
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unanswered {
    /// The database did not answer in time, or said that it cannot. Why is in the log.
    #[error("the database gave no verdict")]
    Unavailable,
    /// More questions wait than may.
    #[error("too many questions are waiting")]
    Busy,
}

/// Asks the database, once it is started.
pub struct Verifier {
    address: Arc<Address>,
    settings: Settings,
    queue: Arc<Queue>,
    metrics: Metrics,
}

impl Verifier {
    /// An engine at rest.
    pub fn new(address: Address, settings: Settings, metrics: Metrics) -> Verifier {
        Verifier {
            address: Arc::new(address),
            settings,
            queue: Arc::new(Queue::new(settings, metrics.clone())),
            metrics,
        }
    }

    /// Starts the connections, each a task of the current runtime that lives as long as it.
    pub fn start(&self) {
        for _ in 0..self.settings.connections {
            tokio::spawn(connection::keep(
                self.address.clone(),
                self.queue.clone(),
                self.metrics.clone(),
                self.settings,
            ));
        }
    }

    /// The verdict on one question.
    pub async fn ask(&self, question: Question) -> Result<Verdict, Unanswered> {
        let verdict = match question.presented {
            Presented::Malformed => Verdict::malformed(),
            Presented::Digest(_) => {
                let reply = self.queue.push(question)?;
                let answer = timeout(self.settings.timeout, reply).await;
                answer
                    .map_err(|_| Unanswered::Unavailable)?
                    .map_err(|_| Unanswered::Unavailable)??
            }
        };
        self.metrics.count_verdict(verdict.code());
        Ok(verdict)
    }

    /// The verdicts on many questions, in their order; one without an answer leaves all without.
    pub async fn ask_all(&self, questions: Vec<Question>) -> Result<Vec<Verdict>, Unanswered> {
        let waiting = questions
            .into_iter()
            .map(|question| match question.presented {
                Presented::Malformed => Ok(None),
                Presented::Digest(_) => self.queue.push(question).map(Some),
            });
        let waiting = waiting.collect::<Result<Vec<_>, Unanswered>>()?;
        let answers = timeout(self.settings.timeout, async {
            let mut verdicts = Vec::with_capacity(waiting.len());
            for reply in waiting {
                verdicts.push(match reply {
                    None => Verdict::malformed(),
                    Some(reply) => reply.await.map_err(|_| Unanswered::Unavailable)??,
                });
            }
            Ok(verdicts)
        });
        let verdicts = answers.await.map_err(|_| Unanswered::Unavailable)??;
        for verdict in &verdicts {
            self.metrics.count_verdict(verdict.code());
        }
        Ok(verdicts)
    }
}
