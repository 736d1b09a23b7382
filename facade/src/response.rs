//! Answers, one constructor each.
use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;

/// What every handler returns.
pub type Response = hyper::Response<Full<Bytes>>;

/// 200 with JSON that nobody may keep: it is about tokens.
pub fn json(body: impl Into<Bytes>) -> Response {
    typed(body, "application/json")
}

/// 200 with a value as JSON.
pub fn json_of(value: &impl Serialize) -> Response {
    json(serde_json::to_vec(value).expect("our own values are JSON"))
}

/// 200 with plain text.
pub fn text(body: impl Into<Bytes>) -> Response {
    typed(body, "text/plain; charset=utf-8")
}

/// 200 with a body of some type.
pub fn typed(body: impl Into<Bytes>, content_type: &'static str) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A status without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
