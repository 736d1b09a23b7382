//! The life of one connection: opened, used, lost, opened again.
use super::Settings;
use super::batch::Batch;
use super::link::{Link, LinkError};
use super::queue::Queue;
use crate::address::Address;
use crate::metrics::Metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tracing::{info, warn};

/// Between two attempts to connect, at first and at most. The greatest keeps the promise to be
/// healthy within five seconds of the database with time to spare.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Keeps one connection open for ever.
pub(super) async fn keep(
    address: Arc<Address>,
    queue: Arc<Queue>,
    metrics: Metrics,
    settings: Settings,
) {
    let mut pause = PAUSE;
    loop {
        match Link::open(&address, settings.timeout).await {
            Ok(mut link) => {
                info!("connected for verification");
                queue.connected();
                let mut answered = false;
                let error = serve(&mut link, &queue, &metrics, settings, &mut answered).await;
                queue.disconnected();
                metrics.count_database_error();
                warn!(%error, "a connection for verification is lost");
                if answered {
                    pause = PAUSE;
                }
            }
            Err(error) => {
                metrics.count_database_error();
                warn!(%error, "cannot connect for verification");
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Answers batch after batch, until the connection fails.
async fn serve(
    link: &mut Link,
    queue: &Queue,
    metrics: &Metrics,
    settings: Settings,
    answered: &mut bool,
) -> LinkError {
    loop {
        let questions = tokio::select! {
            biased;
            questions = queue.next() => questions,
            error = link.closed() => return error,
        };
        let mut batch = Batch::new(questions);
        metrics.observe_batch(batch.len());
        match link.ask(&mut batch, settings.call_timeout()).await {
            Ok(()) => *answered = true,
            Err(error) => {
                // A rate may be taken twice here, if the answer was lost and not the question:
                // the safe side.
                queue.put_back(batch.into_retry().into_iter());
                return error;
            }
        }
    }
}
