//! Accepting connections, and letting them finish.
use crate::database::Database;
use crate::routes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

/// Connections served at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests may take to finish once the facade was asked to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `shutdown` completes, then closes the port and lets requests finish.
pub async fn run(
    listener: TcpListener,
    database: Database,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    info!("listening on http://{}", listener.local_addr()?);
    let connections = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            (stream, permit) = accept(&listener, &free) => {
                serve(stream, permit, &connections, database.clone());
            }
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    info!("draining");
    match timeout(DRAIN_TIMEOUT, connections.shutdown()).await {
        Ok(()) => info!("stopped"),
        Err(_) => warn!("stopped with requests unanswered after {DRAIN_TIMEOUT:?}"),
    }
    Ok(())
}

/// Accepts a connection once one more may be served; on failure (no free descriptor, as a rule) waits longer each time.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = free
        .clone()
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => warn!(%error, "cannot accept a connection"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn serve(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    connections: &GracefulShutdown,
    database: Database,
) {
    let service = service_fn(move |request| {
        let database = database.clone();
        async move { Ok::<_, Infallible>(routes::answer(request, database).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "connection ended early");
        }
        drop(permit);
    });
}
