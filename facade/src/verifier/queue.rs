//! Questions that wait for a connection.
use super::verdict::Verdict;
use super::{Question, Settings, Unanswered};
use crate::metrics::Metrics;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

/// So many waiting are worth a call beside the one in flight, and so long a wait for its end.
const CROWD: usize = 32;
const PATIENCE: Duration = Duration::from_millis(2);

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

/// What a connection finds.
enum Taken {
    /// Questions for it.
    Batch(Vec<Pending>),
    /// None.
    Nothing,
    /// Questions for the connection whose call is in flight.
    Held,
}

struct State {
    waiting: VecDeque<Pending>,
    connected: usize,
    /// Connections with a call in flight.
    busy: usize,
    /// Since when no connection is open.
    down_since: Instant,
}

impl Queue {
    pub(super) fn new(settings: Settings, metrics: Metrics) -> Queue {
        Queue {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                connected: 0,
                busy: 0,
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
        let is_needed = {
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
            // The first starts the clock of patience; those between it and a crowd change nothing.
            let waiting = state.waiting.len();
            state.busy == 0 || waiting == 1 || waiting >= self.crowd()
        };
        if is_needed {
            self.arrived.notify_one();
        }
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

    /// What is waiting, up to a batch; waits until there is something. [`Queue::done`] follows.
    ///
    /// While another connection has a call in flight, what waits is left to it: a call for many costs
    /// little more than a call for one. Unless they are a crowd, or that call takes long.
    pub(super) async fn next(&self) -> Vec<Pending> {
        let mut is_overdue = false;
        loop {
            match self.take(is_overdue) {
                Taken::Batch(batch) => return batch,
                Taken::Nothing => {
                    self.arrived.notified().await;
                    is_overdue = false;
                }
                Taken::Held => {
                    is_overdue = timeout(PATIENCE, self.arrived.notified()).await.is_err();
                }
            }
        }
    }

    /// A call has ended, however it did.
    pub(super) fn done(&self) {
        self.lock().busy -= 1;
    }

    /// So many waiting are worth a call beside the one in flight.
    fn crowd(&self) -> usize {
        CROWD.min(self.settings.batch_max)
    }

    /// The longest run of questions that one call can answer. Questions nobody waits for are dropped here.
    fn take(&self, is_overdue: bool) -> Taken {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            return Taken::Nothing;
        }
        if state.busy > 0 && !is_overdue && state.waiting.len() < self.crowd() {
            return Taken::Held;
        }
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
        if !batch.is_empty() {
            state.busy += 1;
        }
        drop(state);
        // Each question wakes one connection, but one that takes many swallows their wake-ups.
        if more {
            self.arrived.notify_one();
        }
        if batch.is_empty() {
            return Taken::Nothing;
        }
        Taken::Batch(batch)
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
