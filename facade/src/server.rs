//! Accepting connections, and letting them finish.
use crate::app::App;
use crate::routes::{self, Port};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
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
    let most = app.config.limits.connections;
    check_descriptors(most);
    let free = Arc::new(Semaphore::new(most));
    let (drain, draining) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        let (accepted, port) = tokio::select! {
            accepted = accept(&ports.public, &free) => (accepted, Port::Public),
            accepted = accept_if(ports.admin.as_ref(), &free) => (accepted, Port::Admin),
            () = &mut shutdown => break,
        };
        tokio::spawn(serve(accepted, port, draining.clone(), app.clone()));
    }
    drop(ports);
    drop(drain);
    info!("draining");
    let patience = app.config.limits.drain;
    match timeout(patience, free.acquire_many(most as u32)).await {
        Ok(_) => info!("stopped"),
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

/// Serves one connection to its end; when `draining` closes, to the end of its request.
async fn serve(accepted: Accepted, port: Port, mut draining: watch::Receiver<()>, app: Arc<App>) {
    let Accepted {
        stream,
        peer,
        permit: _permit,
    } = accepted;
    // Small answers leave at once.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "connection ended early");
        return;
    }
    let idle = app.config.limits.idle;
    let is_http1 = tokio::select! {
        is_http1 = timeout(idle, begins_as_http1(&stream)) => is_http1,
        _ = draining.changed() => return,
    };
    let Ok(Ok(is_http1)) = is_http1 else {
        debug!("connection ended without a request");
        return;
    };
    let service = service_fn(move |request| {
        let app = app.clone();
        // In a box of its own for each request: hyper reserves the place for as long as the connection lives.
        Box::pin(async move {
            Ok::<_, Infallible>(routes::answer(&app, port, peer.ip(), request).await)
        })
    });
    let protocols = protocols(idle);
    let protocols = if is_http1 {
        protocols.http1_only()
    } else {
        protocols
    };
    let mut connection = pin!(protocols.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = draining.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended early");
    }
}

/// Waits for the first bytes, and leaves them where they are. What begins like the preface of HTTP/2 may be either:
/// hyper reads those into its buffer, which costs a connection 4 kB for as long as it lives.
async fn begins_as_http1(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; 3];
    let length = stream.peek(&mut first).await?;
    Ok(length > 0 && !b"PRI".starts_with(&first[..length]))
}

/// HTTP/1.1 and, with prior knowledge, HTTP/2.
fn protocols(idle: Duration) -> Builder<TokioExecutor> {
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
    builder
}
