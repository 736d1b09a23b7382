//! The routes.
//!
//! | route | caller | answer |
//! |---|---|---|
//! | `GET /healthz` | anyone | 200: the process is up |
//! | `GET /readyz` | anyone | 200: the database verifies tokens; 503 while it does not |
//! | `GET /openapi.json`, `/docs` | anyone | the contract of these routes, for programs and for people |
//! | `GET /.well-known/oauth-authorization-server` | anyone | RFC 8414 |
//! | `GET /metrics` | anyone | counters and histograms for Prometheus |
//! | any method, `/v1/forward-auth`, `/v1/forward-auth/{policy}/…` | gateway | 200 and who it is, 401, or 403 |
//! | `POST /v1/verify`, `/v1/verify/batch` | verifier, admin | 200 and the verdict, whatever it is |
//! | `POST /v1/introspect` | verifier, admin | RFC 7662 |
//! | `POST /v1/revocation` | anyone | RFC 7009 |
//! | `GET /v1/token` | anyone | what the token is |
//! | `POST /v1/tokens` | admin, user | 201 with the secret; 200 without it where `Idempotency-Key` was used before |
//! | `GET /v1/tokens` | admin, user | a page of tokens |
//! | `GET`, `PATCH`, `DELETE /v1/tokens/{id}` | admin, user | the token; changed; revoked |
//! | `POST /v1/tokens/{id}/revoke` | admin, user | the token, revoked, with a reason |
//! | `POST /v1/tokens/{id}/rotate` | admin, user | 201 with the successor's secret |
//! | `PUT /v1/tokens/{id}/grants` | admin, user | what the token may act on now |
//! | `GET /v1/tokens/{id}/usage` | admin, user | use by hour or day |
//! | `POST /v1/tokens/revoke` | admin, user | ids of what was revoked; `dry_run` only says them |
//! | `POST /v1/tokens/find` | admin, user | whose is this? |
//! | `GET /v1/users`, `/v1/workspaces`, `/v1/workspaces/{id}/targets` | admin, user | the directory |
//! | `GET /v1/scopes`, `/v1/permissions` | admin, user | the vocabulary |
//! | `GET /v1/events`, `/v1/stats` | admin, user | the audit log; counts |
//! | `GET /v1/verdicts` | admin | verifications by reason and hour |
//! | `POST`, `GET`, `DELETE /v1/session` | page | signs in, says who is signed in, signs out |
//! | `GET /admin/…` | anyone | the files of the page |
//!
//! Anything else is a problem: 404, or 405 where only the method is wrong. Management is 404 on the
//! public port where it has a port of its own, and where no management database is configured
//! (`verify_only`).
use crate::app::App;
use crate::cors;
use crate::manage::{
    bulk, directory, events, find, grants, issue, revoke, rotate, session, stats, tokens, update,
    usage, verdicts, vocabulary,
};
use crate::problem::Problem;
use crate::reference::{docs, metadata, openapi};
use crate::request::{REQUEST_ID, Request};
use crate::response::{self, Response};
use crate::{admin, measures, verify};
use http_body_util::Full;
use hyper::Method;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use pgtoken_format::{Shape, classify};
use std::net::IpAddr;
use std::time::Instant;
use tracing::{Level, enabled, info, warn};

/// What a port offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Verification, and the rest too unless there is a port for it.
    Public,
    /// Everything.
    Admin,
}

const FORWARD_AUTH: &str = "/v1/forward-auth";

/// The routes as measures are labelled, those that begin with others first; a path is the client's,
/// and no label.
const LABELS: [&str; 22] = [
    FORWARD_AUTH,
    "/v1/verify/batch",
    "/v1/verify",
    "/v1/introspect",
    "/v1/revocation",
    "/v1/tokens",
    "/v1/token",
    "/v1/session",
    "/v1/users",
    "/v1/workspaces",
    "/v1/scopes",
    "/v1/permissions",
    "/v1/events",
    "/v1/stats",
    "/v1/verdicts",
    "/admin",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/.well-known/oauth-authorization-server",
];

