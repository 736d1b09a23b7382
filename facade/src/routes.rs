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
use crate::{measures, verify};
use hyper::body::Incoming;
use std::net::IpAddr;
use std::time::Instant;
use tracing::{Level, debug, enabled, info, warn};

/// What a port offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Verification, and the rest too unless there is a port for it.
    Public,
    /// Everything.
    Admin,
}

const FORWARD_AUTH: &str = "/v1/forward-auth";

/// The routes as measures are labelled; a path is the client's, and no label.
const LABELS: [&str; 11] = [
    "/v1/verify/batch",
    "/v1/verify",
    FORWARD_AUTH,
    "/v1/introspect",
    "/v1/revocation",
    "/v1/tokens",
    "/v1/token",
    "/v1/session",
    "/healthz",
    "/readyz",
    "/metrics",
];

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
    let start = Instant::now();
    let request = Request::new(app, peer, request);
    let (id, method) = (request.id.clone(), request.method().clone());
    let label = label(request.path());
    // A gateway's answer is logged by the gateway, and to write a line costs as much as to verify.
    let path = (label != FORWARD_AUTH || enabled!(Level::DEBUG)).then(|| request.path().to_owned());
    let response = match route(app, port, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(&id),
    };
    let status = response.status().as_u16();
    app.metrics.observe_request(label, status, start.elapsed());
    let request_id = id.to_str().unwrap_or_default();
    match path {
        Some(path) if label != FORWARD_AUTH => info!(request_id, %method, path, status, "answered"),
        path => debug!(request_id, %method, path, status, "answered"),
    }
    response
}

fn outside(_: hyper::Request<Incoming>) -> Response {
    Problem::not_found().into_response(&hyper::header::HeaderValue::from_static("none"))
}

/// The first label that the path begins with.
fn label(path: &str) -> &'static str {
    let found = LABELS.iter().find(|label| {
        let rest = path.strip_prefix(**label);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    found.copied().unwrap_or("other")
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

        ("POST", ["v1", "verify"]) => verify::verify::answer(app, request).await,
        ("POST", ["v1", "verify", "batch"]) => verify::batch::answer(app, request).await,
        (_, ["v1", "forward-auth", ..]) => verify::forward_auth::answer(app, request).await,
        ("POST", ["v1", "introspect"]) => verify::introspect::answer(app, request).await,
        ("POST", ["v1", "revocation"]) => verify::revocation::answer(app, request).await,
        ("GET" | "HEAD", ["v1", "token"]) => verify::own_token::answer(app, request).await,
        ("GET" | "HEAD", ["metrics"]) => measures::answer(app).await,
        (_, ["v1", "verify"] | ["v1", "verify", "batch"] | ["v1", "introspect" | "revocation"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "token"] | ["metrics"]) => Err(Problem::method_not_allowed("GET, HEAD")),
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
