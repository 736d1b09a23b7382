//! Accepting connections, and letting them finish.
use crate::app::App;
use crate::routes::{self, Port};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

/// The largest head of a request, and the buffer that a connection may hold.
const MAX_HEAD: usize = 16 * 1024;

/// Files and connections beside those to clients.
const OTHER_DESCRIPTORS: u64 = 128;

/// Streams of one HTTP/2 connection at a time.
const MAX_STREAMS: u32 = 128;

/// The ports that were opened.
pub struct Ports {
    /// For everybody.
    pub public: TcpListener,
    /// For management, if that has a port of its own.
    pub admin: Option<TcpListener>,
}

/// Serves until `shutdown` completes, then closes the ports and lets requests finish.
pub async fn run(
    ports: Ports,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    info!("listening on http://{}", ports.public.local_addr()?);
    if let Some(admin) = &ports.admin {
        info!("managing on http://{}", admin.local_addr()?);
    }
    check_descriptors(app.config.limits.connections);
    let connections = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(app.config.limits.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        let (accepted, port) = tokio::select! {
            accepted = accept(&ports.public, &free) => (accepted, Port::Public),
            accepted = accept_if(ports.admin.as_ref(), &free) => (accepted, Port::Admin),
            () = &mut shutdown => break,
        };
        serve(accepted, port, &connections, app.clone());
    }
    drop(ports);
    info!("draining");
    let patience = app.config.limits.drain;
    match timeout(patience, connections.shutdown()).await {
        Ok(()) => info!("stopped"),
        Err(_) => warn!("stopped with requests unanswered after {patience:?}"),
    }
    Ok(())
}

/// Takes as many file descriptors as the system gives: the usual soft limit, 1024, is for programs that use `select`.
fn check_descriptors(connections: usize) {
    let wanted = connections as u64 + OTHER_DESCRIPTORS;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(most) if most < wanted => warn!(
            "the system allows {most} open files, fewer than PGTOKEN_MAX_CONNECTIONS needs: more connections wait"
        ),
        Ok(_) => {}
        Err(error) => warn!(%error, "cannot raise the limit of open files"),
    }
}

/// A connection that may be served.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
}

async fn accept_if(listener: Option<&TcpListener>, free: &Arc<Semaphore>) -> Accepted {
    match listener {
        Some(listener) => accept(listener, free).await,
        None => std::future::pending().await,
    }
}

/// Accepts a connection once one more may be served; on failure (no free descriptor, as a rule) waits longer each time.
async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> Accepted {
    let permit = free
        .clone()
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let mut pause = Duration::from_millis(10);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                return Accepted {
                    stream,
                    peer,
                    permit,
                };
            }
            Err(error) => warn!(%error, "cannot accept a connection"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn serve(accepted: Accepted, port: Port, connections: &GracefulShutdown, app: Arc<App>) {
    let peer = accepted.peer.ip();
    let idle = app.config.limits.idle;
    // Small answers leave at once.
    if let Err(error) = accepted.stream.set_nodelay(true) {
        debug!(%error, "connection ended early");
        return;
    }
    let service = service_fn(move |request| {
        let app = app.clone();
        // In a box of its own for each request: hyper reserves the place for as long as the connection lives.
        Box::pin(
            async move { Ok::<_, Infallible>(routes::answer(&app, port, peer, request).await) },
        )
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD as u32)
        .keep_alive_interval(idle)
        .keep_alive_timeout(Duration::from_secs(10));
    let connection = builder
        .serve_connection(TokioIo::new(accepted.stream), service)
        .into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "connection ended early");
        }
        drop(accepted.permit);
    });
}
