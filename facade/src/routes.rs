//! The routes.
//!
//! | route | answer |
//! |---|---|
//! | `GET /healthz` | 200: the process is up |
//! | `GET /readyz` | 200: the database verifies tokens; 503 while it does not |
//!
//! Anything else is a problem: 404, or 405 where only the method is wrong.
use crate::database::Database;
use crate::problem::Problem;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use tracing::{info, warn};
use uuid::Uuid;

/// Answers one request.
pub async fn answer(request: Request<Incoming>, database: Database) -> Response<Full<Bytes>> {
    let request_id = Uuid::now_v7();
    let (method, path) = (request.method(), request.uri().path());
    let response = match route(method, path, &database).await {
        Ok(text) => plain(text),
        Err(problem) => problem.into_response(request_id),
    };
    info!(%request_id, %method, path, status = response.status().as_u16(), "answered");
    response
}

async fn route(method: &Method, path: &str, database: &Database) -> Result<&'static str, Problem> {
    match (method, path) {
        (&Method::GET | &Method::HEAD, "/healthz") => Ok("up\n"),
        (&Method::GET | &Method::HEAD, "/readyz") => ready(database).await,
        (_, "/healthz" | "/readyz") => Err(Problem::method_not_allowed("GET, HEAD")),
        _ => Err(Problem::not_found()),
    }
}

async fn ready(database: &Database) -> Result<&'static str, Problem> {
    match database.ready().await {
        Ok(()) => Ok("ready\n"),
        Err(error) => {
            warn!(%error, "not ready");
            Err(Problem::unavailable())
        }
    }
}

fn plain(text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
