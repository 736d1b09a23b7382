//! When to stop: SIGTERM from a supervisor, SIGINT from a terminal.
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Starts listening for the signals, and returns what completes when one arrives.
pub fn requested() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
