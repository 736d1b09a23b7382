//! Questions that wait for a connection.
use super::verdict::Verdict;
use super::{Question, Settings, Unanswered};
use crate::metrics::Metrics;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{Notify, oneshot};

/// Where an answer goes.
pub(super) type Reply = oneshot::Sender<Result<Verdict, Unanswered>>;

/// A question and who waits for its answer.
pub(super) struct Pending {
    pub(super) question: Question,
    pub(super) reply: Reply,
    /// Its first connection broke under it; there is no third.
    pub(super) retried: bool,
}

/// First come, first served; bounded.
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    settings: Settings,
    metrics: Metrics,
}

struct State {
    waiting: VecDeque<Pending>,
    connected: usize,
    /// Since when no connection is open.
    down_since: Instant,
}

impl Queue {
    pub(super) fn new(settings: Settings, metrics: Metrics) -> Queue {
        Queue {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                connected: 0,
                down_since: Instant::now(),
            }),
            arrived: Notify::new(),
            settings,
            metrics,
        }
    }

    /// Takes a question, unless too many wait already or nobody will answer it in time: after an
    /// outage as long as a question's time, waiting would only fill the queue.
    pub(super) fn push(
        &self,
        question: Question,
    ) -> Result<oneshot::Receiver<Result<Verdict, Unanswered>>, Unanswered> {
        let (reply, receiver) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.connected == 0 && state.down_since.elapsed() > self.settings.timeout {
                return Err(Unanswered::Unavailable);
            }
            if state.waiting.len() >= self.settings.queue_max {
                return Err(Unanswered::Busy);
            }
            state.waiting.push_back(Pending {
                question,
                reply,
                retried: false,
            });
        }
        self.arrived.notify_one();
        Ok(receiver)
    }

    /// Puts questions back before all others.
    pub(super) fn put_back(&self, questions: impl DoubleEndedIterator<Item = Pending>) {
        let mut state = self.lock();
        for pending in questions.rev() {
            state.waiting.push_front(pending);
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// What is waiting, up to a batch; waits until there is something.
    pub(super) async fn next(&self) -> Vec<Pending> {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            self.arrived.notified().await;
        }
    }

    /// The longest run of questions that one call can answer. Questions nobody waits for are dropped here.
    fn take(&self) -> Vec<Pending> {
        let mut state = self.lock();
        let mut batch: Vec<Pending> = Vec::new();
        while batch.len() < self.settings.batch_max {
            let fits = match (state.waiting.front(), batch.first()) {
                (Some(next), Some(first)) => next.question.consume == first.question.consume,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !fits {
                break;
            }
            batch.extend(
                state
                    .waiting
                    .pop_front()
                    .filter(|pending| !pending.reply.is_closed()),
            );
        }
        let more = !state.waiting.is_empty();
        self.metrics.set_queue(state.waiting.len());
        drop(state);
        // Each question wakes one connection, but one that takes many swallows their wake-ups.
        if more {
            self.arrived.notify_one();
        }
        batch
    }

    /// A connection is open.
    pub(super) fn connected(&self) {
        let mut state = self.lock();
        state.connected += 1;
        self.metrics.set_connections(state.connected);
    }

    /// A connection is gone.
    pub(super) fn disconnected(&self) {
        let mut state = self.lock();
        state.connected -= 1;
        state.down_since = Instant::now();
        self.metrics.set_connections(state.connected);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics with the lock held; and questions are whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
