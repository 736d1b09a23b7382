//! The routes.
//!
//! | route | answer |
//! |---|---|
//! | `GET /healthz` | 200: the process is up |
//! | `GET /readyz` | 200: the database verifies tokens; 503 while it does not |
//!
//! Anything else is a problem: 404, or 405 where only the method is wrong.
use crate::app::App;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use hyper::body::Incoming;
use std::net::IpAddr;
use tracing::{info, warn};

/// What a port offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Verification, and the rest too unless there is a port for it.
    Public,
    /// Everything.
    Admin,
}

/// Answers one request.
pub async fn answer(
    app: &App,
    port: Port,
    peer: IpAddr,
    request: hyper::Request<Incoming>,
) -> Response {
    if !request.uri().path().starts_with(&app.config.base_path) {
        return outside(request);
    }
    let request = Request::new(app, peer, request);
    let (id, method, path) = (
        request.id.clone(),
        request.method().clone(),
        request.path().to_owned(),
    );
    let response = match route(app, port, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(&id),
    };
    let request_id = id.to_str().unwrap_or_default();
    info!(request_id, %method, path, status = response.status().as_u16(), "answered");
    response
}

fn outside(_: hyper::Request<Incoming>) -> Response {
    Problem::not_found().into_response(&hyper::header::HeaderValue::from_static("none"))
}

async fn route(app: &App, _port: Port, request: Request) -> Result<Response, Problem> {
    let mut segments = [""; 6];
    let mut count = 0;
    for segment in request.path().split('/').skip(1) {
        if count == segments.len() {
            break;
        }
        segments[count] = segment;
        count += 1;
    }
    match (request.method().as_str(), &segments[..count]) {
        ("GET" | "HEAD", ["healthz"]) => Ok(response::text("up\n")),
        ("GET" | "HEAD", ["readyz"]) => ready(app).await,
        (_, ["healthz" | "readyz"]) => Err(Problem::method_not_allowed("GET, HEAD")),

        // F2: Box::pin is not needed for these three; they are the hot path.
        ("POST", ["v1", "verify"]) => Err(Problem::not_found()), // crate::verify::verify::answer(app, request)
        ("POST", ["v1", "verify", "batch"]) => Err(Problem::not_found()), // crate::verify::batch::answer
        (_, ["v1", "forward-auth", ..]) => Err(Problem::not_found()), // crate::verify::forward_auth::answer
        ("POST", ["v1", "introspect"]) => Err(Problem::not_found()), // crate::verify::introspect::answer
        ("POST", ["v1", "revocation"]) => Err(Problem::not_found()), // crate::verify::revocation::answer
        ("GET" | "HEAD", ["v1", "token"]) => Err(Problem::not_found()), // crate::verify::own_token::answer
        ("GET" | "HEAD", ["metrics"]) => Err(Problem::not_found()),     // crate::metrics::answer
        _ => Err(Problem::not_found()),
    }
}

async fn ready(app: &App) -> Result<Response, Problem> {
    match app.verification.ready().await {
        Ok(()) => Ok(response::text("ready\n")),
        Err(error) => {
            warn!(%error, "not ready");
            Err(Problem::unavailable())
        }
    }
}