/// Answers one request.
pub async fn answer(
    app: &App,
    port: Port,
    peer: IpAddr,
    request: hyper::Request<Incoming>,
) -> Response {
    let start = Instant::now();
    let request = Request::new(app, peer, request);
    let (id, method) = (request.id.clone(), request.method().clone());
    let label = label(request.path());
    // The gateway logs its requests itself, and to write a line costs as much as to verify.
    let is_logged = label != FORWARD_AUTH || enabled!(Level::DEBUG);
    let path = is_logged.then(|| without_tokens(request.path()));
    let origin = cors::allowed_origin(&app.config.cors_origins, &request);
    let answered = if cors::is_preflight(&app.config.cors_origins, &request) {
        Ok(cors::preflight())
    } else {
        route(app, port, request).await
    };
    let mut response = answered.unwrap_or_else(|problem| problem.into_response(&id));
    if !app.config.cors_origins.is_empty() {
        cors::allow(origin, &mut response);
    }
    if method == Method::HEAD {
        without_body(&mut response);
    }
    let status = response.status().as_u16();
    app.metrics.observe_request(label, status, start.elapsed());
    if let Some(path) = path {
        let request_id = id.to_str().unwrap_or_default();
        info!(request_id, %method, path, status, "answered");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A path for the log: whoever puts a token into a URL finds it in other logs, and not in this one.
fn without_tokens(path: &str) -> String {
    let segments = path.split('/');
    let segments = segments.map(|segment| match classify(segment.as_bytes()) {
        Shape::Foreign => segment,
        Shape::Own | Shape::Malformed => "(token)",
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The first label that the path begins with.
fn label(path: &str) -> &'static str {
    let found = LABELS.iter().find(|label| {
        let rest = path.strip_prefix(**label);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    found.copied().unwrap_or("other")
}

/// The path between slashes; longer ones than any route are cut, and fit none.
fn segments(path: &str) -> ([&str; 6], usize) {
    let mut segments = [""; 6];
    let mut count = 0;
    for (place, segment) in segments.iter_mut().zip(path.split('/').skip(1)) {
        *place = segment;
        count += 1;
    }
    (segments, count)
}

async fn route(app: &App, port: Port, request: Request) -> Result<Response, Problem> {
    let uri = request.uri().clone();
    let path = &uri.path()[uri.path().len() - request.path().len()..];
    let (segments, count) = segments(path);
    let segments = &segments[..count];
    match (request.method().as_str(), segments) {
        ("GET" | "HEAD", ["healthz"]) => Ok(response::text("up\n")),
        ("GET" | "HEAD", ["readyz"]) => ready(app).await,
        ("GET" | "HEAD", ["openapi.json"]) => Ok(openapi::answer(app)),
        ("GET" | "HEAD", ["docs"]) => Ok(docs::page()),
        ("GET" | "HEAD", ["docs", ""]) => Ok(docs::without_slash(app)),
        ("GET" | "HEAD", ["docs", name]) => docs::file(name),
        ("GET" | "HEAD", [".well-known", "oauth-authorization-server"]) => {
            metadata::answer(app, &request)
        }
        (
            _,
            ["healthz" | "readyz" | "openapi.json" | "docs"]
            | ["docs", _]
            | [".well-known", "oauth-authorization-server"],
        ) => Err(Problem::method_not_allowed("GET, HEAD")),

        // The others in boxes: a connection reserves what the largest answer takes that has none.
        (_, ["v1", "forward-auth", ..]) => verify::forward_auth::answer(app, request).await,
        ("POST", ["v1", "verify"]) => Box::pin(verify::single::answer(app, request)).await,
        ("POST", ["v1", "verify", "batch"]) => Box::pin(verify::batch::answer(app, request)).await,
        ("POST", ["v1", "introspect"]) => Box::pin(verify::introspect::answer(app, request)).await,
        ("POST", ["v1", "revocation"]) => Box::pin(verify::revocation::answer(app, request)).await,
        (_, ["v1", "verify"] | ["v1", "verify", "batch"] | ["v1", "introspect" | "revocation"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        ("GET" | "HEAD", ["v1", "token"]) => {
            Box::pin(verify::own_token::answer(app, request)).await
        }
        (_, ["v1", "token"]) => Err(Problem::method_not_allowed("GET, HEAD")),

        _ if port == Port::Public && app.config.admin_listen.is_some() => Err(Problem::not_found()),
        ("GET" | "HEAD", ["metrics"]) => measures::answer(app).await,
        (_, ["metrics"]) => Err(Problem::method_not_allowed("GET, HEAD")),
        // In a box, so that a connection that only verifies does not reserve what these take.
        _ => Box::pin(manage(app, request, segments)).await,
    }
}

async fn manage(app: &App, request: Request, segments: &[&str]) -> Result<Response, Problem> {
    match (request.method().as_str(), segments) {
        ("POST", ["v1", "tokens"]) => issue::answer(app, request).await,
        ("GET" | "HEAD", ["v1", "tokens"]) => tokens::list(app, request).await,
        (_, ["v1", "tokens"]) => Err(Problem::method_not_allowed("GET, HEAD, POST")),

        ("POST", ["v1", "tokens", "revoke"]) => bulk::answer(app, request).await,
        ("POST", ["v1", "tokens", "find"]) => find::answer(app, request).await,
        (_, ["v1", "tokens", "revoke" | "find"]) => Err(Problem::method_not_allowed("POST")),

        ("GET" | "HEAD", ["v1", "tokens", id]) => tokens::show(app, request, id).await,
        ("PATCH", ["v1", "tokens", id]) => update::answer(app, request, id).await,
        ("DELETE", ["v1", "tokens", id]) => revoke::answer(app, request, id).await,
        (_, ["v1", "tokens", _]) => Err(Problem::method_not_allowed("GET, HEAD, PATCH, DELETE")),

        ("POST", ["v1", "tokens", id, "revoke"]) => revoke::answer(app, request, id).await,
        ("POST", ["v1", "tokens", id, "rotate"]) => rotate::answer(app, request, id).await,
        (_, ["v1", "tokens", _, "revoke" | "rotate"]) => Err(Problem::method_not_allowed("POST")),
        ("PUT", ["v1", "tokens", id, "grants"]) => grants::answer(app, request, id).await,
        (_, ["v1", "tokens", _, "grants"]) => Err(Problem::method_not_allowed("PUT")),
        ("GET" | "HEAD", ["v1", "tokens", id, "usage"]) => usage::answer(app, request, id).await,
        (_, ["v1", "tokens", _, "usage"]) => Err(Problem::method_not_allowed("GET, HEAD")),

        ("GET" | "HEAD", ["v1", "users"]) => directory::users(app, request).await,
        ("GET" | "HEAD", ["v1", "workspaces"]) => directory::workspaces(app, request).await,
        ("GET" | "HEAD", ["v1", "workspaces", id, "targets"]) => {
            directory::targets(app, request, id).await
        }
        ("GET" | "HEAD", ["v1", "scopes"]) => vocabulary::scopes(app, request).await,
        ("GET" | "HEAD", ["v1", "permissions"]) => vocabulary::permissions(app, request).await,
        ("GET" | "HEAD", ["v1", "events"]) => events::answer(app, request).await,
        ("GET" | "HEAD", ["v1", "stats"]) => stats::answer(app, request).await,
        ("GET" | "HEAD", ["v1", "verdicts"]) => verdicts::answer(app, request).await,
        (
            _,
            [
                "v1",
                "users" | "workspaces" | "scopes" | "permissions" | "events" | "stats" | "verdicts",
            ],
        )
        | (_, ["v1", "workspaces", _, "targets"]) => Err(Problem::method_not_allowed("GET, HEAD")),

        ("POST", ["v1", "session"]) => session::start(app, request).await,
        ("GET" | "HEAD", ["v1", "session"]) => session::show(app, request).await,
        ("DELETE", ["v1", "session"]) => session::end(app, request).await,
        (_, ["v1", "session"]) => Err(Problem::method_not_allowed("GET, HEAD, POST, DELETE")),

        ("GET" | "HEAD", ["admin", ..]) => admin::answer(app, &request),
        (_, ["admin", ..]) => Err(Problem::method_not_allowed("GET, HEAD")),

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

/// What GET would answer, without its body.
fn without_body(response: &mut Response) {
    let length = response.body().size_hint().exact().unwrap_or_default();
    *response.body_mut() = Full::default();
    let length = HeaderValue::from(length);
    response.headers_mut().insert(CONTENT_LENGTH, length);
}
